"""Evaluates candidates one after the other in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from prunekit.core.search import Evaluate, Lost, Result, Trial, evaluated
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.EXECUTOR, name="inline")
class Inline:
    """One candidate at a time, in the process of the search.

    Args:
        make: Makes what evaluates a trial.
    """

    capacity = 1
    in_process = True

    def __init__(self, make: Callable[[], Evaluate]) -> None:
        self._evaluate = make()
        self._given: deque[tuple[int, Trial]] = deque()

    def submit(self, number: int, trial: Trial) -> None:
        """Take a trial."""
        self._given.append((number, trial))

    def wait(self) -> tuple[int, Result | Lost]:
        """Evaluate the trial."""
        number, trial = self._given.popleft()
        return number, evaluated(self._evaluate, trial)

    def close(self) -> None:
        """There is nothing to end."""
        self._given.clear()
