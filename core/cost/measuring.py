"""Measured costs in a search: each network is measured in turns with the original."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from prunekit.core.cost.estimators import Turns
from prunekit.registry import PrunekitError

_ERROR = 2 * 1.253 / 1.349
"""Twice a median's standard error, times the root of the number of values, for quartiles one apart (near-normal)."""

Compare = Callable[[Mapping[str, Any]], Mapping[str, Turns]]
"""Measures networks, by name, in turns."""


class MeasuringError(PrunekitError, ValueError):
    """A cost cannot be measured."""


@dataclass(frozen=True)
class Reference:
    """What was measured before the first trial; the amounts of every trial refer to it, resumed or not.

    Attributes:
        cost: Name of the cost.
        unit: Of its values.
        original: That of the original network.
        original_spread: Its spread.
        smallest: That of the smallest network within the bounds.
        smallest_spread: Its spread.
        conditions: Under which both were measured.
    """

    cost: str
    unit: str
    original: float
    original_spread: float
    smallest: float
    smallest_spread: float
    conditions: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def measure(cls, cost: str, unit: str, compare: Compare, original: Any, smallest: Any) -> Reference:
        """Measure both, in turns.

        Raises:
            MeasuringError: The original has none of it.
        """
        found = compare({"original": original, "smallest": smallest})
        first, least = found["original"], found["smallest"]
        if not first.median > 0:
            raise MeasuringError(f"{cost} cannot be measured: the original network's is {first.median:g} {unit}")
        return cls(cost, unit, first.median, first.spread, least.median, least.spread, dict(first.conditions))

    def __str__(self) -> str:
        told = ", ".join(f"{name} {value:g}" for name, value in self.conditions.items())
        return (
            f"the smallest network within the bounds takes {self.shown(self.smallest)}, the original"
            f" {self.shown(self.original)}" + (f" ({told})" if told else "")
        )

    def shown(self, amount: float) -> str:
        """An amount as people read it: three digits, or all before the point."""
        return shown(amount, self.unit)

    def figures(self) -> dict[str, float]:
        """What is recorded of the original, under the names that `CostMeter` uses."""
        return {**self.amounts(self.original, self.original_spread), **self.told_conditions()}

    def amounts(self, amount: float, spread: float) -> dict[str, float]:
        """An amount and its spread by the names that they are recorded under."""
        return {f"{self.cost}_{self.unit}": amount, f"{self.cost}_spread_{self.unit}": spread}

    def told_conditions(self) -> dict[str, float]:
        """The conditions by the names that they are recorded under."""
        return {f"{self.cost}_{name}": value for name, value in self.conditions.items()}

    def recorded(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Of all that was recorded of a trial what reports say of this cost."""
        return {name: measured[name] for name in self.figures() if name in measured}


class CostMeter:
    """Measures one cost of trials.

    Args:
        compare: Measures networks.
        original: The original network.
        reference: What was measured before the first trial.
    """

    def __init__(self, compare: Compare, original: Any, reference: Reference) -> None:
        self._compare, self._original, self.reference = compare, original, reference

    def __call__(self, network: Any) -> dict[str, float]:
        """What is recorded of a network, for ``Result.measured``.

        ``<cost>_share`` is the median, over the turns, of its value as a share of the original's in the same turn, and
        ``<cost>_share_error`` twice the standard error of that median; ``<cost>_<unit>`` and ``<cost>_spread_<unit>``
        are share and spread times the reference. ``<cost>_original_<unit>`` tells how the machine was meanwhile.

        Raises:
            MeasuringError: The values give nothing to go by.
        """
        found, own = self._compare({"original": self._original, "trial": network}), self.reference
        original, trial = found["original"], found["trial"]
        if not min(*trial.values, *original.values) > 0:
            raise MeasuringError(f"{own.cost} cannot be measured: a value of {own.unit} was not above zero")
        shares = np.array(trial.values) / np.array(original.values)
        first, share, third = (float(value) for value in np.percentile(shares, [25, 50, 75]))
        return {
            **own.amounts(share * own.original, (third - first) * own.original),
            **{f"{own.cost}_{name}": value for name, value in trial.conditions.items()},
            f"{own.cost}_share": share,
            f"{own.cost}_share_error": _ERROR * (third - first) / math.sqrt(len(shares)),
            f"{own.cost}_original_{own.unit}": original.median,
        }


def measuring(meters: Sequence[CostMeter]) -> Callable[[Any], dict[str, float]] | None:
    """All that several meters record of a network; None without any."""
    if not meters:
        return None
    return lambda network: {key: value for meter in meters for key, value in meter(network).items()}


def shown(amount: float, unit: str) -> str:
    """An amount as people read it: three digits, or all before the point."""
    return f"{amount:.3g} {unit}" if abs(amount) < 100 else f"{amount:.0f} {unit}"
