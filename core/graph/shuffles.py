"""Channel shuffles one after the other: from every part that code takes equally many channels go, and no more is asked.

Where code divides an axis into equal parts, a unit is one position in every part. Where it then deals the channels out
anew and divides them again (ShuffleNet), such ties chain, and soon all channels hang together. But only their number
matters: what stays is put in another order, in which the smaller network's code takes each channel the way that it
takes in the whole one. Where each place of the smaller network leads to is found by following its channels too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.flow import follow
from prunekit.core.graph.flow_state import FlowState
from prunekit.core.graph.itineraries import Itineraries
from prunekit.core.graph.labels import IntArray, components
from prunekit.core.graph.resizing import Resizer
from prunekit.core.graph.structure import Group


def chained(flow: FlowState, produced: Sequence[IntArray]) -> set[int]:
    """First results of operators that divide an axis, of whose parts one has positions that hang together.

    Args:
        flow: A labelled forward.
        produced: The classes that each layer produces.
    """
    root = flow.labels.classes()
    tangled = [d for d in flow.divided if (_distinct(root[d.parts]) < _distinct(d.parts)).any()]
    if not tangled:
        return set()
    pairs = [(np.full_like(classes, classes[0]), classes) for classes in produced]
    together = components(root.size, [*pairs, *flow.labels.loose()], root)
    found = {int(together[divided.parts[0, 0]]) for divided in tangled}
    return {divided.result for divided in flow.divided if divided.free and int(together[divided.parts[0, 0]]) in found}


def _distinct(rows: IntArray) -> IntArray:
    """How many different numbers there are in each row."""
    return np.asarray((np.diff(np.sort(rows, axis=1), axis=1) != 0).sum(axis=1) + 1)


class Arrangement:
    """The channels of groups that code deals out by counting, in the whole network and in smaller ones.

    Args:
        flow: The labelled forward of the whole network.
        unit: The unit of each label, or -1.
        groups: The groups that are dealt out.

    Attributes:
        full: For each group, in how many steps it can go.
        whole: The ways of the whole network's channels.
        units: The unit of each class there, or -1.
    """

    def __init__(self, flow: FlowState, unit: IntArray, groups: Sequence[Group]) -> None:
        self._dealt: Collection[int] = flow.dealt
        self._owner = np.full(unit.size, -1, dtype=np.int64)
        for number, group in enumerate(groups):
            self._owner[(unit >= group.offset) & (unit < group.offset + group.size)] = number
        self._unit, self._resizer = unit, Resizer(flow, self._owner)
        self.full = self._resizer.full
        self.whole = self.smaller(self.full)
        self.units = np.full(self.whole.root.size, -1, dtype=np.int64)
        for name, axes in self.whole.parameters.items():
            for labels, same in zip(axes, flow.parameters[name], strict=True):
                if labels is not None and same is not None:
                    self.units[self.whole.root[labels]] = unit[same]

    def smaller(self, steps: Sequence[int]) -> Itineraries:
        """The ways in the network in which so many steps of each group stay.

        Raises:
            ValueError: There is no such network.
        """
        return Itineraries.of(follow(self._resizer.graph(steps), dealt=self._dealt))

    def positions(self, keep: NDArray[np.bool_]) -> dict[tuple[str, int], IntArray]:
        """For each parameter and axis along which such channels lie the positions that stay, in their new order.

        Args:
            keep: Whether each unit stays, as quotas allow; what is not dealt out is listed in any case.

        Raises:
            ValueError: Quotas do not allow it.
        """
        stays, steps = np.append(keep, True)[self._unit], list[int]()
        for number, full in enumerate(self.full):
            of_group = stays[self._owner == number]
            steps.append(full * int(of_group.sum()) // of_group.size)
        small, whole = self.smaller(steps), self.whole
        classes, dealt = whole.classes(), np.zeros(keep.size + 1, dtype=bool)
        dealt[self._unit[self._owner >= 0]] = True
        units = self.units[classes]
        before = whole.sorted(classes[~dealt[units] | np.append(keep, True)[units]])
        after = small.sorted(small.classes())
        if not np.array_equal(whole.marks[before], small.marks[after]):
            raise ValueError("the code of the smaller network takes channels other ways than the whole one's")
        original = np.empty(small.root.size, dtype=np.int64)
        original[after] = before
        return {
            (name, axis): original[labels] - all_labels[0]  # the labels of a parameter's axis are consecutive
            for name, found in small.parameters.items()
            for axis, (labels, all_labels) in enumerate(zip(found, whole.parameters[name], strict=True))
            if labels is not None and all_labels is not None
        }
