"""Evaluates no network twice: tight bounds may leave few, and each may cost a fine-tuning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from prunekit.core.search.trial import Result, Trial

Counts = tuple[int, ...]


class EqualNetworks:
    """Which trials ask about one network. Of these each waits for the one before it, and takes a good result over.

    Args:
        costs: The measured costs that a result holds beside the seconds that it took.
    """

    def __init__(self, costs: Iterable[str] = ()) -> None:
        self._costs = tuple(f"{cost}_" for cost in costs)
        self._last: dict[Counts, int] = {}
        self._good: dict[Counts, tuple[int, Result]] = {}
        self._settled: set[int] = set()
        self._next: dict[int, int] = {}

    def has_turn(self, number: int, trial: Trial) -> bool:
        """Enter a trial; whether none before it with this network is without a result."""
        before = self._last.get(trial.counts)
        self._last[trial.counts] = number
        if before is None or before in self._settled:
            return True
        self._next[before] = number
        return False

    def taken_over(self, trial: Trial) -> Result | None:
        """The result of the first trial that evaluated this network; None where none could."""
        if trial.counts not in self._good:
            return None
        number, result = self._good[trial.counts]
        costs = {name: value for name, value in result.measured.items() if name.startswith(self._costs)}
        return replace(result, reward=None, message=f"as episode {number + 1}", measured=costs)

    def settle(self, number: int, trial: Trial, result: Result) -> int | None:
        """Take a trial's result; return the trial that has waited for it, if any."""
        self._settled.add(number)
        if result.status == "ok":
            self._good.setdefault(trial.counts, (number, result))
        return self._next.pop(number, None)
