"""The exponential moving average of a network's weights and statistics: when it moves, and how the network has it."""

from __future__ import annotations

import contextlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any


class MovingAverage(ABC):
    """Follows a network step by step; numbers that are no floating-point ones are those of the last step.

    Args:
        network: Whose.
        decay: How much of itself it keeps in a step, in the end.
        ramp: Over how many steps that grows: the n-th keeps ``decay * (1 - exp(-n / ramp))``.

    Attributes:
        steps: How many it has seen.
    """

    def __init__(self, network: Any, decay: float, ramp: float) -> None:
        self._network, self._decay, self._ramp, self.steps = network, decay, ramp, 0
        self._kept = self._now()

    def update(self) -> None:
        """Move towards the network as it is after a step."""
        self.steps += 1
        self._move(1 - self._decay * (1 - math.exp(-self.steps / self._ramp)))

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Inside the block the network has the average."""
        before = self._now()
        self.take()
        try:
            yield
        finally:
            self._put(before)

    def take(self) -> None:
        """Give it to the network."""
        self._put(self._kept)

    @abstractmethod
    def _now(self) -> dict[str, Any]:
        """Copies of what the network has, by name."""

    @abstractmethod
    def _put(self, values: dict[str, Any]) -> None:
        """Give the network other values."""

    @abstractmethod
    def _move(self, share: float) -> None:
        """Go this share of the way from what is kept to what the network has."""
