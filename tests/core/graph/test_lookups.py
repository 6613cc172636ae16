"""What a number is looked up in, from the expression alone."""

from __future__ import annotations

import sys
from typing import ClassVar

import pytest

from prunekit.core.graph.lookups import numbers_looked_up

WIDTHS = frozenset({24, 32})
SHAPES = {(1, 3)}


class Holder:
    shared: ClassVar = {5: "x"}

    def __init__(self):
        self.widths = {3, 4, "x"}

    @property
    def computed(self):
        raise AssertionError("nothing is run")


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("x in {8, 16}", [8, 16]),
        ("x.shape[1] not in {8, 16}", [8, 16]),
        ("x in WIDTHS", [24, 32]),
        ("x in holder.widths", [3, 4]),
        ("x in holder.shared", [5]),
        ("table.get(x, 0)", [1, 2]),
        ("{8: a, 16: b}.get(x)", [8, 16]),
        ("x in holder.computed", []),
        ("x in holder.nothing", []),
        ("x in unknown", []),
        ("x in (8, 16)", []),  # that is compared item by item
        ("table.pop(x)", [1, 2]),
        ("table.remove(x)", []),
        ("x == 3", []),
        ("if x in {8, 16}:", [8, 16]),
        ("x in frozenset((8, 16))", [8, 16]),
        ("x not in {8: a, 16: b}.keys()", [8, 16]),
        ("table[x]", [1, 2]),
        ("y = table[x]", [1, 2]),
        ("(x, 4) in {(8, 4), (16, 5)}", [4, 5, 8, 16]),
        ("tuple(x.shape) in SHAPES", [1, 3]),
        ("{x} & {8, 12}", [8, 12]),
        ("[1, 2][x]", []),
        ("", []),
    ],
)
def test_keys(expression, found):
    holder, table = Holder(), {1: "a", 2: "b"}
    assert sorted(numbers_looked_up(expression, sys._getframe())) == found and holder and table
