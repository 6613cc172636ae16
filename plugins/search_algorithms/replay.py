"""The transitions that an agent learns from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Batch(NamedTuple):
    """Transitions, one a row; ``alive`` is 0 where the episode ended."""

    states: Floats
    actions: Floats
    rewards: Floats
    following: Floats
    alive: Floats


class Replay:
    """Holds the last ``capacity`` transitions."""

    def __init__(self, capacity: int, state_size: int) -> None:
        self._fields = Batch(
            *(np.zeros((capacity, width), dtype=np.float32) for width in (state_size, 1, 1, state_size, 1))
        )
        self._capacity = capacity
        self._written = 0

    def __len__(self) -> int:
        return min(self._written, self._capacity)

    def add(self, states: NDArray[np.float64], actions: NDArray[np.float64], reward: float) -> None:
        """Add an episode; every step gets its reward, and the last one has no state to follow it."""
        steps = len(actions)
        rows = np.arange(self._written, self._written + steps) % self._capacity
        following = np.concatenate([states[1:], np.zeros_like(states[:1])])
        self._fields.states[rows] = states
        self._fields.actions[rows, 0] = actions
        self._fields.rewards[rows] = reward
        self._fields.following[rows] = following
        self._fields.alive[rows, 0] = np.arange(steps) < steps - 1
        self._written += steps

    def sample(self, size: int, generator: np.random.Generator) -> Batch:
        """Return ``size`` different transitions, or all where there are fewer."""
        rows = generator.choice(len(self), min(size, len(self)), replace=False, shuffle=False)
        return Batch(*(values[rows] for values in self._fields))
