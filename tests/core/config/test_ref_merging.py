from __future__ import annotations

from pathlib import Path

import pytest

from prunekit.core.config.node import Node
from prunekit.core.config.problems import ConfigError, Findings
from prunekit.core.config.ref_merging import resolve_refs
from prunekit.core.config.yaml_reader import read_yaml


def resolve(folder: Path, text: str) -> tuple[Node, list[str], set[object]]:
    file = folder / "a.yml"
    file.write_text(text)
    findings = Findings()
    node, used = resolve_refs(read_yaml(file, findings), findings)
    return node, [str(found).replace(str(file), "a.yml") for found in findings.problems], set(used)


def test_own_keys_win_and_inner_blocks_merge_unless_of_another_type(tmp_path: Path) -> None:
    text = """\
a:
  t: {type: T, epochs: 1, opt: {type: SGD, lr: 1, momentum: 2}, sched: {type: Step, size: 3}, l: [1, 2]}
b:
  t: {ref: a.t, epochs: 5, opt: {lr: 9}, sched: {type: Cosine}, l: [3]}
c:
  t:
    ref: b.t
"""
    node, found, used = resolve(tmp_path, text)
    assert not found
    assert used == {"a", "b"}
    merged = {
        "type": "T", "epochs": 5, "opt": {"type": "SGD", "lr": 9, "momentum": 2}, "sched": {"type": "Cosine"}, "l": [3],
    }  # fmt: skip
    assert node.to_python()["b"]["t"] == merged
    assert node.to_python()["c"]["t"] == merged
    momentum = node.get_or_empty("c").get_or_empty("t").get_or_empty("opt").get_or_empty("momentum")
    assert (momentum.line, momentum.dotted) == (2, "a.t.opt.momentum")


def test_unknown_targets_and_cycles(tmp_path: Path) -> None:
    text = """\
a:
  trainer: {type: T}
b:
  trainer: {ref: a.trainr}
  x: {ref: a.trainer.type}
  y: {ref: b}
  z: {ref: [a]}
  self: {ref: b.self}
c:
  one: {ref: c.two}
  two: {ref: c.one}
"""
    _, found, _ = resolve(tmp_path, text)
    assert found == [
        "a.yml:4  b.trainer.ref: no block 'a.trainr'. Did you mean 'a.trainer' or 'b.trainer'?",
        "a.yml:5  b.x.ref: no block 'a.trainer.type'. Did you mean 'a.trainer' or 'b.trainer'?",
        "a.yml:6  b.y.ref: 'b' leads back to this block",
        "a.yml:7  b.z.ref: no block ['a'].",
        "a.yml:8  b.self.ref: 'b.self' leads back to this block",
        "a.yml:11  c.two.ref: 'c.one' leads back to this block",
        "a.yml:10  c.one.ref: 'c.two' leads back to this block",
    ]


def test_a_bomb_of_refs(tmp_path: Path) -> None:
    text = "a0: {x: 1}\n" + "".join(f"a{n}: {{x: {{ref: a{n - 1}}}, y: {{ref: a{n - 1}}}}}\n" for n in range(1, 40))
    with pytest.raises(ConfigError, match="more than 20,000 values once every ref is merged"):
        resolve(tmp_path, text)


def test_a_ref_at_the_top(tmp_path: Path) -> None:
    node, found, used = resolve(tmp_path, "a: {x: 1}\nref: a\n")
    assert found == ["a.yml:2  ref: a ref stands in the block that it completes, not at the top"]
    assert node.to_python() == {"a": {"x": 1}} and not used
