"""Channel labels: integers that say which channel stands where, ties between them, and what is frozen.

A tensor carries a label for each position of each axis that tells channels apart: ``{axis: labels}``. A network with
a hundred million numbers has a few ten thousand labels, so all of this is cheap.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
Axes = dict[int, IntArray]


def components(size: int, pairs: Sequence[tuple[IntArray, IntArray]], known: IntArray | None = None) -> IntArray:
    """The smallest member of each node's connected component, by propagating minima.

    Args:
        size: Number of nodes.
        pairs: Nodes that are connected.
        known: The components without these pairs, of the first nodes.
    """
    root: IntArray = np.arange(size, dtype=np.int64)
    if known is not None:
        root[: known.size] = known
    if not pairs:
        return root
    left = np.concatenate([a for a, _ in pairs])
    right = np.concatenate([b for _, b in pairs])
    while True:
        a, b = root[left], root[right]
        if not (apart := a != b).any():
            return root
        left, right, a, b = left[apart], right[apart], a[apart], b[apart]  # what is together stays together
        np.minimum.at(root, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(root, shorter := root[root]):
            root = shorter


class Labels:
    """All labels of one network, what is tied and what is frozen."""

    def __init__(self) -> None:
        self.size = 0
        self._ties: list[tuple[IntArray, IntArray]] = []
        self._met: list[tuple[IntArray, IntArray]] = []
        self._loose: list[tuple[IntArray, IntArray]] = []
        self._known = np.zeros(0, dtype=np.int64)
        self._frozen: list[tuple[IntArray, str]] = []
        self._stays = np.zeros(0, dtype=bool)

    def fresh(self, count: int) -> IntArray:
        """``count`` new labels."""
        self.size += count
        return np.arange(self.size - count, self.size, dtype=np.int64)

    def tie(self, a: IntArray, b: IntArray) -> None:
        """Labels that meet when ``a`` and ``b`` are broadcast go or stay together."""
        if a is not b:
            a, b = np.broadcast_arrays(a, b)
            differ = a != b
            if differ.any():
                self._ties.append((a[differ], b[differ]))
                self._met.append(self._ties[-1])

    def tie_rows(self, table: IntArray) -> IntArray:
        """Tie every row of a table to the first, and return the first."""
        a, b = np.broadcast_arrays(table[:1], table)
        self._ties.append((a.ravel(), b.ravel()))
        return np.asarray(table[0])

    def strands(self) -> IntArray:
        """The smallest label that each label meets, directly or not; other rows of a table are other strands."""
        return components(self.size, self._met)

    def loosen(self, table: IntArray) -> None:
        """Of every row of a table equally many go, and the code does not say which: of all the same share."""
        self._loose.append((np.full(table.size, table[0, 0]), table.ravel()))

    def loose(self) -> list[tuple[IntArray, IntArray]]:
        """Pairs of labels of which equally many stay, as far as ``loosen`` was told."""
        return self._loose

    def freeze(self, labels: IntArray, reason: str) -> None:
        """None of these labels may go, and why; the first reason given is the one that is told."""
        if labels.size:
            self._frozen.append((np.unique(labels), reason))
            if self._stays.size < self.size:
                self._stays = np.concatenate([self._stays, np.zeros(self.size, dtype=bool)])
            self._stays[labels] = True

    def frozen(self, labels: IntArray) -> bool:
        """Whether all of these labels were frozen themselves, not only what they are tied with."""
        return bool(labels.max(initial=-1) < self._stays.size and self._stays[labels].all())

    def number_frozen(self, labels: IntArray) -> int:
        """How many of these labels were frozen themselves."""
        return int(self._stays[labels[labels < self._stays.size]].sum())

    def classes(self) -> IntArray:
        """The class of each label: the smallest label that it is tied with."""
        if self._ties or self._known.size < self.size:
            self._known, self._ties = components(self.size, self._ties, self._known), []
        return self._known

    def shares(self) -> IntArray:
        """The smallest label of which the same share stays as of each label: tied to it, also by number only."""
        return components(self.size, self._loose, self.classes())

    def tie_counts(self, a: IntArray, b: IntArray) -> None:
        """Of both lists of labels equally many stay: position by position, unless other ties see to it already."""
        if not np.array_equal(a, b):
            if self._loose and np.array_equal(np.sort(a), np.sort(b)):
                return
            root = self.shares() if self._loose else self.classes()
            if not np.array_equal(np.sort(root[a]), np.sort(root[b])):
                self.tie(a, b)

    def reasons(self, root: IntArray) -> dict[int, str]:
        """Why a class is frozen, for each class that is."""
        told: dict[int, str] = {}
        for labels, reason in self._frozen:
            for label in np.unique(root[labels]).tolist():
                told.setdefault(label, reason)
        return told
