"""The trials that were asked and have no result yet: waiting, being evaluated, lost with a worker."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from prunekit.core.search.equal_networks import EqualNetworks
from prunekit.core.search.errors import SearchError
from prunekit.core.search.executor import Executor, Lost
from prunekit.core.search.trial import Result, Trial

LOSSES = 2
"""A trial that is lost so often has failed: it may be what kills its workers."""


class InFlight:
    """Hands trials to an executor, the earliest first, as many at a time as it takes.

    Args:
        executor: Evaluates them.
        losses: For trials that were lost before, in what way, each time.
        note: Called with the number of a trial that is lost, before it is handed over again.
        costs: The measured costs that results hold.
    """

    def __init__(
        self,
        executor: Executor,
        losses: Mapping[int, Sequence[str]],
        note: Callable[[int, Lost], None],
        costs: Iterable[str] = (),
    ) -> None:
        self._executor, self._note = executor, note
        self._losses = {number: list(messages) for number, messages in losses.items()}
        self._trials: dict[int, Trial] = {}  # those that may have to be evaluated
        self._waiting: deque[int] = deque()
        self._running: set[int] = set()
        self._ready: deque[tuple[int, Result]] = deque()
        self._open = 0
        self._equal = EqualNetworks(costs)

    def __len__(self) -> int:
        return self._open

    @property
    def capacity(self) -> int:
        """How many trials are evaluated at a time."""
        return max(1, self._executor.capacity)

    def evaluate(self, number: int, trial: Trial) -> None:
        """Take a trial; it is evaluated if no trial before it has the same network."""
        self._open += 1
        self._trials[number] = trial
        if self._equal.has_turn(number, trial):
            self._start(number)

    def known(self, number: int, result: Result) -> None:
        """Take a trial that needs no evaluation, with its result."""
        self._open += 1
        self._ready.append((number, result))

    def recorded(self, number: int, trial: Trial, result: Result) -> None:
        """See a trial whose result is in the journal: later ones may have the same network."""
        self._equal.settle(number, trial, result)

    def next(self) -> tuple[int, Result]:
        """Wait for a result; `settle` has to follow."""
        while not self._ready:
            self._submit()
            number, found = self._executor.wait()
            if number not in self._running:
                raise SearchError(f"{type(self._executor).__name__} returned trial {number}, which it was not given")
            self._running.remove(number)
            if not isinstance(found, Lost):
                return number, found
            self._note(number, found)
            self._losses.setdefault(number, []).append(found.message)
            self._start(number, first=True)
        self._submit()  # workers need not be idle while what is ready is written down
        return self._ready.popleft()

    def settle(self, number: int, result: Result) -> None:
        """Take a trial's result as it was recorded; one that has waited for it goes on."""
        self._open -= 1
        trial = self._trials.pop(number, None)
        if trial is not None and (follower := self._equal.settle(number, trial, result)) is not None:
            self._start(follower)

    def _start(self, number: int, first: bool = False) -> None:
        lost = self._losses.get(number, [])
        if (result := self._equal.taken_over(self._trials[number])) is not None:
            self._ready.append((number, result))
        elif len(lost) >= LOSSES:
            message = f"lost {len(lost)} times with the worker that evaluated it: {lost[-1]}"
            self._ready.append((number, Result("failed", message=message)))
        elif first:
            self._waiting.appendleft(number)
        else:
            self._waiting.append(number)

    def _submit(self) -> None:
        while self._waiting and len(self._running) < self.capacity:
            number = self._waiting.popleft()
            self._running.add(number)
            self._executor.submit(number, self._trials[number])
