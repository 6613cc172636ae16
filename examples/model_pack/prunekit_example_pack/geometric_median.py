"""Importance by redundancy: the filters that others resemble go first."""

from __future__ import annotations

import numpy as np

from prunekit import Register, RegisterType
from prunekit.core.pruning import Ranking
from prunekit.core.pruning.importance import ImportanceInputs


@Register.register(RegisterType.IMPORTANCE)
class GeometricMedian:
    """He et al. 2019, "Filter Pruning via Geometric Median": a filter near all others can be replaced by them.

    A unit that several layers produce has the mean of its filters' scores, each over the mean of its layer.
    """

    def rank(self, inputs: ImportanceInputs) -> dict[int, Ranking]:
        graph = inputs.graph
        owners = {(axis.parameter, axis.axis): axis.units for axis in graph.axes}
        total, layers = np.zeros(graph.units), np.zeros(graph.units)
        for layer in graph.numbered:
            units = owners.get((layer.weight, -1 if layer.out_axis is None else layer.out_axis))
            if layer.group is None or units is None or layer.weight not in inputs.state:
                continue
            filters = np.moveaxis(inputs.state[layer.weight].astype(np.float64), layer.out_axis or 0, 0)
            distances, own = _distances(filters.reshape(len(filters), -1)), units >= 0
            np.add.at(total, units[own], distances[own] / max(distances.mean(), 1e-30))
            np.add.at(layers, units[own], 1)
        scores = total / np.maximum(layers, 1)
        parts = {group.id: scores[group.offset : group.offset + group.size] for group in graph.groups}
        return {number: Ranking.of_scores(part / max(part.sum(), 1e-30)) for number, part in parts.items()}


def _distances(rows: np.ndarray) -> np.ndarray:
    """For each row the sum of its distances to all others."""
    lengths = (rows**2).sum(axis=1)
    return np.sqrt(np.maximum(lengths[:, None] + lengths - 2 * rows @ rows.T, 0)).sum(axis=1)
