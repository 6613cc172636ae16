"""MACs, parameters and activations of a network that keeps some of its units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.structure import ChannelStructure, staying
from prunekit.core.pruning.plan import PrunePlan


@dataclass(frozen=True)
class Cost:
    """What one forward of the example costs.

    Attributes:
        macs: Multiply-accumulates (one counts 1) of convolutions, linear layers and matrix products.
        params: Numbers in all parameters.
        activations: Elements that those operators write. What is applied to their outputs, normalizations and
            activation functions and sums, is not counted again, as RegNet's paper and fvcore do not.
    """

    macs: float
    params: float
    activations: float


@dataclass(frozen=True)
class _Terms:
    """A sum of products: term t is ``multiplier[t]`` times the sizes named in ``factors[t]``."""

    multiplier: NDArray[np.float64]
    factors: NDArray[np.int64]

    def value(self, sizes: NDArray[np.float64]) -> float:
        return float(self.multiplier @ sizes[self.factors].prod(axis=1))


class CostModel:
    """Prices any choice of units.

    Every cost is a sum of products of axis sizes, and every axis size is affine in how many units of each group
    stay, so that a price takes microseconds and never falls when more is kept.
    """

    def __init__(self, graph: ChannelStructure) -> None:
        self._graph = graph
        self._axes: dict[bytes, int] = {}
        self._units: list[NDArray[np.int64]] = []
        self._macs = self._terms([(work.multiplier, work.sizes) for work in graph.work])
        self._params = self._terms(_parameter_terms(graph))
        self._activations = self._terms([(work.written, work.output) for work in graph.work])
        self._fixed = np.array([1.0] + [float((units < 0).sum()) for units in self._units])
        self._most = np.array([1.0] + [float(units.size) for units in self._units])
        self._kinds = _kinds(graph)
        self._quotas = any(group.quotas for group in graph.groups)
        per_kind = [[0] * sum(map(len, self._kinds)), *map(self._largest_units, self._units)]
        self._per_kind = np.array(per_kind, dtype=np.float64)
        self.full = self.of_units(np.ones(graph.units, dtype=bool))

    def estimate(self, counts: Sequence[int] | NDArray[np.int64]) -> Cost:
        """Price by the number of units kept in each group of ``graph.groups``; by the nearest that can be kept.

        Exact where the units of a group own equally many channels of every layer; an upper bound elsewhere.
        """
        left = np.asarray(self._of_each_kind(counts) if self._quotas else counts, dtype=np.float64)
        sizes = np.minimum(self._fixed + self._per_kind @ left, self._most)
        return self._cost(sizes)

    def of_units(self, keep: NDArray[np.bool_]) -> Cost:
        """Price by a flag for each unit; exact."""
        sizes = [1.0] + [float(staying(units, keep).sum()) for units in self._units]
        return self._cost(np.array(sizes))

    def _cost(self, sizes: NDArray[np.float64]) -> Cost:
        return Cost(self._macs.value(sizes), self._params.value(sizes), self._activations.value(sizes))

    def _of_each_kind(self, counts: Sequence[int] | NDArray[np.int64]) -> list[int]:
        """How many units of each kind stay."""
        left = list[int]()
        for group, count in zip(self._graph.groups, counts, strict=True):
            nearest = group.nearest(int(count))
            left += [nearest] if group.quotas is None else group.quotas.step(nearest)
        return left

    def _largest_units(self, units: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each kind of units, how many positions of an axis its largest unit owns."""
        owned = np.bincount(units[units >= 0], minlength=self._graph.units)
        return np.array([owned[of_kind].max() for kinds in self._kinds for of_kind in kinds], dtype=np.int64)

    def _terms(self, terms: list[tuple[float, tuple[NDArray[np.int64], ...]]]) -> _Terms:
        width = max((len(sizes) for _, sizes in terms), default=0) or 1
        factors = np.zeros((len(terms), width), dtype=np.int64)  # factor 0 is the constant 1
        for row, (_, sizes) in enumerate(terms):
            for column, units in enumerate(sizes):
                factors[row, column] = self._axis(units)
        return _Terms(np.array([multiplier for multiplier, _ in terms], dtype=np.float64), factors)

    def _axis(self, units: NDArray[np.int64]) -> int:
        key = units.tobytes()
        if key not in self._axes:
            self._units.append(units)
            self._axes[key] = len(self._units)
        return self._axes[key]


def _kinds(graph: ChannelStructure) -> list[list[NDArray[np.int64]]]:
    """For each group the units of each kind: all of them, or those that quotas tell apart."""
    found = []
    for group in graph.groups:
        kinds = np.zeros(group.size, dtype=np.int64) if group.quotas is None else group.quotas.kinds
        found.append([group.offset + np.flatnonzero(kinds == kind) for kind in range(kinds.max(initial=0) + 1)])
    return found


def _parameter_terms(graph: ChannelStructure) -> list[tuple[float, tuple[NDArray[np.int64], ...]]]:
    by_name: dict[str, list[NDArray[np.int64]]] = {}
    for axis in graph.axes:
        by_name.setdefault(axis.parameter, []).append(axis.units)
    terms = []
    for name, shape in graph.operators.parameter_shapes.items():
        sizes = tuple(by_name.get(name, ()))
        terms.append((prod(shape) / prod(units.size for units in sizes), sizes))
    return terms


def price(graph: ChannelStructure, plan: PrunePlan | None = None) -> Cost:
    """What the network costs when ``plan`` is applied, or as it is."""
    model = CostModel(graph)
    return model.full if plan is None else model.of_units(plan.flags(graph))
