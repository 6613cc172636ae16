"""Comparisons of sizes in the network's code that come out another way when units go.

A network that takes another branch is another function, and no proof of another plan says anything about it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.size_arithmetic import evaluated
from prunekit.core.graph.structure import ChannelStructure, Comparison, staying
from prunekit.core.graph.tracked_sizes import SizeOrigin

Keep = NDArray[np.bool_]

_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True)
class Flip:
    """A comparison that comes out the other way.

    Attributes:
        comparison: The comparison.
        left: What its left side would be; None where that cannot be computed.
        right: What its right side would be.
    """

    comparison: Comparison
    left: float | None
    right: float | None

    def __str__(self) -> str:
        one = self.comparison
        was = f"{one.place} (in {one.module or 'the network'}): {_value(one.left)} {one.operator} {_value(one.right)}"
        if self.left is None or self.right is None:
            return f"{was} is {one.holds}, and might not be so any more"
        return f"{was} is {one.holds}, {self.left} {one.operator} {self.right} would be {not one.holds}"


def flips(graph: ChannelStructure, keep: Keep) -> list[Flip]:
    """The comparisons whose outcome changes when only the units flagged stay."""
    return [found for one in graph.comparisons if (found := flip(one, keep)) is not None]


def flip(comparison: Comparison, keep: Keep) -> Flip | None:
    """How a comparison comes out the other way when only the units flagged stay, or None if it does not."""
    sizes = {leaf: int(staying(units, keep).sum()) for leaf, units in comparison.units.items()}
    left, right = evaluated(comparison.left, sizes), evaluated(comparison.right, sizes)
    if left is None or right is None:
        return Flip(comparison, left, right)
    holds = _HOLDS[comparison.operator](left, right)
    return None if holds == comparison.holds else Flip(comparison, left, right)


def _value(side: SizeOrigin | float) -> float:
    return side if isinstance(side, (int, float)) else side.value
