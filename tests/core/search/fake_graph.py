"""A small network's channel graph, made by hand: residual group, plain groups, a protected layer, a linear layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prunekit.core.cost import CostModel
from prunekit.core.graph import Axis, ChannelStructure, Group, Layer, OperatorGraph, Work
from prunekit.core.pruning import Ranking
from prunekit.core.search import SearchSettings, SearchSpace


@dataclass
class Fake:
    """A graph with what a search needs."""

    graph: ChannelStructure
    rankings: dict[int, Ranking]
    cost_model: CostModel

    def space(self, costs: Sequence[str] = ("flops",), **settings) -> SearchSpace:
        return SearchSpace(self.graph, self.rankings, SearchSettings(**settings), self.cost_model, costs)


# mid, group (None: protected), units or channels, mids of what it reads (-1: 3 input channels), positions, kernel
_LAYERS = [
    (0, 0, 16, -1, 64, 3),
    (1, 1, 24, 0, 64, 3),
    (2, 0, 16, 1, 64, 3),  # residual with mid 0
    (3, 3, 32, 2, 16, 3),
    (4, 4, 6, 3, 16, 1),  # fewer channels than channel_round
    (5, 5, 64, 4, 16, 3),
    (6, None, 10, 5, 1, 1),
]


def make_fake() -> Fake:
    sizes, units, offset = {}, {}, 0
    for mid, group, size, *_ in _LAYERS:
        if group == mid:
            units[group] = np.arange(offset, offset + size)
            sizes[group] = (size, offset)
            offset += size
    layers, axes, work, shapes = [], [], [], {}
    produced = {-1: np.full(3, -1)}
    for mid, group, size, source, positions, kernel in _LAYERS:
        out = units[group] if group is not None else np.full(size, -1)
        produced[mid] = out
        taken, weight = produced[source], f"layer{mid}.weight"
        kind = "linear" if group is None else "convolution"
        macs, params = positions * kernel**2 * size * taken.size, kernel**2 * size * taken.size
        protected = () if group is not None else (("reaches the output", size),)
        layers.append(
            Layer(
                mid, f"layer{mid}", weight, kind, group, taken.size, size, kernel, 1, False, macs, params, 0, protected
            )
        )
        shapes[weight] = (size, taken.size, kernel, kernel)
        axes += [Axis(weight, 0, out), Axis(weight, 1, taken)]
        work.append(Work(mid, positions * kernel**2, (out, taken), positions, (out,)))
    groups = tuple(
        Group(g, tuple(row[0] for row in _LAYERS if row[1] == g), f"layer{g}", size, start, 0, 1)
        for g, (size, start) in sizes.items()
    )
    graph = ChannelStructure(
        OperatorGraph(parameter_shapes=shapes), groups, tuple(layers), tuple(axes), (), tuple(work)
    )
    rng = np.random.default_rng(0)
    rankings = {group.id: Ranking.of_scores(rng.uniform(0.1, 1, group.size)) for group in groups}
    return Fake(graph, rankings, CostModel(graph))
