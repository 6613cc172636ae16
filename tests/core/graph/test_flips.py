"""Comparisons of sizes, computed for a plan."""

from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.graph.flips import flip
from prunekit.core.graph.structure import Comparison
from prunekit.core.graph.tracked_sizes import Attribute, Combined, Extent, Literal

A, B = Extent(6, 1, 1), Attribute(4, "m", ("n",))
UNITS = {A: np.array([0, 1, 2, 3, -1, -1]), B: np.arange(4, 8)}


def of(value, operator, left, right):
    return Combined(value, operator, left, right)


@pytest.mark.parametrize(
    ("left", "operator", "right", "holds", "after"),
    [
        (A, "!=", B, True, None),  # 4 and 3
        (A, ">", 4, True, (4, 4)),
        (A, ">=", 4.5, True, (4, 4.5)),
        (A, "<", Literal(5), False, (4, 5)),
        (of(24, "*", A, B), "==", 24, True, (12, 24)),
        (of(2, "-", A, B), "<=", 1, False, (1, 1)),
        (of(10, "+", A, B), ">", 7, True, (7, 7)),
        (of(3, "//", A, Literal(2)), "==", 3, True, (2, 3)),
        (of(0, "%", A, Literal(2)), "!=", 0, False, None),
        (of(2, "%", A, B), "!=", 0, True, None),
        (of(7, "?", A, Literal(1)), "==", 7, True, (None, 7)),
        (of(7, "?", Literal(6), Literal(1)), "==", 7, True, None),
        (5, "<", A, True, (5, 4)),
    ],
)
def test_outcomes(left, operator, right, holds, after):
    keep = np.array([True, True, False, False, True, True, True, False])  # 2 + 2 of A, 3 of B
    comparison = Comparison(left, operator, right, holds, "net.py:1: a ? b", "m", UNITS)
    found = flip(comparison, keep)
    assert (found and (found.left, found.right)) == after
    assert flip(comparison, np.ones(8, dtype=bool)) is None


def test_no_division_by_nothing():
    comparison = Comparison(of(3, "//", Literal(6), of(2, "-", A, B)), "==", 3, True, "net.py:1", "", UNITS)
    found = flip(comparison, np.array([False, False, True, True, *[True] * 4]))  # 4 - 4
    assert str(found) == "net.py:1 (in the network): 3 == 3 is True, and might not be so any more"


def test_it_says_what_comes_of_it():
    keep = np.array([True, False, True, True, *[True] * 4])
    told = str(flip(Comparison(A, ">", 5, True, "net.py:1: a > 5", "m", UNITS), keep))
    assert told == "net.py:1: a > 5 (in m): 6 > 5 is True, 5 > 5 would be False"
