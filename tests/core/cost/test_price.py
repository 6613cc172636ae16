"""Prices of a forward that was written down by hand; ``tests/plugins`` holds them against fvcore."""

from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.cost import Cost, CostModel, price
from prunekit.core.graph import channel_structure
from prunekit.core.graph.attributes import Concat
from prunekit.core.pruning import PrunePlan


@pytest.fixture
def graph(residual):
    return channel_structure(residual)


def by_hand(a, b):
    """Batch 2, 8 x 8 pixels, ``a`` channels in the stream, ``b`` in the block."""
    positions = 2 * 64
    macs = positions * 9 * (3 * a + a * b + b * a) + 2 * a * 5
    return Cost(macs, 27 * a + a + 9 * a * b + 2 * b + 9 * b * a + a * 5 + 5, positions * (a + b + a) + 2 * 5)


def test_full(graph):
    assert price(graph) == CostModel(graph).full == by_hand(6, 4)


@pytest.mark.parametrize("counts", [(1, 1), (6, 4), (3, 2), (5, 1)])
def test_estimate_and_price(graph, counts):
    assert CostModel(graph).estimate(counts) == by_hand(*counts)
    assert CostModel(graph).estimate(np.array(counts)) == by_hand(*counts)
    plan = PrunePlan({0: tuple(range(counts[0])), 1: tuple(range(counts[1]))}, {0: 6, 1: 4}, graph.signature)
    assert price(graph, plan) == by_hand(*counts)


def test_uneven_units_are_bounded_from_above(script):
    """Two layers of 2 and 4 channels make up a sum of 6: which units stay decides the price."""
    x = script.input(1, 3, 4, 4)
    a, b, c = script.conv(x, "a", 2), script.conv(x, "b", 4), script.conv(x, "c", 6)
    both = script.op(Concat(axis=1), "cat", [a, b], (1, 6, 4, 4))
    graph = channel_structure(script.output(script.linear(script.mean(script.add(both, c)), "head", 2)))
    model, prices = CostModel(graph), set()
    for k in range(1, 16):
        keep = np.array([bool(k >> bit & 1) for bit in range(4)])
        exact, estimate = model.of_units(keep), model.estimate([int(keep.sum())])
        assert exact.macs <= estimate.macs and exact.params <= estimate.params
        assert exact.activations <= estimate.activations
        prices.add((int(keep.sum()), exact.macs))
    assert len(prices) == 4  # a unit is a channel of the sum and of one of the two


def test_nothing_to_prune(script):
    graph = channel_structure(script.output(script.linear(script.input(3, 7), "head", 5)))
    assert price(graph) == Cost(3 * 7 * 5, 40, 3 * 5)
    assert CostModel(graph).estimate([]) == Cost(105, 40, 15)
