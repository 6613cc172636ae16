"""The way that each channel takes through a network: which tensors, and which of the parts that code divides them into.

Two channels that take the same way can change places, whatever their numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.flow_state import FlowState
from prunekit.core.graph.labels import IntArray

Marks = NDArray[np.uint64]


@dataclass(frozen=True)
class Itineraries:
    """The ways of all labels of a forward.

    Attributes:
        parameters: The labels along each axis of each parameter.
        root: The class of each label.
        marks: A number for the way of each label.
        kinds: A number for the ways of all labels of its class.
    """

    parameters: dict[str, list[IntArray | None]]
    root: IntArray
    marks: Marks
    kinds: Marks

    @classmethod
    def of(cls, flow: FlowState) -> Itineraries:
        """The ways through a labelled forward: sums of a random number for each place that a label comes to."""
        root, marks = flow.labels.classes(), np.zeros(flow.labels.size, dtype=np.uint64)
        for tensor, axes in flow.labelled().items():
            for axis, labels in axes.items():
                np.add.at(marks, labels, _number(tensor, axis))
        seen: dict[int, int] = {}
        for divided in flow.divided:
            seen[divided.result] = number = seen.get(divided.result, -1) + 1
            for row, labels in enumerate(divided.parts):
                np.add.at(marks, labels, _number(divided.result, number, row))
        marks += _mixed(_sums(marks, flow.labels.strands()))  # what it meets takes its way too
        return cls(flow.parameters, root, marks, _sums(marks, root))

    def classes(self) -> IntArray:
        """Every class once, ascending; this is asked for thousands of times, and `numpy.unique` is far slower."""
        found = np.zeros(self.root.size, dtype=bool)
        found[self.root] = True
        return np.flatnonzero(found)

    def sorted(self, classes: IntArray) -> IntArray:
        """The labels of some classes: by kind, then in the order of the classes, then by their ways.

        Of two forwards that have equally many of each kind, labels that correspond stand at the same places.
        """
        labels = np.flatnonzero(np.isin(self.root, classes))
        return labels[np.lexsort((labels, self.marks[labels], self.root[labels], self.kinds[labels]))]

    def ambiguous(self, classes: IntArray) -> bool:
        """Whether labels of one class take the same way and do not lie side by side: their order is not known then."""
        labels = self.sorted(classes)
        root, marks = self.root[labels], self.marks[labels]
        same = (root[1:] == root[:-1]) & (marks[1:] == marks[:-1])
        return bool((same & (np.diff(labels) != 1)).any())


@lru_cache(maxsize=1 << 16)
def _number(*place: int) -> np.uint64:
    """A random number for a place, the same in every run."""
    return np.uint64(int.from_bytes(blake2b(repr(place).encode(), digest_size=8).digest(), "little"))


def _sums(marks: Marks, of: IntArray) -> Marks:
    """For each label the sum over all labels that belong to the same."""
    sums = np.zeros(marks.size, dtype=np.uint64)
    np.add.at(sums, of, _mixed(marks))
    return sums[of]


def _mixed(marks: Marks) -> Marks:
    """Other random numbers for each, so that a sum of them says which ones they were (the finalizer of MurmurHash3)."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        marks = (marks ^ (marks >> np.uint64(33))) * np.uint64(factor)
    return marks ^ (marks >> np.uint64(33))
