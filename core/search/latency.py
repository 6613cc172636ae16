"""Measured latency in a search: each network is timed in turns with the original."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from prunekit.core.backend import Network
from prunekit.core.search.errors import TargetError
from prunekit.core.search.reward import LATENCY


@dataclass(frozen=True)
class Latency:
    """What a latency estimator says of one network.

    Attributes:
        times_ms: Milliseconds of each forward that was counted, in their order.
        batch_size: Samples in a forward.
        threads: CPU threads that were used.
    """

    times_ms: tuple[float, ...]
    batch_size: int
    threads: int

    @property
    def median_ms(self) -> float:
        """Median time of a forward."""
        return float(np.median(self.times_ms))

    @property
    def spread_ms(self) -> float:
        """Distance between the first and third quartile of the times."""
        first, third = np.percentile(self.times_ms, [25, 75])
        return float(third - first)


_ERROR = 2 * 1.253 / 1.349
"""Twice a median's standard error, times the root of the number of values, for quartiles one apart (near-normal)."""

Compare = Callable[[Mapping[str, Network]], Mapping[str, Latency]]
"""Times networks, by name, in turns; at least one forward of each is counted."""


@dataclass(frozen=True)
class Reference:
    """What was measured before the first trial; the milliseconds of every trial refer to it, resumed or not.

    Attributes:
        original_ms: Latency of the original network.
        original_spread_ms: Its spread.
        smallest_ms: Latency of the smallest network within the bounds.
        smallest_spread_ms: Its spread.
        batch_size: Samples in a forward.
        threads: CPU threads that were used.
    """

    original_ms: float
    original_spread_ms: float
    smallest_ms: float
    smallest_spread_ms: float
    batch_size: int
    threads: int

    @classmethod
    def measure(cls, compare: Compare, original: Network, smallest: Network) -> Reference:
        """Measure both, in turns."""
        found = compare({"original": original, "smallest": smallest})
        first, least = found["original"], found["smallest"]
        return cls(first.median_ms, first.spread_ms, least.median_ms, least.spread_ms, first.batch_size, first.threads)

    def __str__(self) -> str:
        return (
            f"the smallest network within the bounds takes {shown(self.smallest_ms)}, the original"
            f" {shown(self.original_ms)} (batch {self.batch_size}, {self.threads} CPU thread(s))"
        )

    def refuse(self, target_ms: float, two_sided: bool) -> None:
        """Refuse a target that no network within the bounds has; ``two_sided``: also one above the original's latency.

        Raises:
            TargetError: It is out of reach by more than the spread.
        """
        if target_ms < self.smallest_ms - self.smallest_spread_ms:
            raise TargetError(
                f"target_latency {target_ms:g} ms is out of reach: {self}. Raise it, or lower the lower bounds or skip"
                " fewer modules"
            )
        if two_sided and target_ms > self.original_ms + self.original_spread_ms:
            raise TargetError(
                f"target_latency {target_ms:g} ms is out of reach: {self}, and pruning makes nothing slower. Lower it"
            )

    def figures(self) -> dict[str, float]:
        """What is recorded of the original, under the names that `LatencyMeter` uses."""
        return _figures(self.original_ms, self.original_spread_ms, self.batch_size, self.threads)


class LatencyMeter:
    """Measures the latency of trials.

    Args:
        compare: Times networks.
        original: The original network.
        reference: What it took before the first trial.
    """

    def __init__(self, compare: Compare, original: Network, reference: Reference) -> None:
        self._compare, self._original, self.reference = compare, original, reference

    def __call__(self, network: Network) -> dict[str, float]:
        """The network's latency, for ``Result.measured``.

        ``latency_share`` is the median, over the turns, of its time as a share of the original's in the same turn, and
        ``latency_share_error`` twice the standard error of that median; ``latency_ms`` and ``latency_spread_ms`` are
        share and spread times the reference. ``latency_original_ms`` tells how the machine was meanwhile.

        Raises:
            TargetError: The clock gave nothing to go by.
        """
        found = self._compare({"original": self._original, "trial": network})
        original, trial = found["original"], found["trial"]
        if not min(*trial.times_ms, *original.times_ms) > 0:
            raise TargetError("latency cannot be measured: the clock did not move during a forward")
        shares = np.array(trial.times_ms) / np.array(original.times_ms)
        first, share, third = (float(value) for value in np.percentile(shares, [25, 50, 75]))
        whole = self.reference.original_ms
        return {
            **_figures(share * whole, (third - first) * whole, trial.batch_size, trial.threads),
            f"{LATENCY}_share": share,
            f"{LATENCY}_share_error": _ERROR * (third - first) / math.sqrt(len(shares)),
            f"{LATENCY}_original_ms": original.median_ms,
        }


def latency_figures(measured: Mapping[str, float]) -> dict[str, float]:
    """What a report says of a measured latency: milliseconds, spread, batch size, threads; empty without one."""
    return {name: measured[name] for name in _figures(0, 0, 0, 0) if name in measured}


def shown(milliseconds: float) -> str:
    """Milliseconds as people read them: three digits, or all before the point."""
    return f"{milliseconds:.3g} ms" if milliseconds < 100 else f"{milliseconds:.0f} ms"


def _figures(ms: float, spread_ms: float, batch_size: int, threads: int) -> dict[str, float]:
    values = {"ms": ms, "spread_ms": spread_ms, "batch_size": batch_size, "threads": threads}
    return {f"{LATENCY}_{name}": value for name, value in values.items()}
