"""Numbers of units near given ones that change what comes of no comparison of sizes in the network's code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.flips import Flip, Keep, flip
from prunekit.core.graph.structure import ChannelStructure, Comparison


class NearestCounts:
    """Finds counts near given ones that change the outcome of no comparison.

    Args:
        graph: What can go.
        orders: For each group its units in the order in which they go.
        allowed: For each group the ascending numbers of units that it may keep.
        fewer: Whether rather fewer units are kept than more, as under a budget.
    """

    def __init__(
        self,
        graph: ChannelStructure,
        orders: Sequence[NDArray[np.int64]],
        allowed: Sequence[Sequence[int] | NDArray[np.int64]],
        fewer: bool = False,
    ) -> None:
        self._graph, self._orders, self._allowed, self._fewer = graph, orders, allowed, fewer
        ends = [group.offset + group.size for group in graph.groups]
        of_unit = np.repeat(np.arange(len(ends)), np.diff([0, *ends]))
        self._groups = [_groups(comparison, of_unit) for comparison in graph.comparisons]

    def of(self, counts: Sequence[int] | NDArray[np.int64]) -> tuple[list[int], dict[int, Flip]]:
        """The counts, and for each group whose count is another one what would have come of that.

        One group at a time is moved as little as possible, so that fewer comparisons come out the other way; where no
        group can do that, those concerned keep all that they may.
        """
        found, moved = [int(count) for count in counts], dict[int, Flip]()
        keep = np.concatenate([np.zeros(0, dtype=bool), *(self._flags(k, n) for k, n in enumerate(found))])
        for _ in range(2 * (len(found) + len(self._groups))):
            wrong = [k for k, comparison in enumerate(self._graph.comparisons) if flip(comparison, keep)]
            if not wrong:
                break
            first = flip(self._graph.comparisons[wrong[0]], keep)
            step = self._step(found, keep, wrong) or self._whole(found, wrong[0])
            if first is None or not step:
                break
            for index, count in step.items():
                found[index] = count
                self._put(keep, index, count)
                moved.setdefault(index, first)
        return found, {index: first for index, first in moved.items() if found[index] != counts[index]}

    def possible(self, index: int) -> NDArray[np.int64]:
        """Those of a group's counts at which, all else kept, no comparison of its units alone changes its outcome."""
        alone = [c for c, groups in zip(self._graph.comparisons, self._groups, strict=True) if groups == [index]]
        keep, found = np.ones(self._graph.units, dtype=bool), list[int]()
        for count in self._allowed[index]:
            self._put(keep, index, int(count))
            if not any(flip(comparison, keep) for comparison in alone):
                found.append(int(count))
        return np.array(found, dtype=np.int64)

    def _step(self, counts: Sequence[int], keep: Keep, wrong: Sequence[int]) -> dict[int, int]:
        """The smallest change of one group after which fewer comparisons come out the other way."""
        ways = [
            (abs(n - counts[k]), (n < counts[k]) != self._fewer, k, n)
            for k in self._groups[wrong[0]]
            for n in self._allowed[k]
        ]
        for distance, _, index, count in sorted(ways):
            concerned = [k for k, groups in enumerate(self._groups) if index in groups]
            if distance:
                self._put(keep, index, count)
                after = sum(flip(self._graph.comparisons[k], keep) is not None for k in concerned)
                self._put(keep, index, counts[index])
                if after < sum(k in concerned for k in wrong):
                    return {index: int(count)}
        return {}

    def _whole(self, counts: Sequence[int], comparison: int) -> dict[int, int]:
        most = {index: int(self._allowed[index][-1]) for index in self._groups[comparison]}
        return {index: count for index, count in most.items() if count != counts[index]}

    def _put(self, keep: Keep, index: int, count: int) -> None:
        group = self._graph.groups[index]
        keep[group.offset : group.offset + group.size] = self._flags(index, count)

    def _flags(self, index: int, count: int) -> Keep:
        order = self._orders[index]
        flags = np.zeros(order.size, dtype=bool)
        flags[self._graph.groups[index].last(order, count)] = True
        return flags


def _groups(comparison: Comparison, of_unit: NDArray[np.int64]) -> list[int]:
    """Positions of the groups that a comparison's sizes depend on."""
    units = np.concatenate(list(comparison.units.values()))
    return [int(index) for index in np.unique(of_unit[units[units >= 0]])]
