"""What is known of channels that a network's code deals out in turn, as channel shuffles do, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.labels import IntArray


class UnitQuotas(Protocol):
    """How many units of which kind stay of a group, for each number that can stay."""

    @property
    def counts(self) -> Sequence[int]:
        """The numbers of units that can stay, ascending."""
        ...

    @property
    def kinds(self) -> IntArray:
        """The kind of each unit: where the code deals its channels to."""
        ...

    def nearest(self, units: float) -> int:
        """The number of units that can stay that is nearest to another number."""
        ...

    def step(self, count: int) -> Sequence[int] | IntArray:
        """How many units of each kind stay, of so many in all."""
        ...

    def channels(self, count: int) -> int:
        """How many channels of the group's first layer are left with so many units."""
        ...

    def allow(self, units: Sequence[int]) -> bool:
        """Whether just these units can stay."""
        ...


class ChannelOrder(Protocol):
    """In which order channels stand in a pruned network, where that is another one than before."""

    def positions(self, keep: NDArray[np.bool_]) -> Mapping[tuple[str, int], IntArray]:
        """For parameters and axes whose channels are dealt out, all positions, those that stay in their new order."""
        ...
