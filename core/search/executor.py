"""Where candidates are evaluated: in this process, in others, on other machines."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from prunekit.core.data.contract import DataError
from prunekit.core.search.trial import Result, Trial
from prunekit.registry.errors import described

Evaluate = Callable[[Trial], Result]


@dataclass(frozen=True)
class Lost:
    """What became of a trial whose worker died: nothing is known of it.

    Attributes:
        message: How the worker ended, in a few words.
    """

    message: str


class Executor(Protocol):
    """Evaluates trials, one or several at a time; register it as ``RegisterType.EXECUTOR``.

    It is constructed with ``make``, which takes nothing and returns what evaluates a trial: once in each process that
    evaluates. It and what it is called with may be sent to other processes: `Trial` and `Result` are plain values. Its
    other parameters are keys of the yml's ``general.executor``. One that evaluates in the process of the search says so
    by ``in_process = True``: it is given what is there already, and nothing is written for other processes.

    The search hands over at most ``capacity`` trials at a time and takes their results in whatever order they are
    ready: when a trial is asked, and what is known then, does not depend on that order. So an executor is free to
    choose, and a search may be gone on with by another one.

    An evaluation that raises is no loss: `evaluated` makes a failed trial of it. `Lost` is for a worker that died; the
    trial is handed over once more, and fails where that is lost too.
    """

    @property
    def capacity(self) -> int:
        """How many trials it evaluates at a time, at least 1; more are not handed over."""
        ...

    def submit(self, number: int, trial: Trial) -> None:
        """Take trial ``number``; its evaluation may begin."""
        ...

    def wait(self) -> tuple[int, Result | Lost]:
        """Return the number of a trial that is ready, and its result; called only where one is being evaluated.

        Raises:
            DataError: The data is broken, which would fail every trial; the search ends.
        """
        ...

    def close(self) -> None:
        """Discard what is being evaluated and end all workers; called once, however the search ends."""
        ...


def evaluated(evaluate: Evaluate, trial: Trial) -> Result:
    """Evaluate a trial; one that raises has failed. For executors, where they evaluate.

    Raises:
        DataError: The data is broken, or does not fit the network.
    """
    started = time.perf_counter()
    try:
        result = evaluate(trial)
        return replace(result, measured={**result.measured, "evaluate": time.perf_counter() - started})
    except DataError:
        raise
    except Exception as failure:
        seconds = {"evaluate": time.perf_counter() - started}
        return Result("failed", message=described(failure), measured=seconds)
