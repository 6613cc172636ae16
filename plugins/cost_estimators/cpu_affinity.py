"""Limits the CPUs of this process, for frameworks whose own threads cannot be counted."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from prunekit.registry import PrunekitError


class ThreadsError(PrunekitError, RuntimeError):
    """The number of CPU threads that was asked for cannot be had."""


@contextlib.contextmanager
def cpus(wanted: int | None) -> Iterator[int]:
    """At most ``wanted`` CPUs inside the block, of those that the process may use; yields how many it may use then.

    Threads that are there already stay, and share these CPUs.

    Raises:
        ThreadsError: This system cannot bind threads to CPUs.
    """
    if wanted is None:
        yield _available()
        return
    if sys.platform != "linux":
        raise ThreadsError(
            f"threads: {wanted} CPU threads cannot be had: the framework makes its own, and this system cannot bind"
            " them to CPUs; leave threads out"
        )
    chosen = set(sorted(os.sched_getaffinity(0))[:wanted])
    before = _places()
    try:
        _bind(dict.fromkeys(before, chosen))
        yield len(chosen)
    finally:
        # threads that were started meanwhile may go wherever the one that started them may
        _bind({**dict.fromkeys(_threads(), before[threading.get_native_id()]), **before})


def working_threads(names: tuple[str, ...]) -> int:
    """How many threads of this process have a name that begins with one of these; 0 where that cannot be seen."""
    if sys.platform != "linux":
        return 0
    found = 0
    for thread in _threads():
        with contextlib.suppress(OSError):  # it has ended since it was listed
            found += Path(f"/proc/self/task/{thread}/comm").read_text(encoding="utf-8").startswith(names)
    return found


def _available() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _threads() -> list[int]:
    return [int(path.name) for path in Path("/proc/self/task").iterdir()]


def _places() -> dict[int, set[int]]:
    """The CPUs that each thread of this process may use."""
    places = {}
    for thread in _threads():
        with contextlib.suppress(ProcessLookupError):  # it has ended since it was listed
            places[thread] = os.sched_getaffinity(thread)
    return places


def _bind(places: dict[int, set[int]]) -> None:
    for thread, where in places.items():
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
            os.sched_setaffinity(thread, where)
