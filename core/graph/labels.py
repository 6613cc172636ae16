"""Channel labels: integer arrays that say which channel stands where, ties between them, and what is frozen.

A tensor carries a tuple of label arrays. Each has as many axes as the tensor, of full size where it tells channels
apart and of size 1 where it does not; no two arrays of one tensor share an axis. A network with a hundred
million numbers has a few ten thousand labels, so all of this is cheap.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
LabelArrays = tuple[IntArray, ...]


def axes_of(array: IntArray) -> tuple[int, ...]:
    """The axes along which a label array tells channels apart."""
    return tuple(axis for axis, size in enumerate(array.shape) if size > 1)


def along(array: IntArray, axis: int, ndim: int) -> IntArray:
    """Lay a one-dimensional array along one axis of ``ndim``."""
    shape = [1] * ndim
    shape[axis] = array.size
    return array.reshape(shape)


def drop_constant_axes(array: IntArray) -> IntArray:
    """Shrink to size 1 every axis along which the labels do not change."""
    for axis in axes_of(array):
        first = array.take([0], axis)
        if np.array_equal(np.broadcast_to(first, array.shape), array):
            array = first
    return array


def components(size: int, pairs: Sequence[tuple[IntArray, IntArray]]) -> IntArray:
    """The smallest member of each node's connected component, by propagating minima."""
    root: IntArray = np.arange(size, dtype=np.int64)
    if not pairs:
        return root
    left = np.concatenate([a for a, _ in pairs])
    right = np.concatenate([b for _, b in pairs])
    while True:
        a, b = root[left], root[right]
        if np.array_equal(a, b):
            return root
        np.minimum.at(root, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(root, shorter := root[root]):
            root = shorter


class Labels:
    """All labels of one network, what is tied and what is frozen."""

    def __init__(self) -> None:
        self._size = 0
        self._ties: list[tuple[IntArray, IntArray]] = []
        self._frozen: list[tuple[IntArray, str]] = []
        self._rectangles: list[tuple[IntArray, bool]] = []
        self.pooled: list[IntArray] = []

    def fresh(self, count: int) -> IntArray:
        """``count`` new labels."""
        self._size += count
        return np.arange(self._size - count, self._size, dtype=np.int64)

    def tie(self, a: IntArray, b: IntArray) -> None:
        """Labels that meet when ``a`` and ``b`` are broadcast go or stay together."""
        a, b = np.broadcast_arrays(a, b)
        if a.size:
            self._ties.append((a.ravel(), b.ravel()))

    def freeze(self, array: IntArray, reason: str) -> None:
        """None of these labels may go, and why; the first reason given is the one that is told."""
        self._frozen.append((np.unique(array), reason))

    def fix(self, array: IntArray, axes: Sequence[int], reason: str) -> IntArray:
        """Keep the sizes of ``axes``: removal may not depend on the position along them.

        An array with no other axis is frozen; otherwise positions along ``axes`` are tied. Returns the labels of
        the first position.
        """
        axes = [axis for axis in axes_of(array) if axis in axes]
        if not axes:
            return array
        if len(axes) == len(axes_of(array)):
            self.freeze(array, reason)
        first = array
        for axis in axes:
            first = first.take([0], axis)
        self.tie(first, array)
        return first

    def rectangle(self, array: IntArray, last: bool = True) -> None:
        """One axis was split in several: what goes must leave whole positions of one of them (see ``settle``).

        Of the axes that may shrink, the last one is preferred, or the one before it.
        """
        self._rectangles.append((array, last))

    def settle(self) -> IntArray:
        """The class of each label, after every split axis has been given a legal unit.

        Where the code splits an axis into parts, a unit is one position in every part. Where something else has
        already tied labels so that whole positions of one axis go together, that is kept.
        """
        root = components(self._size, self._ties)
        for array, last in self._rectangles:
            axes = axes_of(array)
            if any(self._depends_only_on(root[array], axis) for axis in axes):
                continue
            shrinks = axes[-1] if last else axes[-2]
            first = array
            for axis in axes:
                if axis != shrinks:
                    first = first.take([0], axis)
            self.tie(first, array)
            root = components(self._size, self._ties)
        return root

    def reasons(self, root: IntArray) -> dict[int, str]:
        """Why a class is frozen, for each class that is."""
        told: dict[int, str] = {}
        for labels, reason in self._frozen:
            for label in np.unique(root[labels]).tolist():
                told.setdefault(label, reason)
        return told

    @staticmethod
    def _depends_only_on(classes: IntArray, axis: int) -> bool:
        first = classes
        for other in axes_of(classes):
            if other != axis:
                first = first.take([0], other)
        return np.array_equal(np.broadcast_to(first, classes.shape), classes)
