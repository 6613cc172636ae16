from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pytest

from prunekit.core.config.block_validation import check_model
from prunekit.core.config.node import Node
from prunekit.core.config.problems import Findings
from prunekit.core.config.signature import constructor_parameters, params_model, read_signature

if TYPE_CHECKING:
    from nowhere import Unknown


class Odd:
    def __init__(
        self,
        copy: int,
        model_config: Literal["a", "b"] = "a",
        *rest: int,
        size: int | list[int] = 1,
        what: Unknown | None = None,
        free=3,
        bounds: dict[int, tuple[float, float]] | None = None,
        given: Any = None,
        **more: Any,
    ) -> None: ...


class Inherits(Odd):
    pass


@dataclass
class Plain:
    path: Path
    kind: Literal["x", "y"] = "x"


def node(value: Any, path: tuple[Any, ...] = ("p",)) -> Node:
    if isinstance(value, dict):
        value = {key: node(item, (*path, key)) for key, item in value.items()}
    elif isinstance(value, list):
        value = [node(item, (*path, index)) for index, item in enumerate(value)]
    return Node(value, "a.yml", 1, path)


def lines(component: type, values: dict[str, Any]) -> list[str]:
    findings = Findings()
    check_model(params_model(read_signature(component, frozenset())), node(values), findings)
    return [str(found).removeprefix("a.yml:1  ") for found in findings.problems]


@pytest.mark.parametrize("component", [Odd, Inherits])
def test_what_a_constructor_says(component: type) -> None:
    found = read_signature(component, frozenset({"given"}))
    assert list(found.annotations) == ["copy", "model_config", "size", "what", "free", "bounds"]
    assert found.defaults == {"model_config": "a", "size": 1, "what": None, "free": 3, "bounds": None}
    assert found.catch_all == "more"
    assert found.unchecked == {"what": "its annotation cannot be read", "free": "no annotation"}
    assert found.annotations["free"] is Any


class Asked(Protocol):
    def answer(self) -> int: ...


class Answering(Asked):
    def answer(self) -> int:
        return 1


class Taking(Asked):
    def __init__(self, first: int) -> None: ...


def test_a_protocols_stand_in_for_a_constructor_takes_nothing() -> None:
    assert constructor_parameters(Answering) == []
    found = read_signature(Answering, frozenset())
    assert (found.annotations, found.catch_all) == ({}, None)
    assert read_signature(Taking, frozenset()).annotations == {"first": int}


def test_dataclasses_and_classes_without_a_constructor() -> None:
    assert list(read_signature(Plain, frozenset()).annotations) == ["path", "kind"]
    assert read_signature(type("Empty", (), {"__module__": __name__}), frozenset()).annotations == {}
    assert read_signature(int, frozenset()).catch_all in ("kwargs", None)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"copy": 1, "model_config": "b", "free": object, "bounds": {3: [0, 1]}}, []),
        ({}, ["p.copy: is missing"]),
        ({"copy": None}, ["p.copy: must be a whole number, not ~"]),
        ({"copy": 1.5}, ["p.copy: must be a whole number, not 1.5"]),
        ({"copy": {}}, ["p.copy: must be a whole number, not a block of keys"]),
        (
            {"copy": True, "size": [True]},
            ["p.copy: must be a number, not True", "p.size.0: must be a number, not True"],
        ),
        ({"copy": 1, "size": "q"}, ["p.size: must be a whole number or a list, not 'q'"]),
        ({"copy": 1, "size": [1, "q"]}, ["p.size.1: must be a whole number, not 'q'"]),
        ({"copy": 1, "model_config": "A"}, ["p.model_config: must be 'a' or 'b', not 'A'. Did you mean 'a'?"]),
        ({"copy": 1, "bounds": {"k": [0, 1]}}, ["p.bounds.k: the key must be a whole number"]),
        ({"copy": 1, "bounds": {3: [0]}}, ["p.bounds.3.1: is missing"]),
        ({"copy": 1, "size": "x" * 90}, [f"p.size: must be a whole number or a list, not '{'x' * 56}..."]),
    ],
)
def test_problems_in_plain_words(values: dict[str, Any], expected: list[str]) -> None:
    assert lines(Odd, values) == expected
