from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from prunekit.core.config.node import Node
from prunekit.core.config.problems import ConfigError, Findings
from prunekit.core.config.yaml_reader import MAX_BYTES, read_yaml


def parse(folder: Path, text: str | bytes) -> tuple[Node, list[str]]:
    file = folder / "a.yml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    findings = Findings()
    node = read_yaml(file, findings)
    return node, [str(found).replace(str(file), "a.yml") for found in findings.problems]


def fatal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(folder, text)
    return str(caught.value).replace(str(folder / "a.yml"), "a.yml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E6", 1e6),
        ("-.5", -0.5),
        ("3.", 3.0),
        ("-.inf", float("-inf")),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("-7", -7),
        ("True", True),
        ("TRUE", True),
        ("false", False),
        ("on", "on"),
        ("no", "no"),
        ("yes", "yes"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("~", None),
        ("null", None),
        ("", None),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
        ("=", "="),
        ("e3", "e3"),
        (".", "."),
    ],
)
def test_scalars_are_those_of_yaml_1_2(tmp_path: Path, text: str, value: Any) -> None:
    node, found = parse(tmp_path, f"x: {text}\n")
    assert not found
    assert node.to_python() == {"x": value}
    assert type(node.to_python()["x"]) is type(value)


def test_every_key_has_its_line_and_an_alias_that_where_it_stands(tmp_path: Path) -> None:
    text = "a: &a\n  b: 1\n  c: [x,\n    y]\nd:\n  e: *a\nf:\n  - *a\ng:\n  <<: *a\n  b: 2\n"
    node, _ = parse(tmp_path, text)
    lines = {each.dotted: each.line for each in node.walk()}
    assert lines == {
        "": 1, "a": 1, "a.b": 2, "a.c": 3, "a.c.0": 3, "a.c.1": 4,
        "d": 5, "d.e": 6, "d.e.b": 6, "d.e.c": 6, "d.e.c.0": 6, "d.e.c.1": 6,
        "f": 7, "f.0": 8, "f.0.b": 8, "f.0.c": 8, "f.0.c.0": 8, "f.0.c.1": 8,
        "g": 9, "g.b": 11, "g.c": 10, "g.c.0": 10, "g.c.1": 10,
    }  # fmt: skip
    assert node.to_python()["g"] == {"b": 2, "c": ["x", "y"]}


def test_duplicate_keys_name_both_lines_and_the_first_stays(tmp_path: Path) -> None:
    node, found = parse(tmp_path, "t:\n  lr: 1\n  lr: 2\n  3: a\n  3: b\n")
    assert found == [
        "a.yml:3  t.lr: duplicate key 'lr' (first at line 2)",
        "a.yml:5  t.3: duplicate key 3 (first at line 4)",
    ]
    assert node.to_python() == {"t": {"lr": 1, 3: "a"}}


def test_nothing_can_be_constructed(tmp_path: Path) -> None:
    _, found = parse(tmp_path, "a: !!python/object/apply:os.system [echo]\nb: !!python/name:os.system\n? [1]\n: x\n")
    assert found == [
        "a.yml:1  a: tag '!!python/object/apply:os.system' is not allowed",
        "a.yml:2  b: tag '!!python/name:os.system' is not allowed",
        "a.yml:3  a key must be text or a number",
    ]


def test_a_bad_explicit_scalar(tmp_path: Path) -> None:
    _, found = parse(tmp_path, "a: !!int x\nb: " + "9" * 5000 + "\n")
    assert found[0] == "a.yml:1  a: 'x' is not of type int"
    assert len(found) in (1, 2)  # Python 3.11 and later refuse to read so long a number


def test_what_ends_the_reading(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
    )
    assert re.fullmatch(
        r"a\.yml:\d  a[\d.]+: more than 20,000 values once aliases are written out", fatal(tmp_path, bomb)
    )
    assert fatal(tmp_path, "a: &a\n  b: *a\n") == "a.yml:2  a.b: an anchor contains itself"
    assert fatal(tmp_path, "x: 1\n" + "#" * MAX_BYTES) == "a.yml  the file is larger than 1,048,576 bytes"
    assert fatal(tmp_path, "a: " + "[" * 3 * sys.getrecursionlimit()) == "a.yml:1  blocks are nested too deeply"
    assert fatal(tmp_path, "a: 1\nb: \xff".encode("latin-1")) == "a.yml:2  the file is not UTF-8 text"
    assert fatal(tmp_path, "# nothing\n") == "a.yml:1  the file is empty"
    with pytest.raises(ConfigError, match=r"none\.yml  cannot be read: No such file or directory"):
        read_yaml(tmp_path / "none.yml", Findings())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", "a.yml:2  a '[' that is opened here is not closed by a ']', or a ',' is missing"),
        ("a: 1\nb: {c: 2\nd: 3\n", "a.yml:2  a '{' that is opened here is not closed by a '}', or a ',' is missing"),
        ("a:\n\tb: 1\n", "a.yml:2  a tab: indent with spaces"),
        ("a: *nowhere\n", "a.yml:1  no anchor &nowhere stands before this line"),
        (
            "a: 1\n b: 2\n",
            "a.yml:2  a ':' where none can be: the line above has no ': ', this line is indented deeper than its block,"
            " or a text with ': ' in it needs quotes",
        ),
        (
            "a:\n  b: 1\n c: 2\n",
            "a.yml:3  this line is indented differently from the others of its block, or a text that goes on here needs"
            " quotes",
        ),
        ("a:\n  b: 1\n  c 2\n  d: 3\n", "a.yml:3  this key has no ': ' behind it; write 'key: value'"),
        ("a: 'b\nc: 1\n", "a.yml:1  a quote that is opened here is never closed"),
        ("a: @b\n", "a.yml:1  a text that begins with `, @ or % needs quotes"),
        ("a: 1\n---\nb: 1\n", "a.yml:2  a second document begins here; a yml has one: remove the '---'"),
        ("a: 1\nb: \x07\n", "a.yml:2  special characters are not allowed (#x0007)"),
    ],
)
def test_syntax_errors_are_one_line_with_their_place(tmp_path: Path, text: str, line: str) -> None:
    assert fatal(tmp_path, text) == line
