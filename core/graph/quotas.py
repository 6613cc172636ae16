"""How many units of each kind can stay together where code deals channels out by counting."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from prunekit.core.graph.itineraries import Marks
from prunekit.core.graph.labels import IntArray
from prunekit.core.graph.shuffles import Arrangement
from prunekit.core.graph.structure import Group

Step = tuple[int, ...]

SAMPLES = 12
"""How many steps to look at to estimate how many are possible."""

GOLDEN = (5**0.5 - 1) / 2
"""Its multiples spread evenly over the unit interval, whatever the period of what is sampled."""


class Quotas:
    """What units of a group can stay: as many of each kind as the code of the smaller network has places for.

    Each number of units is found by following the smaller network's channels when it is first asked for.

    Args:
        arrangement: The channels of this group alone.
        group: The group.
        produced: How many channels its first layer produces.

    Attributes:
        kinds: The kind of each unit: which of the ways that the code deals out it takes.

    Raises:
        ValueError: Channels cannot be told apart well enough.
    """

    def __init__(self, arrangement: Arrangement, group: Group, produced: int) -> None:
        self._arrangement, self._produced = arrangement, produced
        (self._full,), self._size = arrangement.full, group.size
        whole, classes = arrangement.whole, arrangement.whole.classes()
        units = arrangement.units[classes] - group.offset
        mine = (units >= 0) & (units < group.size)
        if not np.array_equal(np.sort(units[mine]), np.arange(group.size)) or whole.ambiguous(classes[mine]):
            raise ValueError(f"the channels of group {group.id} cannot be told apart")
        kinds = np.empty(group.size, dtype=np.uint64)
        kinds[units[mine]] = whole.kinds[classes[mine]]
        _, first = np.unique(kinds, return_index=True)
        self._names: Marks = kinds[np.sort(first)]  # as they occur: their order says nothing of random numbers
        self._others: Marks = np.sort(whole.kinds[classes[~mine]])
        self.kinds: IntArray = (kinds[:, None] == self._names).argmax(axis=1)
        self._most = np.bincount(self.kinds)
        self._found: dict[int, Step | None] = {self._full: tuple(self._most.tolist())}

    @cached_property
    def counts(self) -> Sequence[int]:
        """The numbers of units that can stay, ascending."""
        return [sum(step) for n in range(1, self._full + 1) if (step := self._step(n))]

    def more_than(self, count: int) -> bool:
        """Whether more numbers of units can stay; of large groups estimated."""
        if self._full <= count:
            return False
        sample: Sequence[int] = range(1, self._full)
        if len(sample) > SAMPLES:
            sample = [1 + int(k * GOLDEN % 1 * (self._full - 1)) for k in range(1, SAMPLES + 1)]
        found = 1  # all of them
        for n in sample:
            found += self._step(n) is not None
            if found > count:
                return True
        return 1 + (found - 1) * (self._full - 1) > count * max(len(sample), 1)

    def nearest(self, units: float) -> int:
        """The number of units that can stay that is nearest to another number."""
        middle = min(max(round(self._full * units / self._size), 1), self._full)
        for distance in range(self._full):
            near = [step for n in {middle - distance, middle + distance} if (step := self._step(n))]
            if near:
                return min(map(sum, near), key=lambda count: (abs(count - units), -count))
        return self._size

    def step(self, count: int) -> Step:
        """How many of each kind stay of so many units.

        Raises:
            ValueError: So many cannot stay.
        """
        number, rest = divmod(count * self._full, self._size)
        step = None if rest else self._step(number)
        if step is None:
            raise ValueError(f"{count} units cannot stay, {self.nearest(count)} can")
        return step

    def channels(self, count: int) -> int:
        """How many channels the group's first layer has then."""
        return self._produced * count // self._size

    def allow(self, units: Sequence[int]) -> bool:
        """Whether these units can stay without the others."""
        step = tuple(np.bincount(self.kinds[list(units)], minlength=self._most.size).tolist())
        return self._step(len(units) * self._full // self._size) == step

    def _step(self, n: int) -> Step | None:
        """How many of each kind stay in the n-th step; None where code takes channels ways that the group has not."""
        if n not in self._found:
            self._found[n] = self._places(n) if 0 < n < self._full else None
        return self._found[n]

    def _places(self, n: int) -> Step | None:
        try:
            small = self._arrangement.smaller([n])
        except ValueError:  # sizes that the code's parts do not divide
            return None
        kinds = small.kinds[small.classes()]
        mine = np.isin(kinds, self._names)
        places = (kinds[mine][:, None] == self._names).sum(axis=0)
        known = np.array_equal(np.sort(kinds[~mine]), self._others) and places.sum() * self._full == n * self._size
        return tuple(places.tolist()) if known and (places <= self._most).all() else None
