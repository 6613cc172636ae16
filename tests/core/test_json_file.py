"""JSON that was edited, damaged or torn: values, or one sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from prunekit.core.json_file import JsonError, checked, parse_object, read_json


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "line 1, column 1: Expecting value"),
        (b'{"a": 1', "line 1, column 8: Expecting ',' delimiter"),
        (b"\0\0\0", "line 1, column 1: Expecting value"),
        (b'{"a": "\xff"}', "it is no UTF-8 text at byte 7"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": [-Infinity]}', "-Infinity is no JSON number"),
        (b'{"a": 1e999}', "1e999 is no finite number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "9" * 80 + "... is a whole number of more than 64 bits"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "the key 'c' is there twice"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "its values are nested too deeply"),
        (b"[]", "it is no JSON object"),
        (b"5", "it is no JSON object"),
    ],
)
def test_what_no_run_writes(raw: bytes, said: str) -> None:
    with pytest.raises(JsonError) as caught:
        parse_object(raw)
    assert str(caught.value) == said


def test_only_a_broken_text_may_be_torn() -> None:
    for raw, torn in ((b'{"a": ', True), (b"\0", True), (b'{"a": NaN}', False), (b"[]", False)):
        with pytest.raises(JsonError) as caught:
            parse_object(raw)
        assert caught.value.torn is torn


def test_numbers_keep_their_kind() -> None:
    found = parse_object(b'{"a": 1, "b": 1.0, "c": 18446744073709551616, "d": -1e-300}')
    assert found == {"a": 1, "b": 1.0, "c": 2**64, "d": -1e-300} and type(found["b"]) is float


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "zeros").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)
    for name, said in (
        ("gone", "No such file"), (".", "Is a directory"), ("link", "No such file"),
        ("zeros", "it is no regular file"), ("pipe", "it is no regular file"), ("large", "it has more than"),
    ):  # fmt: skip
        with pytest.raises(JsonError, match=f"cannot be read: {said}"):
            read_json(tmp_path / name)


def test_a_value_of_another_kind_is_named_by_its_place() -> None:
    with pytest.raises(JsonError, match=r"^a\.1: Input should be a valid integer$"):
        checked(TypeAdapter(dict[str, list[int]]), {"a": [1, {}]})
    with pytest.raises(JsonError) as caught:
        checked(TypeAdapter(dict[str, int]), {"\x1b[31m" + "x" * 500: "y"})
    assert str(caught.value).isprintable() and len(str(caught.value)) < 200
