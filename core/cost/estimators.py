"""Cost estimators: the protocols of priced and of measured costs, and what a measurement is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from prunekit.core.cost.price import CostModel
from prunekit.registry import Register, RegisterType, RegistryError

DEFAULT_COST = "flops"  # what an agent sees of a network where the reward names no priced cost


class PricedCost(Protocol):
    """A cost that follows from how many units stay; register it as ``RegisterType.COST_ESTIMATOR``, for any backend.

    It can be a budget, for what a choice of channels comes to is known before any network is built.
    """

    def share(self, model: CostModel, counts: NDArray[np.int64]) -> float:
        """Kept / all of the cost for the units kept in each group; it never falls when more is kept."""
        ...


@dataclass(frozen=True)
class Turns:
    """What was measured of one network.

    Attributes:
        values: One for each turn that was counted, in their order, in the estimator's unit; at least one.
        conditions: Under which they were measured: ``{"batch_size": 1, "threads": 2}``.
    """

    values: tuple[float, ...]
    conditions: Mapping[str, float] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """Median of the values."""
        return float(np.median(self.values))

    @property
    def spread(self) -> float:
        """Distance between the first and third quartile of the values."""
        first, third = np.percentile(self.values, [25, 75])
        return float(third - first)


class MeasuredCost(Protocol):
    """A cost that is measured of a built network, such as latency or energy; register it for the backends it knows.

    A reward may look at it and reports show it; a budget cannot be of it. Its constructor's parameters can be given in
    the yml: ``search_algorithm.costs.NAME``.

    Attributes:
        unit: Of its values, such as ``ms``.
        batch_size: How many samples the inputs are to hold that it is called with.
    """

    unit: ClassVar[str]
    batch_size: int

    def compare(self, networks: Mapping[str, Any], inputs: Any, device: str) -> Mapping[str, Turns]:
        """Measure networks in turns (A B A B ...), so that what disturbs the machine disturbs them alike.

        Args:
            networks: By name.
            inputs: One batch by the data contract.
            device: ``CPU``, ``GPU`` or ``NPU``.

        Returns:
            For each name as many values as for the others.
        """
        ...


def is_priced(estimator: type[Any]) -> bool:
    """Whether an estimator is a `PricedCost`."""
    return callable(getattr(estimator, "share", None))


def is_measured(estimator: type[Any]) -> bool:
    """Whether an estimator is a `MeasuredCost`."""
    return callable(getattr(estimator, "compare", None))


def cost_class(name: str, backend: str | None = None) -> type[Any]:
    """The registered cost estimator of a name."""
    return Register.get(RegisterType.COST_ESTIMATOR, name, backend)


def not_priced(name: str, backend: str | None) -> str | None:
    """Why a cost cannot be known from the counts alone, in a sentence; None where it can."""
    try:
        estimator = cost_class(name, backend)
    except RegistryError as problem:
        return str(problem)
    if is_priced(estimator):
        return None
    return (
        f"{name} is not priced from the channels that stay, so what a choice of them comes to is not known beforehand"
        " and cannot be a budget"
    )
