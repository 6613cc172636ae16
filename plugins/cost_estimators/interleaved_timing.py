"""Times networks in turns (A B A B ...), so that what disturbs the machine disturbs them alike; no framework."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from prunekit.core.data.batch_size import batch_size
from prunekit.core.search.latency import Latency


def check_counts(threads: int | None, warmup: int, repeats: int) -> None:
    """Refuse what cannot be measured.

    Raises:
        ValueError: ``repeats`` or ``threads`` is below 1, or ``warmup`` below 0.
    """
    if repeats < 1 or warmup < 0 or (threads is not None and threads < 1):
        raise ValueError(f"repeats {repeats} and threads {threads} must be at least 1, warmup {warmup} at least 0")


def in_turns(
    forwards: Mapping[str, Callable[[], Any]],
    wait: Callable[[], object],
    *,
    batch: Any,
    threads: int,
    warmup: int,
    repeats: int,
) -> dict[str, Latency]:
    """Time functions.

    Args:
        forwards: By name.
        wait: Returns when the device has computed everything; without it only the launch would be timed.
        batch: The inputs by the data contract, for their number.
        threads: How many CPU threads are used.
        warmup: Rounds that are not counted.
        repeats: Rounds that are.
    """
    times: dict[str, list[float]] = {name: [] for name in forwards}
    for turn in range(warmup + repeats):
        for name, forward in forwards.items():
            wait()
            start = time.perf_counter()
            forward()
            wait()
            if turn >= warmup:
                times[name].append(1000 * (time.perf_counter() - start))
    size = batch_size(batch)
    return {name: Latency(tuple(measured), size, threads) for name, measured in times.items()}
