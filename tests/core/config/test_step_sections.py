from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import pytest

from prunekit.core.config.step_sections import SECTIONS, StepSections


@dataclass(frozen=True)
class Scheme:
    symmetric: bool = True


class Silent:
    pass


class Quantize:
    needs = frozenset({"dataset"})
    allows = frozenset({"model", "scheme", "notes"})

    def __init__(self, bits: int = 8, *, scheme: Scheme, notes: dict[str, int] | None = None) -> None: ...


class Open:
    needs = ("anything",)
    allows = ("more",)

    def __init__(self, **settings: Any) -> None: ...


class Step(Protocol):
    needs: ClassVar[frozenset[str]] = frozenset()
    allows: ClassVar[frozenset[str]] = frozenset({"model"})

    def run(self) -> None: ...


class OfProtocol(Step):
    def run(self) -> None: ...


def test_a_class_that_says_nothing_reads_the_built_in_ones() -> None:
    assert StepSections.of(Silent) == StepSections(frozenset(), frozenset(SECTIONS), ())


def test_own_sections_stand_in_the_constructors_order_and_are_needed_without_a_default() -> None:
    found = StepSections.of(Quantize)
    assert found.own == ("scheme", "notes")
    assert found.needs == {"dataset", "scheme"} and found.allows == {"dataset", "model", "scheme", "notes"}
    assert str(found) == "dataset, scheme; may have model, notes"


def test_a_constructor_that_takes_anything_takes_any_section() -> None:
    found = StepSections.of(Open)
    assert (found.needs, found.own) == ({"anything"}, ("anything", "more"))


def test_a_protocols_own_constructor_takes_nothing() -> None:
    assert StepSections.of(OfProtocol) == StepSections(frozenset(), frozenset({"model"}), ())
    assert str(StepSections.of(OfProtocol)) == "may have model"


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"needs": "dataset"}, "'needs' must be a set of names of sections, not 'dataset'"),
        ({"allows": None}, "'allows' must be a set of names of sections, not None"),
        ({"needs": {3}}, "'needs' must be a set of names of sections, not {3}"),
        ({"needs": {"schem"}}, "'schem' is a section of its own, but no parameter of its constructor"),
        ({"__init__": lambda self, models_folder=None: None},
         "its constructor takes 'models_folder', which prunekit reads itself"),
        ({"needs": {"dataset"}, "__init__": lambda self, dataset: None},
         "its constructor takes 'dataset', a section that run finds in its step"),
    ],
)  # fmt: skip
def test_a_class_that_contradicts_itself(members: dict[str, Any], told: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        StepSections.of(type("Wrong", (), members))
    assert str(caught.value) == told


def test_what_an_attribute_raises_is_its_authors(monkeypatch: pytest.MonkeyPatch) -> None:
    class Raising(type):
        @property
        def needs(cls) -> Callable[..., Any]:
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        StepSections.of(Raising("Wrong", (), {}))
