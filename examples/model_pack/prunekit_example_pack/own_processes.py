"""An executor: candidates are evaluated side by side, in processes of their own."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from pydantic import PositiveInt

from prunekit import Register, RegisterType
from prunekit.core.search import Evaluate, Lost, Result, Trial, evaluated


@Register.register(RegisterType.EXECUTOR, name="own_processes")
class OwnProcesses:
    """A candidate that takes its process along, for want of memory, does not end the search.

    Args:
        make: Makes what evaluates a trial, once in each process; it can be pickled, as `SearchSetup.build` can.
        workers: How many processes.
    """

    def __init__(self, make: Callable[[], Evaluate], workers: PositiveInt = 2) -> None:
        self.capacity, self._make = workers, make
        threads = str(max((os.cpu_count() or 1) // workers, 1))  # more would wait for each other
        self._new = functools.partial(ProcessPoolExecutor, workers, get_context("spawn"), _begin, (threads,))
        self._pool = self._new()
        self._running: dict[Future[Result], tuple[int, ProcessPoolExecutor]] = {}

    def submit(self, number: int, trial: Trial) -> None:
        self._running[self._pool.submit(_evaluate, self._make, trial)] = number, self._pool

    def wait(self) -> tuple[int, Result | Lost]:
        ready = next(iter(wait(self._running, return_when=FIRST_COMPLETED).done))
        number, pool = self._running.pop(ready)
        try:
            return number, ready.result()
        except BrokenProcessPool as broken:  # so is whatever runs in this pool, and the search hands all over once more
            if pool is self._pool:
                self._pool = self._new()
            return number, Lost(str(broken))

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def _begin(threads: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the search, which closes this
    os.environ.setdefault("OMP_NUM_THREADS", threads)


_made = functools.cache(lambda make: make())  # one to a process


def _evaluate(make: Callable[[], Evaluate], trial: Trial) -> Result:
    return evaluated(_made(make), trial)
