"""Plans drawn at random, as no criterion would choose them."""

from __future__ import annotations

import numpy as np

from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.pruning.plan import PrunePlan


def random_plan(graph: ChannelStructure, rng: np.random.Generator) -> PrunePlan:
    """Any number of any units of every group, as far as there are no quotas; at least one of each stays."""
    keep = {}
    for group in graph.groups:
        order, count = rng.permutation(group.size), group.nearest(int(rng.integers(1, group.size + 1)))
        stays = group.last(order[::-1], count)
        keep[group.id] = tuple(sorted(stays.tolist()))
    return PrunePlan(keep, {group.id: group.size for group in graph.groups}, graph.signature)
