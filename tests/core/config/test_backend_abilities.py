"""What a yml asks of its backend is compared with the backend's ``supports`` when it is read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from prunekit.core.config import RunConfig
from prunekit.registry import Entry, Register, RegisterType

Read = Callable[..., RunConfig]
Problems = Callable[..., list[str]]

TEXT = """\
general: {backend: small}
pipeline: [nas]
nas:
  pipe_step: {type: SearchPipeStep}
  model: {model_desc: {backbone: {type: Net}}}
  dataset: {type: Data}
  search_algorithm: {type: Search}
PRUNING
"""


class Ranks: ...


class RanksByMoments:
    needs = frozenset({"observe"})


class RanksOddly:
    needs = frozenset({"float64", "telepathy"})


@pytest.fixture(autouse=True)
def backend() -> type:
    """A backend that supports nothing, and components that any backend can use."""
    small = type("Small", (), {"supports": frozenset[str]()})
    Register.register(RegisterType.BACKEND, small, name="small", aliases=("s",))
    for kind, name in [
        (RegisterType.NETWORK, "Net"), (RegisterType.DATASET, "Data"), (RegisterType.SEARCH_ALGORITHM, "Search"),
    ]:  # fmt: skip
        Register.register(kind, type(name, (), {"__module__": __name__}))
    step = {"needs": frozenset({"model", "dataset", "search_algorithm"}), "allows": frozenset({"pruning"})}
    Register.register(RegisterType.PIPE_STEP, type("SearchPipeStep", (), step))
    for name, criterion in {"compensation": RanksByMoments, "plain": Ranks, "odd": RanksOddly}.items():
        Register.register(RegisterType.IMPORTANCE, criterion, name=name)
    return small


def text(pruning: str = "") -> str:
    return TEXT.replace("PRUNING", f"  pruning: {pruning}" if pruning else "")


RECALIBRATE = "recalibrate: backend 'small' cannot take normalization statistics anew; set pruning.recalibrate: False"
COMPENSATE = (
    "compensate: backend 'small' cannot take the second moments of what layers read; set pruning.compensate: False"
)
IMPORTANCE = (
    "importance: backend 'small' cannot take the second moments of what layers read, which 'compensation' needs;"
    " choose another importance"
)


@pytest.mark.parametrize(
    ("pruning", "line", "said"),
    [
        ("", 3, [RECALIBRATE, COMPENSATE, IMPORTANCE]),
        ("{recalibrate: True, compensate: True}", 8, [RECALIBRATE, COMPENSATE, IMPORTANCE]),
        ("{recalibrate: False}", 8, [COMPENSATE, IMPORTANCE]),
        ("{compensate: False, importance: {type: plain}}", 8, [RECALIBRATE]),
        ("{importance: {type: plain}, recalibrate: ~}", 8, [RECALIBRATE, COMPENSATE]),
        ("{compensate: False, recalibrate: False}", 8, [IMPORTANCE]),
        ("{compensate: False, recalibrate: False, importance: {type: odd}}", 8, [
            "importance: backend 'small' cannot compute in float64, which 'odd' needs; choose another importance",
            "importance: backend 'small' does not support 'telepathy', which 'odd' needs; choose another importance",
        ]),
    ],
)  # fmt: skip
def test_what_the_backend_does_not_support_is_refused(
    problems: Problems, pruning: str, line: int, said: list[str]
) -> None:
    assert problems(text(pruning)) == [f"a.yml:{line}  nas.pruning.{each}" for each in said]


def test_the_backend_of_the_command_line_counts(problems: Problems, read: Read) -> None:
    assert len(problems(text().replace("small", "pytorch"), backend="s")) == 3


def test_what_is_not_asked_for_is_not_needed(read: Read) -> None:
    found = read(text("{compensate: False, recalibrate: False, importance: {type: plain}}")).steps["nas"].pruning
    assert found is not None and not found.compensate


def test_what_the_backend_supports_is_accepted(read: Read, backend: type, problems: Problems) -> None:
    backend.supports = frozenset({"recalibrate", "observe"})  # type: ignore[attr-defined]
    assert read(text()).steps["nas"].pruning is not None
    backend.supports = frozenset({"recalibrate"})  # type: ignore[attr-defined]
    assert len(problems(text())) == 2


def test_a_backend_that_lists_nothing_supports_nothing(problems: Problems, backend: type) -> None:
    del backend.supports  # type: ignore[attr-defined]
    assert len(problems(text())) == 3


def test_a_backend_that_cannot_be_imported_is_told(problems: Problems) -> None:
    Register._table.declare([Entry(RegisterType.BACKEND, "gone", "gone", "no_such_module:Gone")])
    (line,) = problems(text().replace("small", "gone"))
    assert line.startswith("a.yml:3  nas.pruning: ") and "No module named 'no_such_module'" in line


def test_the_sections_own_mistakes_come_first(problems: Problems) -> None:
    assert problems(text("{compensate: maybe}")) == [
        "a.yml:8  nas.pruning.compensate: must be True or False, not 'maybe'"
    ]
