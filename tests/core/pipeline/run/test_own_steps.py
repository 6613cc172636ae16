"""Pipe steps of packs are made with the parameters and sections that the yml gives them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., int]
Said = pytest.CaptureFixture[str]
STEP = """\
from dataclasses import dataclass
from prunekit.registry import Register, RegisterType


@dataclass(frozen=True)
class Scheme:
    symmetric: bool = True
    note: str = ""


@Register.register(RegisterType.PIPE_STEP)
class QuantizeStep:
    needs = frozenset({"scheme"})
    allows = frozenset()
    no_result = frozenset({"scheme.note"})

    def __init__(self, bits: int = 8, *, scheme: Scheme) -> None:
        if bits == 13:
            raise ValueError("13 bits bring no luck")
        if bits == 14:
            raise SystemExit(0)
        self.bits, self.scheme = bits, scheme

    def run(self, context, step):
        context.reporter.say(f"{step.name}: {self.bits} bits, {self.scheme.symmetric}, {step.where}")
        (context.folder.step(step.name) / "bits.txt").write_text(str(self.bits))
        return []
"""
YML = """\
pipeline: [q]
q:
  pipe_step: {type: QuantizeStep, bits: 4}
  scheme: {symmetric: False}
general: {backend: BACKEND}
"""


@pytest.fixture
def run(cli: Cli, tmp_path: Path, request: pytest.FixtureRequest, tiny: str) -> Callable[..., int]:
    """Run the yml with another text in place of one of its texts."""
    module = f"own_steps_{abs(hash(request.node.name))}"  # each its own, as Python imports a name once
    (tmp_path / f"{module}.py").write_text(STEP)
    backend = tiny.rpartition("backend: ")[2].rstrip("}\n")

    def run_yml(*words: str, old: str = "", new: str = "", command: str = "") -> int:
        (tmp_path / "q.yml").write_text(YML.replace("BACKEND", backend).replace(old, new))
        task = () if command else ("-t", "t")
        return cli(*([command] if command else []), "q.yml", "--import", module, *task, *words)

    return run_yml


def test_a_step_is_made_with_its_parameters(run: Callable[..., int], capsys: Said) -> None:
    assert run() == 0
    assert "q: 4 bits, False, q.yml:2: q\n" in capsys.readouterr().out


def test_what_it_was_given_is_compared_when_the_task_is_gone_on_with(run: Callable[..., int], capsys: Said) -> None:
    assert run() == 0
    assert run("-r") == 0
    assert "every step has finished before" in capsys.readouterr().out
    assert run("-r", old="bits: 4", new="bits: 5") == 2
    assert "  q.pipe_step.bits: 4 -> 5" in capsys.readouterr().err
    assert run("-r", old="symmetric: False", new="symmetric: True") == 2
    assert "  q.scheme.symmetric: False -> True" in capsys.readouterr().err
    assert run("-r", old="symmetric: False", new="symmetric: False, note: x") == 0


@pytest.mark.parametrize(
    ("bits", "told"), [(13, "ValueError: 13 bits bring no luck"), (14, "SystemExit: 0")], ids=["raises", "exits"]
)
def test_a_constructor_that_refuses_is_told_before_the_run(
    run: Callable[..., int], capsys: Said, bits: int, told: str, tmp_path: Path
) -> None:
    line = f"error: q.yml:3: q.pipe_step: QuantizeStep cannot be made: {told}\n"
    assert run(old="bits: 4", new=f"bits: {bits}", command="check") == 2
    assert capsys.readouterr().err.endswith(line)
    assert run(old="bits: 4", new=f"bits: {bits}") == 2
    assert capsys.readouterr().err.endswith(line)
    assert not (tmp_path / "tasks" / "t" / "output" / "q").exists()
