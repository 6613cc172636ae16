from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from prunekit.core.cli.show import arguments_told, first_paragraph, parameters, show
from prunekit.registry import Entry, Register, RegisterType, UnknownNameError

Said = pytest.CaptureFixture[str]
NETWORK = RegisterType.NETWORK


class Shown:
    """A class
    in two lines.

    Args:
        depth: Ignored.
    """

    def __init__(self, depth: int | None = None, *, name: str = "x") -> None: ...


@pytest.fixture(autouse=True)
def isolated() -> Iterator[None]:
    with Register.isolated():
        yield


def test_a_component(capsys: Said) -> None:
    Register.register(NETWORK, Shown, name="shown", aliases=("s", "sh"))
    assert show("sh", None) == 0
    line = inspect.getsourcelines(Shown)[1]
    assert capsys.readouterr().out.splitlines() == [
        "network shown",
        f"  from     {__name__}",
        f"  target   {__name__}:Shown",
        "  also     s, sh",
        "  backend  any",
        f"  file     {__file__}:{line}",
        "",
        "  A class in two lines.",
        "",
        "  key    default  meaning",
        "  ------------------------",
        "  depth  None     Ignored.",
        "  name   x",
    ]


def test_all_types_of_a_name_one_after_the_other(capsys: Said) -> None:
    assert show("random", None) == 0
    text = capsys.readouterr().out
    assert [line for line in text.splitlines() if line and line[0] != " "] == [
        "importance random",
        "search algorithm random",
    ]
    assert show("random", "importance") == 0
    assert (
        capsys.readouterr().out.splitlines()[0] == "importance random"
        and "search algorithm" not in text.split("\n\n")[0]
    )


def test_ones_own_comes_first_and_the_other_says_its_name(capsys: Said) -> None:
    Register.register(NETWORK, Shown, name="ResNet56", backend="pytorch")
    assert show("ResNet56", "network") == 0
    mine, _, ours = capsys.readouterr().out.partition("\n\nnetwork ResNet56\n")
    assert f"from     {__name__}" in mine and "  named" not in mine
    assert "  named    prunekit/ResNet56" in ours.splitlines()
    assert show("prunekit/ResNet56", None) == 0
    assert "network ResNet56\n  from     prunekit " in capsys.readouterr().out


def test_one_that_cannot_be_imported_hides_no_other(capsys: Said) -> None:
    Register._table.declare([Entry(NETWORK, "shown", "pytorch", "no_such_module:N", (), "pack", "1")])
    Register.register(RegisterType.METRIC, Shown, name="shown")
    assert show("shown", None) == 2
    text = capsys.readouterr().out
    assert "  broken   network 'shown' is declared by pack 1 in no_such_module, but importing it failed" in text
    assert "  depth  None     Ignored." in text.splitlines()


def test_a_twin_whose_framework_is_missing_is_no_mistake(
    capsys: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "shown_there.py").write_text(
        "raise ModuleNotFoundError(\"No module 'mindspore.nn'\", name='mindspore.nn')"
    )
    Register._table.declare([Entry(NETWORK, "shown", "mindspore", "shown_there:N", (), "pack", "1")])
    assert show("shown", None) == 0
    assert "  needs    mindspore, which is not installed here" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("resnet56", None, "no component named 'resnet56'. Did you mean network 'ResNet56' or "),
        ("acc_flop", None, "Did you mean reward 'acc_flops'"),
        ("randon", None, "Did you mean importance and search algorithm 'random'?"),
        ("Cifar10", "network", "no network named 'Cifar10'. "),
        ("qqqqqq", None, "no component named 'qqqqqq'. `prunekit list` names them all."),
        ("prunekit/ResNet5", None, "Did you mean network 'ResNet56' or "),
    ],
)
def test_a_name_that_nobody_has(name: str, kind: str | None, said: str) -> None:
    with pytest.raises(UnknownNameError) as told:
        show(name, kind)
    assert said in str(told.value)


def test_what_python_cannot_tell() -> None:
    assert parameters(type("Plain", (), {}), NETWORK) == []
    assert parameters(type, NETWORK) == []
    assert first_paragraph(type("Sub", (Shown,), {})) == ""  # not what the base class says of itself


class Told(Shown):
    """Shorter.

    Args:
        name: How it is called,
            in one line.
        **desc: Whatever else.

    Raises:
        ValueError: Never: here.
    """

    def __init__(self, name: str, *sizes: int, split: str = "train", **desc: object) -> None: ...


def test_keys_with_their_meaning() -> None:
    assert arguments_told(Told) == {
        "depth": "Ignored.", "name": "How it is called, in one line.", "desc": "Whatever else."
    }  # fmt: skip
    rows = [("name", "", "How it is called, in one line."), ("*sizes", "", ""), ("split", "train", "")]
    assert parameters(Told, NETWORK) == [*rows, ("**desc", "", "Whatever else.")]
    assert "split" not in [name for name, *_ in parameters(Told, RegisterType.DATASET)]  # prunekit gives it


@dataclass(frozen=True)
class Scheme:
    """How numbers are rounded.

    Attributes:
        symmetric: Whether zero is in the middle.
    """

    symmetric: bool = True


class QuantizeStep:
    """Rounds weights.

    Args:
        bits: Bits of a number.
        scheme: How.
    """

    needs = frozenset({"dataset", "scheme"})
    allows = frozenset({"model"})

    def __init__(self, bits: int = 8, *, scheme: Scheme) -> None: ...


def test_a_pipe_step_with_its_sections_and_their_keys(capsys: Said) -> None:
    Register.register(RegisterType.PIPE_STEP, QuantizeStep)
    assert show("QuantizeStep", None) == 0
    assert capsys.readouterr().out.splitlines()[5:] == [
        "  sections dataset, scheme; may have model",
        "",
        "  Rounds weights.",
        "",
        "  key               default  meaning",
        "  ---------------------------------------------------------",
        "  bits              8        Bits of a number.",
        "  scheme                     How.",
        "  scheme.symmetric  True     Whether zero is in the middle.",
    ]


def test_a_pipe_step_whose_sections_cannot_be_read(capsys: Said) -> None:
    Register.register(RegisterType.PIPE_STEP, type("Wrong", (), {"needs": "dataset", "__module__": __name__}))
    assert show("Wrong", None) == 2
    assert "'needs' must be a set of names of sections, not 'dataset'" in capsys.readouterr().out
