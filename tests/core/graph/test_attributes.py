"""Attributes of operators: the contract between front ends and core refuses what it does not know."""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, fields

import pytest

from prunekit.core.graph import attributes
from prunekit.core.graph.attributes import (
    CLASSES,
    Attributes,
    Concat,
    Convolution,
    Elementwise,
    Expand,
    Linear,
    Matmul,
    Reshape,
    Slice,
    Split,
    Write,
    attributes_of,
)
from prunekit.core.graph.kinds import Kind
from prunekit.core.graph.operators import Operator

VALUES = {
    "axis": 1, "start": 0, "stop": 2, "groups": 1, "transposed": False, "pooled": (), "sizes": (2, 3), "moved": {},
    "ordered": False, "pads": (), "constant": True, "order": (0,), "axes": (1,), "keepdim": True, "over": "sum",
    "reason": "nobody knows it",
}  # fmt: skip
"""One for every attribute without a default."""


def required(wanted: type[Attributes]) -> list[str]:
    return [each.name for each in fields(wanted) if each.default is MISSING]


def made(wanted: type[Attributes]) -> Attributes:
    return wanted(**{name: VALUES[name] for name in required(wanted)})


def test_every_kind_has_exactly_one_class():
    defined = [each for each in vars(attributes).values() if isinstance(each, type) and issubclass(each, Attributes)]
    of_a_kind = [each for each in defined if "kind" in vars(each)]
    assert sorted(each.kind for each in of_a_kind) == sorted(Kind)
    assert {each.kind: each for each in of_a_kind} == CLASSES


@pytest.mark.parametrize("wanted", CLASSES.values())
def test_a_misspelt_attribute_is_refused(wanted):
    with pytest.raises(TypeError, match="unexpected keyword argument 'axsi'"):
        wanted(**{name: VALUES[name] for name in required(wanted)}, axsi=1)


@pytest.mark.parametrize("wanted", CLASSES.values())
def test_a_missing_attribute_is_refused(wanted):
    for left_out in required(wanted):
        with pytest.raises(TypeError, match=f"missing 1 required keyword-only argument: '{left_out}'"):
            wanted(**{name: VALUES[name] for name in required(wanted) if name != left_out})


@pytest.mark.parametrize("kind", Kind)
def test_an_operator_is_of_the_kind_of_its_attributes(kind):
    operator = Operator(made(CLASSES[kind]), "name", (0,), (1,))
    assert operator.kind is kind
    with pytest.raises(FrozenInstanceError):
        operator.attributes.kind = Kind.OPAQUE
    with pytest.raises(AttributeError):
        operator.kind = Kind.OPAQUE


def test_a_kind_stands_for_its_attributes_with_all_defaults():
    alone = [Kind.LINEAR, Kind.MATMUL, Kind.ELEMENTWISE, Kind.RESHAPE, Kind.EXPAND]
    assert list(map(attributes_of, alone)) == [Linear(), Matmul(), Elementwise(), Reshape(), Expand()]
    assert attributes_of(given := Concat(axis=1)) is given


@pytest.mark.parametrize("kind", [kind for kind in Kind if required(CLASSES[kind])])
def test_a_kind_that_needs_attributes_does_not_stand_alone(kind):
    with pytest.raises(TypeError) as told:
        attributes_of(kind)
    wanted = CLASSES[kind]
    call = f"{wanted.__name__}({', '.join(f'{name}=...' for name in required(wanted))})"
    assert str(told.value) == f"Kind.{kind.name} needs attributes: pass prunekit.core.graph.attributes.{call}"


def test_the_message_for_a_convolution():
    with pytest.raises(
        TypeError, match=r"pass prunekit\.core\.graph\.attributes\.Convolution\(groups=\.\.\., transpos"
    ):
        attributes_of(Kind.CONVOLUTION)


def test_parts_of_an_axis():
    split = Split(axis=2, sizes=(2, 3), drop=True)
    assert [split.part(number) for number in (0, 1)] == [
        Slice(axis=2, start=0, stop=2, drop=True), Slice(axis=2, start=2, stop=5, drop=True),
    ]  # fmt: skip
    cut = Slice(axis=1, start=1, stop=None, step=2)
    assert cut.write() == Write(axis=1, start=1, stop=None, step=2)
    assert (list(range(6))[cut.places], list(range(6))[cut.write().places]) == ([1, 3, 5], [1, 3, 5])


def test_outputs_lie_along_one_axis_of_the_weight():
    found = [Linear().out_axis, *(Convolution(groups=1, transposed=turned).out_axis for turned in (False, True))]
    assert found == [1, 0, 1]
