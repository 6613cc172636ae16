"""The plans that the proof tries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prunekit.core.graph import ChannelStructure, Group
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.ranking import Ranking

GOLDEN = (5**0.5 - 1) / 2
"""Its multiples spread evenly over the unit interval."""

KINDS = 4
"""How many ways there are to take part of a group: all but one unit, one unit, and two random parts."""


def mixed_part(graph: ChannelStructure, groups: Sequence[Group], seed: int, turn: int = 0) -> PrunePlan:
    """A plan that removes a random part of the given groups and nothing else.

    How many go differs from group to group, so that sizes that only the code ties show: of every fourth group one
    unit is left, of another one unit goes, of the others a quarter to three quarters. With each turn every group gets
    another of the four.
    """
    chosen, counts, allowed = {group.id for group in groups}, list[int](), list[Sequence[int]]()
    rankings = dict[int, Ranking]()
    for index, group in enumerate(graph.groups):
        order = np.random.default_rng(np.random.SeedSequence([seed, group.id])).permutation(group.size)
        rankings[group.id] = Ranking(order, np.zeros(group.size + 1))
        counts.append(group.size - (_gone(index, group.size, turn) if group.id in chosen else 0))
        allowed.append(range(1, group.size + 1) if group.id in chosen else [group.size])
    return PrunePlan.nearest(graph, counts, rankings, allowed)


def leaves_one(index: int, turn: int) -> bool:
    """Whether of the group of that number one unit is left."""
    return (index + turn) % KINDS == 0


def _gone(index: int, size: int, turn: int) -> int:
    kind = (index + turn) % KINDS
    if leaves_one(index, turn):
        return size - 1
    if kind == 1:
        return 1
    share = 0.25 + ((index * GOLDEN + turn / KINDS) % 1) / 2
    return min(max(round(share * size), 1), size - 1)
