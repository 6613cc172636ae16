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

from prunekit.core.graph.channel_graph import Axis, ChannelGraph, Group, Layer, Reader
from prunekit.core.pruning.moments import Moments
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.ranking import Ranking

RIDGE = 1e-4
"""Added to G's diagonal, relative to its mean: channels that never fire leave G singular."""

Floats = NDArray[np.float64]


def rank(graph: ChannelGraph, moments: Moments, state: Mapping[str, NDArray[Any]]) -> dict[int, Ranking]:
    """For each group the nested order in which greedy elimination removes its units, and the error it leaves.

    The error of a layer is taken relative to the power of its output, so that layers can be compared and added.
    """
    readers = [reader for reader in graph.readers if reader.weight in moments.matrices]
    return {group.id: _eliminate(graph, group, readers, moments, state) for group in graph.groups}


def compensated(
    graph: ChannelGraph, plan: PrunePlan, moments: Moments, state: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """New weights (and what takes up shifts) of the pruned network, solved once for all that each layer reads.

    Args:
        graph: The channel graph.
        plan: What stays.
        moments: What the layers of the original network read.
        state: Parameters and buffers of the original network.
    """
    keep = plan.flags(graph)
    axes = {(axis.parameter, axis.axis): axis for axis in graph.axes}
    changed: dict[str, NDArray[Any]] = {}
    for reader in graph.readers:
        stays = (reader.units < 0) | keep[reader.units]
        if reader.weight in moments.matrices and not stays.all():
            layer = graph.layers[reader.mid]
            weight, shift = _solve(reader, layer, stays, moments, state[reader.weight])
            cut = [(k, axes.get((reader.weight, k))) for k in range(weight.ndim) if k != reader.in_axis]
            for axis, owned in cut:
                weight = _kept(weight, axis, owned, keep)
            changed[reader.weight] = weight.astype(state[reader.weight].dtype)
            if reader.shift is not None:
                name, sign = reader.shift
                before = state[name]
                after = (before + sign * shift).astype(before.dtype)
                changed[name] = _kept(after, 0, axes.get((name, 0)), keep)
    return changed


def _kept(array: NDArray[Any], axis: int, owned: Axis | None, keep: NDArray[np.bool_]) -> NDArray[Any]:
    return array if owned is None else array.compress((owned.units < 0) | keep[owned.units], axis)


def _rows(reader: Reader, layer: Layer, weight: NDArray[Any]) -> tuple[Floats, tuple[int, ...]]:
    """The weight as [groups, input channels of a group, everything else with its outputs first]."""
    out_axis = layer.out_axis if layer.out_axis is not None else 1 - reader.in_axis
    order = (reader.in_axis, out_axis, *(k for k in range(weight.ndim) if k not in (reader.in_axis, out_axis)))
    moved = weight.astype(np.float64).transpose(order)
    channels, outputs = len(reader.units), moved.shape[1]
    if reader.block > 1:  # columns that one channel owns side by side count as a kernel
        moved = moved.reshape(channels, reader.block, outputs).swapaxes(1, 2)
    split = moved.reshape(channels, reader.groups, outputs // reader.groups, -1).swapaxes(0, 1)
    return split.reshape(reader.groups, channels, -1), split.shape


def _weight(rows: Floats, split: tuple[int, ...], reader: Reader, layer: Layer, shape: tuple[int, ...]) -> Floats:
    """The inverse of ``_rows`` for fewer input channels; ``shape`` is that of the original weight."""
    channels = rows.shape[1]
    moved = rows.reshape(reader.groups, channels, *split[2:]).swapaxes(0, 1)
    outputs = split[2] * reader.groups
    moved = moved.reshape(channels, outputs, -1)
    if reader.block > 1:
        moved = moved.swapaxes(1, 2).reshape(channels * reader.block, outputs, 1)
    out_axis = layer.out_axis if layer.out_axis is not None else 1 - reader.in_axis
    rest = [k for k in range(len(shape)) if k not in (reader.in_axis, out_axis)]
    full = moved.reshape(moved.shape[0], outputs, *(shape[k] for k in rest))
    return np.moveaxis(full, range(len(shape)), (reader.in_axis, out_axis, *rest))


def _gram(reader: Reader, moments: Moments) -> Floats:
    """Second moments with a little ridge; the constant column only where something takes up a shift."""
    matrices = moments.matrices[reader.weight]
    channels = matrices.shape[1] - 1
    diagonal = np.arange(channels)
    gram = matrices.copy() if reader.shift is not None else matrices[:, :channels, :channels].copy()
    scale = matrices[:, diagonal, diagonal].mean(axis=1, keepdims=True)
    gram[:, diagonal, diagonal] += RIDGE * scale + np.finfo(np.float64).tiny
    return gram


def _solve(
    reader: Reader, layer: Layer, stays: NDArray[np.bool_], moments: Moments, weight: NDArray[Any]
) -> tuple[Floats, Floats]:
    """The weight over the input channels that stay, and the constant that its output gains."""
    rows, split = _rows(reader, layer, weight)
    gram = _gram(reader, moments)
    kept = np.concatenate([np.flatnonzero(stays), np.arange(len(stays), gram.shape[1])])
    gone = np.flatnonzero(~stays)
    ridge = np.linalg.solve(gram[:, kept[:, None], kept], gram[:, kept[:, None], gone])
    gained = ridge @ rows[:, gone]
    channels = int(stays.sum())
    new = _weight(rows[:, stays] + gained[:, :channels], split, reader, layer, weight.shape)
    constant = gained[:, channels:].reshape(reader.groups, -1, split[2], split[3]).sum(axis=(1, 3)).ravel()
    return new, constant


class _Elimination:
    """One layer (one group of a convolution) while units of one channel group go, one after the other."""

    def __init__(self, gram: Floats, rows: Floats, columns: list[NDArray[np.int64]]) -> None:
        extra = gram.shape[0] - rows.shape[0]  # the constant column carries no weight
        self.rows = np.concatenate([rows, np.zeros((extra, rows.shape[1]))])
        self.inverse = np.linalg.inv(gram)
        self.columns = columns
        self.single = all(len(c) == 1 for c in columns)
        self.first = np.array([c[0] if len(c) else -1 for c in columns])
        mean = gram[: len(rows), -1:] if extra else np.zeros((len(rows), 1))
        self.power = float(np.sum(rows * ((gram[: len(rows), : len(rows)] - mean * mean.T) @ rows))) + 1e-30

    def costs(self, units: NDArray[np.int64]) -> Floats:
        """The relative error that each of these units would add."""
        if self.single:
            at = self.first[units]
            return np.asarray((self.rows[at] ** 2).sum(axis=1) / self.inverse[at, at] / self.power)
        return np.array([self._cost(self.columns[unit]) for unit in units]) / self.power

    def remove(self, unit: int) -> None:
        """Let the others absorb this unit."""
        gone = self.columns[unit]
        if len(gone):
            gain = np.linalg.solve(self.inverse[np.ix_(gone, gone)], self.inverse[gone]).T
            self.rows -= gain @ self.rows[gone]
            self.inverse -= gain @ self.inverse[gone]

    def _cost(self, gone: NDArray[np.int64]) -> float:
        if not len(gone):
            return 0.0
        rows = self.rows[gone]
        return float(np.sum(rows * np.linalg.solve(self.inverse[np.ix_(gone, gone)], rows)))


def _eliminate(
    graph: ChannelGraph, group: Group, readers: list[Reader], moments: Moments, state: Mapping[str, NDArray[Any]]
) -> Ranking:
    parts = []
    for reader in readers:
        local = reader.units - group.offset
        if not ((local >= 0) & (local < group.size)).any():
            continue
        columns = [np.flatnonzero(local == unit) for unit in range(group.size)]
        rows, _ = _rows(reader, graph.layers[reader.mid], state[reader.weight])
        gram = _gram(reader, moments)
        parts += [_Elimination(gram[q], rows[q], columns) for q in range(reader.groups)]
    left, order, error = np.arange(group.size), [], [0.0]
    while left.size:
        costs = sum((part.costs(left) for part in parts), np.zeros(left.size))
        best = int(np.argmin(costs))
        order.append(int(left[best]))
        error.append(error[-1] + max(float(costs[best]), 0.0))
        for part in parts:
            part.remove(order[-1])
        left = np.delete(left, best)
    return Ranking(np.array(order, dtype=np.int64), np.array(error))
