"""Counts near given ones that change the outcome of no comparison."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from prunekit.core.graph import channel_structure
from prunekit.core.graph.flips import flips
from prunekit.core.graph.structure import Comparison
from prunekit.core.graph.tracked_sizes import Combined, Extent, Literal
from prunekit.core.pruning import PrunePlan, Ranking
from prunekit.core.pruning.nearest_counts import NearestCounts

SIX, FOUR = Extent(6, 0, 1), Extent(4, 1, 1)
UNITS = {SIX: np.arange(6), FOUR: np.arange(6, 10)}


def compared(left, operator, right, holds=True):
    units = {size: array for size, array in UNITS.items() if size in (left, right, *vars(left).values())}
    return Comparison(left, operator, right, holds, "net.py:1", "m", units)


@pytest.fixture
def nearest(residual):
    """Groups of six and four units."""
    plain = channel_structure(residual)

    def make(*comparisons, allowed=(range(1, 7), range(1, 5)), fewer=False):
        graph = replace(plain, comparisons=comparisons)
        return graph, NearestCounts(graph, [np.arange(6), np.arange(4)], allowed, fewer)

    return make


REMAINDER = Combined(0, "%", SIX, Literal(3))


@pytest.mark.parametrize(
    ("comparisons", "wanted", "found"),
    [
        ([compared(SIX, "!=", FOUR)], [3, 2], [3, 2]),
        ([compared(SIX, "!=", FOUR)], [3, 3], [4, 3]),
        ([compared(SIX, ">", 4)], [2, 2], [5, 2]),
        ([compared(SIX, ">", FOUR)], [1, 3], [4, 3]),
        ([compared(REMAINDER, "==", 0)], [4, 4], [3, 4]),
        ([compared(REMAINDER, "==", 0), compared(SIX, "!=", FOUR)], [4, 3], [6, 3]),
        ([compared(SIX, "==", 6)], [2, 2], [6, 2]),
    ],
)
def test_one_group_is_moved_as_little_as_possible(nearest, comparisons, wanted, found):
    counts, moved = nearest(*comparisons)[1].of(wanted)
    assert counts == found
    assert set(moved) == {k for k in range(2) if wanted[k] != found[k]}


def test_rather_fewer_under_a_budget(nearest):
    assert nearest(compared(SIX, "!=", FOUR), fewer=True)[1].of([3, 3])[0] == [2, 3]


def test_nothing_is_moved_that_is_not_allowed(nearest):
    assert nearest(compared(SIX, "!=", FOUR), allowed=([3], [2, 3]))[1].of([3, 3])[0] == [3, 2]
    assert nearest(compared(SIX, "!=", FOUR), allowed=([3], [3]))[1].of([3, 3])[0] == [3, 3]  # refused when pruned


def test_whatever_is_asked_for_something_is_found(nearest):
    graph, near = nearest(
        compared(SIX, "!=", FOUR), compared(REMAINDER, "==", 0), compared(Combined(10, "+", SIX, FOUR), ">", 6)
    )
    rankings = {g.id: Ranking(np.arange(g.size), np.zeros(g.size + 1)) for g in graph.groups}
    for wanted in product(range(1, 7), range(1, 5)):
        counts, _ = near.of(wanted)
        assert not flips(graph, PrunePlan.from_counts(graph, counts, rankings).flags(graph))


def test_counts_that_a_comparison_of_one_group_leaves(nearest):
    _, near = nearest(compared(REMAINDER, "==", 0), compared(SIX, "!=", FOUR))
    assert near.possible(0).tolist() == [3, 6] and near.possible(1).tolist() == [1, 2, 3, 4]
