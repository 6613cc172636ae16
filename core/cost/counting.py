"""Compares the price of a graph with what another program counts on the built network, operator by operator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

from prunekit.core.data.contract import Inputs
from prunekit.core.graph.structure import ChannelStructure
from prunekit.registry import PrunekitError

Place = tuple[str, str]
"""A module's path and the kind of an operator that its forward runs: ``("stem.0", "convolution")``."""


class CountError(PrunekitError):
    """A network cannot be counted."""


class OperatorCounter(Protocol):
    """Counts a built network's MACs; a cost estimator, registered with the backend whose networks it counts."""

    def by_operator(self, network: Any, inputs: Inputs, device: str) -> Mapping[Place, float]:
        """MACs of one forward in evaluation, for each module and kind of operator.

        Args:
            network: The network, on the device; it is left as it was.
            inputs: What to call it with.
            device: ``CPU``, ``GPU`` or ``NPU``.

        Raises:
            CountError: What it counts with is not installed.
        """
        ...


@dataclass(frozen=True)
class CountedKind:
    """One kind of operator, priced and counted.

    Attributes:
        kind: ``convolution``, ``linear``, ``matmul``, or the other program's name for what prunekit does not price.
        priced: MACs by the graph.
        counted: MACs by the other program.
        modules: Where the two differ, those with the largest differences first.
    """

    kind: str
    priced: float
    counted: float
    modules: tuple[str, ...]


def priced_places(graph: ChannelStructure) -> dict[Place, float]:
    """The graph's price of the whole network, in MACs, for each module and kind of operator."""
    found: dict[Place, float] = {}
    for work in graph.work:
        operator = graph.operators.operators[work.operator]
        place = operator.module, operator.kind.value
        found[place] = found.get(place, 0.0) + work.multiplier * prod(units.size for units in work.sizes)
    return found


def compare_counts(graph: ChannelStructure, counted: Mapping[Place, float]) -> tuple[CountedKind, ...]:
    """Price and count side by side, the most expensive kind first.

    Args:
        graph: The network's structure.
        counted: What an `OperatorCounter` found.
    """
    priced = priced_places(graph)
    kinds: dict[str, list[tuple[str, float, float]]] = {}
    for module, kind in dict.fromkeys([*priced, *counted]):
        found = module, priced.get((module, kind), 0.0), counted.get((module, kind), 0.0)
        kinds.setdefault(kind, []).append(found)
    rows = [_row(kind, found) for kind, found in kinds.items()]
    return tuple(sorted(rows, key=lambda row: (-row.priced, -row.counted, row.kind)))


def _row(kind: str, places: list[tuple[str, float, float]]) -> CountedKind:
    differ = [place for place in places if not math.isclose(place[1], place[2], rel_tol=1e-9)]
    differ.sort(key=lambda place: -abs(place[1] - place[2]))
    modules = tuple(module or "the network" for module, _, _ in differ)
    return CountedKind(kind, sum(place[1] for place in places), sum(place[2] for place in places), modules)
