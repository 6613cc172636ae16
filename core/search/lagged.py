"""Asks and tells with a fixed lag: an algorithm sees one sequence, whoever evaluates its trials and how fast."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from prunekit.core.search.algorithm import SearchAlgorithm
from prunekit.core.search.errors import JournalError
from prunekit.core.search.executor import Executor
from prunekit.core.search.in_flight import InFlight
from prunekit.core.search.journal import Journal
from prunekit.core.search.recorded import Recorded
from prunekit.core.search.trial import Feedback, Record, Result, Trial
from prunekit.registry.errors import described


class Judge(Protocol):
    """What a result is worth, and whether a trial is worth an evaluation."""

    @property
    def measured_costs(self) -> tuple[str, ...]:
        """The measured costs that results hold."""
        ...

    def too_small(self, trial: Trial) -> str:
        """Why a trial is not worth one; nothing where it is."""
        ...

    def rewarded(self, trial: Trial, result: Result) -> Result:
        """The result with its reward; failed where there can be none."""
        ...

    def feedback(self, result: Result) -> Feedback | None:
        """What the algorithm is told of it; None where it is nothing to learn from."""
        ...

    def disagreement(self, trial: Trial | None, told: Result) -> str:
        """What a recorded result says that cannot be; else nothing."""
        ...


@dataclass
class _Asked:
    trial: Trial | None
    seconds: float
    result: Result | None = None
    replayed: bool = False


class LaggedSearch:
    """A search under way.

    Trial i is asked when exactly the results of trials 0 to i - lag have been told, in order; one that asks without
    them (``SearchAlgorithm.needs_told``) is asked as soon as there is room. Results are journalled as they arrive, one
    at a time: all that a result allows is told and asked before the next is taken.
    """

    def __init__(self, algorithm: SearchAlgorithm, executor: Executor, journal: Journal, judge: Judge) -> None:
        self._algorithm, self._journal, self._judge = algorithm, journal, judge
        self._lag = algorithm.settings.lag
        self._recorded = Recorded(journal.path, journal.entries, self._lag)
        self._flight = InFlight(
            executor,
            self._recorded.losses,
            lambda number, lost: journal.append({"event": "lost", "id": number, "message": lost.message}),
            judge.measured_costs,
        )
        self._asked: list[_Asked] = []
        self._told = 0
        self._all_asked = False

    def told(self) -> Iterator[Record]:
        """Run the search; yield each trial as soon as it is told, before anything else happens."""
        yield from self._advance()
        while self._flight:
            self._take(*self._flight.next())
            yield from self._advance()
        if len(self._recorded.asks) > len(self._asked):
            raise JournalError(
                f"{self._journal.path}: holds more trials than the {len(self._asked)} that the search asks"
            )

    def went_on_after(self, number: int) -> bool:
        """Whether the journal shows that the search had gone on when this trial had been told."""
        return self._recorded.went_on_after(number)

    def _advance(self) -> Iterator[Record]:
        while True:
            if self._may_tell():
                yield self._tell()
            elif not self._is_due():
                return
            elif self._algorithm.done:
                self._all_asked = True  # from now on nothing is asked without what is told
            else:
                self._ask()

    def _may_tell(self) -> bool:
        """Whether the next result is there, and no trial is still to be asked without it."""
        if self._told == len(self._asked) or self._asked[self._told].result is None:
            return False
        without_it = range(len(self._asked), self._told + self._lag)
        return self._all_asked or not any(self._algorithm.needs_told(number) for number in without_it)

    def _is_due(self) -> bool:
        """Whether the next trial may be asked now."""
        number = len(self._asked)
        if self._all_asked:
            return False
        if self._algorithm.needs_told(number):
            return self._told == max(0, number - self._lag + 1)
        return len(self._flight) < max(self._lag, self._flight.capacity)

    def _ask(self) -> None:
        number, started = len(self._asked), time.perf_counter()
        trial, problem = _asked_trial(self._algorithm)
        summary = trial.summary() if trial else {"id": number, "error": problem}
        if not self._recorded.has_asked(summary):
            self._journal.append({"event": "ask", **summary})
        asked = _Asked(trial, time.perf_counter() - started, self._recorded.result(number))
        self._asked.append(asked)
        if asked.result is not None:
            asked.replayed = True
            self._see_recorded(number, trial, asked.result)
        elif trial is None:
            self._flight.known(number, Result("failed", message=problem))
        elif why := self._judge.too_small(trial):
            self._flight.known(number, Result("skipped", message=why))
        else:
            self._flight.evaluate(number, trial)

    def _see_recorded(self, number: int, trial: Trial | None, result: Result) -> None:
        if wrong := self._judge.disagreement(trial, result):
            raise JournalError(
                f"{self._journal.path}: trial {number} {wrong}: the file was edited, or the reward's code has changed."
                " Restore the file, or start a new task"
            )
        if trial is not None:
            self._flight.recorded(number, trial, result)

    def _take(self, number: int, found: Result) -> None:
        """Record a result that has arrived."""
        asked = self._asked[number]
        result = found if asked.trial is None else self._rewarded(asked.trial, found)
        result = replace(result, measured={**result.measured, "ask": asked.seconds})
        told = {"event": "tell", "id": number, "result": result.to_json(), "measured": dict(result.measured)}
        self._journal.append(told)
        asked.result = result
        self._flight.settle(number, result)

    def _rewarded(self, trial: Trial, found: Result) -> Result:
        try:
            return self._judge.rewarded(trial, found)
        except Exception as failure:
            return Result("failed", message=described(failure), measured=found.measured)

    def _tell(self) -> Record:
        number, asked = self._told, self._asked[self._told]
        self._told += 1
        assert asked.result is not None
        result = asked.result
        if asked.trial is not None:
            try:
                self._algorithm.tell(asked.trial, self._judge.feedback(result))
            except Exception as problem:  # it has learnt nothing from this trial, which stays as it was evaluated
                result = replace(result, message=f"not learnt from: {described(problem)}")
        return Record(number, asked.trial, result, asked.replayed)


def _asked_trial(algorithm: SearchAlgorithm) -> tuple[Trial | None, str]:
    try:
        return algorithm.ask(), ""
    except Exception as problem:
        return None, f"asking failed: {described(problem)}"
