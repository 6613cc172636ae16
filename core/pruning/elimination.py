"""Greedy elimination in one layer: the cost of removing each unit while the others absorb those before it.

With H the inverse of the second moments of what the layer reads and W its weights (one row a channel), removing the
channels S costs ``tr(W_S^T (H_SS)^-1 W_S)``: the units' own blocks of H and of N = W W^T are enough. When channel q
goes, H loses u u^T and N loses u v^T + v u^T, with ``u = H_q / sqrt(H_qq)`` and
``v = N_q / sqrt(H_qq) - u N_qq / (2 H_qq)``; so the width of W does not matter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GATHERED = 48
"""After so many channels the matrices are brought up to date, by one product; until then u and v are kept apart."""

Floats = NDArray[np.float64]


class Elimination:
    """One layer; the groups of a grouped convolution lie along the first axis of every array.

    Args:
        gram: Second moments of what the layer reads, [groups, C, C] or, with a constant column, [groups, C + 1, C + 1].
        rows: The layer's weights, [groups, C, all else].
        units: For each of the C channels the unit that owns it; outside 0 to ``size`` it is none of this group's.
        size: Number of units.
    """

    def __init__(self, gram: Floats, rows: Floats, units: NDArray[np.int64], size: int) -> None:
        channels = rows.shape[1]
        products = rows @ rows.swapaxes(1, 2)
        mean = gram[:, :channels, channels:]  # without a constant column it is empty, and its square zero
        variances = gram[:, :channels, :channels] - mean @ mean.swapaxes(1, 2)
        self._power = float(np.sum(variances * products)) + 1e-30
        owned = np.flatnonzero((units >= 0) & (units < size))
        self._inverse = np.asarray(np.linalg.inv(gram)[:, owned[:, None], owned], dtype=np.float64)
        self._products = products[:, owned[:, None], owned]
        self._slots = _slots(units[owned], size)
        self._own_inverse = _blocks(self._inverse, self._slots)
        self._own_inverse += (self._slots == owned.size)[:, :, None] * np.eye(self._slots.shape[1])
        self._own_products = _blocks(self._products, self._slots)
        self._columns = np.arange(owned.size)  # those that the matrices hold
        self._alive = np.ones(owned.size, dtype=bool)
        self._us, self._vs = np.empty((2, len(gram), GATHERED, owned.size))
        self._gathered = 0

    def costs(self) -> Floats:
        """What each unit would add to the layer's error, relative to its output's power; 0 for those that are gone."""
        if self._slots.shape[1] == 1:
            costs = self._own_products[:, :, 0, 0] / self._own_inverse[:, :, 0, 0]
        else:
            costs = np.trace(np.linalg.solve(self._own_inverse, self._own_products), axis1=2, axis2=3)
        return np.asarray(np.maximum(costs.sum(axis=0), 0) / self._power)

    def remove(self, unit: int) -> None:
        """Let the others absorb this unit."""
        for column in self._slots[unit]:
            if column < self._alive.size:
                self._remove(int(column))
        self._own_inverse[:, unit], self._own_products[:, unit] = np.eye(self._slots.shape[1]), 0

    def _remove(self, column: int) -> None:
        at = int(np.searchsorted(self._columns, column))
        us, vs = self._us[:, : self._gathered], self._vs[:, : self._gathered]
        both = np.stack([us[:, :, at], vs[:, :, at]], axis=1) @ us
        inverse = self._inverse[:, at] - both[:, 0]
        products = self._products[:, at] - both[:, 1] - (us[:, None, :, at] @ vs)[:, 0]
        pivot = inverse[:, at, None]
        u = inverse / np.sqrt(pivot)
        v = products / np.sqrt(pivot) - u * (products[:, at, None] / (2 * pivot))
        self._us[:, self._gathered], self._vs[:, self._gathered] = u, v
        self._gathered += 1
        self._alive[column] = False
        self._follow(u, v)
        if self._gathered == GATHERED:
            self._apply()

    def _follow(self, u: Floats, v: Floats) -> None:
        """Update the units' own blocks."""
        wide = np.zeros((2, len(u), self._alive.size + 1))  # one more for the slots that hold no column
        wide[:, :, self._columns] = u, v
        wide[:, :, :-1] *= self._alive
        left, right = wide[:, :, self._slots]
        self._own_inverse -= left[..., :, None] * left[..., None, :]
        cross = left[..., :, None] * right[..., None, :]
        self._own_products -= cross + cross.swapaxes(2, 3)

    def _apply(self) -> None:
        """Update the matrices, and drop from them what is gone."""
        left = self._alive[self._columns]
        at = np.flatnonzero(left)
        us, vs = self._us[:, :, at], self._vs[:, :, at]
        cross = us.swapaxes(1, 2) @ vs
        self._inverse = self._inverse[:, at[:, None], at] - us.swapaxes(1, 2) @ us
        self._products = self._products[:, at[:, None], at] - (cross + cross.swapaxes(1, 2))
        self._columns = self._columns[left]
        self._us, self._vs = np.empty((2, len(us), GATHERED, at.size))
        self._gathered = 0


def _slots(units: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The columns of each unit, [size, most columns of any]; where a unit has fewer, the number of all columns."""
    order = np.argsort(units, kind="stable")
    counts = np.bincount(units, minlength=size)
    slots = np.full((size, int(counts.max())), units.size)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    slots[units[order], np.arange(units.size) - starts[units[order]]] = order
    return slots


def _blocks(matrices: Floats, slots: NDArray[np.int64]) -> Floats:
    """The rows and columns of each unit, [groups, units, slots, slots]; zero where a slot holds no column."""
    padded = np.pad(matrices, ((0, 0), (0, 1), (0, 1)))
    return np.asarray(padded[:, slots[:, :, None], slots[:, None, :]])
