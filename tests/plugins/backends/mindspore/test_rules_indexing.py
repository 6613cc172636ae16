"""Slices from the end, and steps."""

from __future__ import annotations

import pytest
from mindspore_cases import Case
from one_ms_operator import One, held_against_the_masked, network

CASES = {
    "reversed": One(lambda m, x: x[:, ::-1]),
    "reversed and added": One(lambda m, x: x + x[:, ::-1]),
    "reversed in space": One(lambda m, x: x[..., ::-1, :]),
    "a part from the end": One(lambda m, x: x[:, 4:1:-1], 3, free=3, reason="has its size"),
    "all but the first from the end": One(lambda m, x: x[:, :0:-1], 7, free=7, reason="has its size 1"),
    "all but the last from the end": One(lambda m, x: x[:, -2::-1], 7, free=7, reason="has its size 1"),
    "every other from the end": One(lambda m, x: x[:, ::-2], 4),
    "a half from the end": One(lambda m, x: x[:, x.shape[1] // 2 - 1 :: -1], 4),
}


@pytest.mark.parametrize("name", CASES)
def test_exact(name):
    held_against_the_masked(CASES[name])


def test_what_is_reversed_is_tied_crosswise():
    """Channel i with channel 7 - i: four units of two channels each."""
    _, _, graph = Case(shape=(3, 6, 6), groups=[], network=network(CASES["reversed and added"])).traced()
    assert [(group.size, group.per_unit) for group in graph.groups] == [(4, 2), (6, 1)]
