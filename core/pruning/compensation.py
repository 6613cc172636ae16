"""Closed-form compensation: what stays absorbs what goes, and the error that is left ranks the units.

With G the second moments of what a layer reads and W its weights (one row an input channel), removing the rows S
costs at least ``tr(W_S^T [(G^-1)_SS]^-1 W_S)``, reached when the others become ``W_K + G_KK^-1 G_KS W_S``: least
squares of the removed channels on the kept ones (Hassibi and Stork 1993, "Optimal Brain Surgeon", per layer). A
channel goes at every spatial position alike, so one C x C matrix serves a kernel of any size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.structure import ChannelStructure, Group, Reader, staying
from prunekit.core.pruning.covariance_shrinkage import shrunk
from prunekit.core.pruning.elimination import Elimination
from prunekit.core.pruning.moments import Moments
from prunekit.core.pruning.plan import PrunePlan, magnitude_scores
from prunekit.core.pruning.ranking import Ranking
from prunekit.core.pruning.write_back import AppliedWeights

Floats = NDArray[np.float64]


def rank(graph: ChannelStructure, moments: Moments, state: Mapping[str, NDArray[Any]]) -> dict[int, Ranking]:
    """For each group the nested order in which greedy elimination removes its units, and the error it leaves.

    The error of a layer is taken relative to the power of its output, so that layers can be compared and added.
    """
    readers = [reader for reader in graph.readers if reader.weight in moments.matrices]
    return {group.id: _eliminate(graph, group, readers, moments, state) for group in graph.groups}


def compensated(
    graph: ChannelStructure, plan: PrunePlan, moments: Moments, state: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """New weights (and what takes up shifts) of the pruned network, solved once for all that each layer reads.

    Args:
        graph: The channel graph.
        plan: What stays.
        moments: What the layers of the original network read.
        state: Parameters and buffers of the original network.
    """
    keep = plan.flags(graph)
    weights, kept = AppliedWeights(graph, keep, moments.weights, state), graph.kept(keep)
    changed: dict[str, NDArray[Any]] = {}
    for reader in graph.readers:
        stays = staying(reader.units, keep)
        if reader.weight in moments.matrices and not stays.all():
            weight, shift = _solve(reader, stays, moments, weights.whole(reader.weight))
            weight = _ordered(weight, reader, stays, kept.get((reader.weight, reader.in_axis)))
            written = weights.written(reader.weight, reader.in_axis, weight)
            if written is None:
                continue  # a weight that the code computes in a way that cannot be undone: the graph's notes say so
            changed |= written
            if reader.shift is not None:
                name, sign = reader.shift
                after = weights.left(name, state[name] + sign * shift)
                changed[name] = after.astype(state[name].dtype)
    return changed


def _ordered(weight: Floats, reader: Reader, stays: NDArray[np.bool_], kept: NDArray[np.int64] | None) -> Floats:
    """The weight, whose input channels are those that stay, with these in their new order."""
    if kept is None:
        return weight
    columns = np.tile(np.repeat(stays, reader.block), reader.groups if reader.in_axis == 0 else 1)
    return weight.take((np.cumsum(columns) - 1)[kept], reader.in_axis)


def _rows(reader: Reader, weight: NDArray[Any]) -> Floats:
    """The weight as [groups, input channels of a group, output channels of a group, all else].

    Columns that one channel owns side by side count as a kernel.
    """
    channels, rest = len(reader.units), weight.shape[2:]
    wide = weight.astype(np.float64)
    if reader.in_axis == 0:  # all inputs, then the outputs of one group
        split = wide.reshape(reader.groups, channels, reader.block, weight.shape[1], *rest)
        return split.swapaxes(2, 3).reshape(reader.groups, channels, weight.shape[1], -1)
    split = wide.reshape(reader.groups, -1, channels, reader.block, *rest)
    return split.swapaxes(1, 2).reshape(reader.groups, channels, split.shape[1], -1)


def _weight(rows: Floats, reader: Reader, rest: tuple[int, ...]) -> Floats:
    """The inverse of ``_rows``; ``rest`` holds the sizes of the weight's axes beyond the first two."""
    groups, channels, outputs, _ = rows.shape
    split = rows.reshape(groups, channels, outputs, reader.block, *rest)
    if reader.in_axis == 0:
        return split.swapaxes(2, 3).reshape(groups * channels * reader.block, outputs, *rest)
    return split.swapaxes(1, 2).reshape(groups * outputs, channels * reader.block, *rest)


def _gram(reader: Reader, moments: Moments) -> Floats:
    """Second moments, steadied; the constant column only where something takes up a shift."""
    gram = shrunk(moments.matrices[reader.weight], moments.samples[reader.weight])
    return gram if reader.shift is not None else gram[:, :-1, :-1]


def _solve(reader: Reader, stays: NDArray[np.bool_], moments: Moments, weight: NDArray[Any]) -> tuple[Floats, Floats]:
    """The weight over the input channels that stay, and the constant that its output gains."""
    rows, gram = _rows(reader, weight), _gram(reader, moments)
    groups, channels, outputs, _ = rows.shape
    flat = rows.reshape(groups, channels, -1)
    kept = np.concatenate([np.flatnonzero(stays), np.arange(channels, gram.shape[1])])
    gone = np.flatnonzero(~stays)
    share = np.linalg.solve(gram[:, kept[:, None], kept], gram[:, kept[:, None], gone])
    gained = share @ flat[:, gone]
    count = int(stays.sum())
    new = (flat[:, stays] + gained[:, :count]).reshape(groups, count, outputs, -1)
    constant = gained[:, count:].reshape(groups, -1, outputs, rows.shape[3]).sum(axis=(1, 3)).ravel()
    return _weight(new, reader, weight.shape[2:]), constant


def _eliminate(
    graph: ChannelStructure, group: Group, readers: list[Reader], moments: Moments, state: Mapping[str, NDArray[Any]]
) -> Ranking:
    """Remove unit after unit, each time the one that leaves the smallest error over all layers that read the group.

    What one unit does to several layers adds up coherently, so their errors add as amplitudes: the square of the sum
    of roots. Measured on ResNet-56 (35 % of the MACs, closed-form allocation, no training, mean of four calibration
    sets): 79.2 % so, 77.2 % with plain sums, which prune the residual stream too much.
    """
    parts = []
    for reader in readers:
        units = reader.units - group.offset
        if ((units >= 0) & (units < group.size)).any():
            rows = _rows(reader, moments.weights.get(reader.weight, state[reader.weight])).reshape(
                reader.groups, len(units), -1
            )
            parts.append(Elimination(_gram(reader, moments), rows, units, group.size))
    if not parts:  # nothing with a weight reads it: what produces it has to say
        scores = magnitude_scores(graph)[group.id]
        return Ranking.of_scores(scores / max(scores.sum(), 1e-30))
    order, error = np.empty(group.size, dtype=np.int64), np.zeros(group.size + 1)
    before, gone = np.zeros(len(parts)), np.zeros(group.size)
    for step in range(group.size):
        added = np.array([part.costs() for part in parts])
        total = np.sqrt(before[:, None] + added).sum(axis=0) ** 2
        unit = int(np.argmin(total + gone))
        before += added[:, unit]
        order[step], error[step + 1], gone[unit] = unit, max(total[unit], error[step]), np.inf
        for part in parts:
            part.remove(unit)
    return Ranking(order, error)
