"""Evaluates no network twice: tight bounds may leave few, and each may cost a fine-tuning."""

from __future__ import annotations

from dataclasses import replace

from prunekit.core.search.reward import LATENCY
from prunekit.core.search.trial import Result, Trial

Counts = tuple[int, ...]


class EqualNetworks:
    """Which trials ask about one network. Of these each waits for the one before it, and takes a good result over."""

    def __init__(self) -> None:
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
        times = {name: value for name, value in result.measured.items() if name.startswith(LATENCY)}
        return replace(result, reward=None, message=f"as episode {number + 1}", measured=times)

    def settle(self, number: int, trial: Trial, result: Result) -> int | None:
        """Take a trial's result; return the trial that has waited for it, if any."""
        self._settled.add(number)
        if result.status == "ok":
            self._good.setdefault(trial.counts, (number, result))
        return self._next.pop(number, None)
