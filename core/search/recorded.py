"""What a journal already says of the trials of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from prunekit.core.search.errors import JournalError
from prunekit.core.search.trial import Result


class Recorded:
    """The entries of a journal by trial. Asks stand in order, results in the order in which they arrived.

    Args:
        path: The journal's file, for messages.
        entries: Its entries after the first.
        lag: The search's lag.

    Raises:
        JournalError: The entries are not those of a search.
    """

    def __init__(self, path: Path, entries: Sequence[Mapping[str, Any]], lag: int) -> None:
        self._path, self._lag = path, lag
        self.asks: list[dict[str, Any]] = []
        self.losses: dict[int, list[str]] = {}
        self._tells: dict[int, Mapping[str, Any]] = {}
        arrived: dict[int, int] = {}
        self._last_ask = self._last_other = -1
        for place, entry in enumerate(entries):
            number = entry["id"]
            self._check(place + 2, entry)
            if entry["event"] == "ask":
                self.asks.append({key: value for key, value in entry.items() if key != "event"})
                self._last_ask = place
                continue
            self._last_other = place
            if entry["event"] == "lost":
                self.losses.setdefault(number, []).append(entry["message"])
            else:
                self._tells[number] = entry
                arrived[number] = place
        in_order = [arrived.get(number, len(entries)) for number in range(len(self.asks))]
        self._complete = list(accumulate(in_order, max))  # where each trial's result and those before it are there

    def has_asked(self, asked: Mapping[str, Any]) -> bool:
        """Whether a trial was asked before, as its summary says.

        Raises:
            JournalError: Another trial has its number.
        """
        number = asked["id"]
        if number >= len(self.asks):
            return False
        recorded = self.asks[number]
        if recorded != asked and not ("error" in recorded and "error" in asked):
            different = [key for key in {**recorded, **asked} if recorded.get(key) != asked.get(key)]
            raise JournalError(
                f"{self._path}: trial {number} is not the one that was recorded (different: {', '.join(different)})."
                " The weights, the data, the yml or the versions of the libraries have changed; start a new task"
            )
        return True

    def result(self, number: int) -> Result | None:
        """Return the result of a trial; None where it has not arrived."""
        told = self._tells.get(number)
        return None if told is None else Result.from_json(told["result"], told["measured"])

    def went_on_after(self, number: int) -> bool:
        """Whether the search had gone on after this trial was told, so that no hook had ended it there.

        A trial is told at once when the results up to its own are there, after at most those asks that its result may
        not influence: any other line after them was written by a search that went on.
        """
        if number >= len(self._complete):
            return False
        since = self._complete[number]
        return self._last_other > since or (self._last_ask > since and len(self.asks) > number + self._lag)

    def _check(self, line: int, entry: Mapping[str, Any]) -> None:
        number, asked = entry["id"], len(self.asks)
        if entry["event"] == "ask":
            wrong = "" if number == asked else f"is asked where trial {asked} is next"
        elif number >= asked:
            wrong = "was not asked"
        elif number in self._tells:
            wrong = "has its result already"
        else:
            wrong = ""
        if wrong:
            raise JournalError(
                f"{self._path}:{line}: trial {number} {wrong}: the file was edited. Restore it, or start a new task"
            )
