"""Plans drawn at random, as no criterion would choose them."""

from __future__ import annotations

import numpy as np

from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.ranking import Ranking


def random_plan(graph: ChannelStructure, rng: np.random.Generator) -> PrunePlan:
    """Any number of any units of every group; one of each stays, and what the code compares comes out as it did."""
    rankings, counts = dict[int, Ranking](), list[int]()
    for group in graph.groups:
        rankings[group.id] = Ranking(rng.permutation(group.size)[::-1], np.zeros(group.size + 1))
        counts.append(int(rng.integers(1, group.size + 1)))
    return PrunePlan.nearest(graph, counts, rankings, [range(1, group.size + 1) for group in graph.groups])
