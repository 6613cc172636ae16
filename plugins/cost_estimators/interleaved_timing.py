"""Times networks in turns (A B A B ...), so that what disturbs the machine disturbs them alike; no framework."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from pydantic import NonNegativeInt, PositiveInt

from prunekit.core.cost import Turns
from prunekit.core.data.batch_size import batch_size


class TimingSettings:
    """How latency is measured; the median of the times is what counts.

    Args:
        batch_size: Samples in a forward.
        threads: CPU threads; None takes as many as the process has.
        warmup: Forwards that are not counted.
        repeats: Forwards that are; the figure is their median, the spread the distance between their quartiles.

    Raises:
        ValueError: ``batch_size``, ``repeats`` or ``threads`` is below 1, or ``warmup`` below 0.
    """

    unit: ClassVar[str] = "ms"

    def __init__(
        self,
        *,
        batch_size: PositiveInt = 1,
        threads: PositiveInt | None = None,
        warmup: NonNegativeInt = 5,
        repeats: PositiveInt = 20,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size {batch_size} must be at least 1")
        check_counts(threads, warmup, repeats)
        self.batch_size, self.threads, self.warmup, self.repeats = batch_size, threads, warmup, repeats


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
) -> dict[str, Turns]:
    """Time functions, in milliseconds.

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
    conditions = {"batch_size": batch_size(batch), "threads": threads}
    return {name: Turns(tuple(measured), conditions) for name, measured in times.items()}
