"""Proof by values: the pruned network computes what the original computes when the removed slices are zero."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.backend import Backend, Network, outputs_as_arrays
from prunekit.core.data.contract import Inputs
from prunekit.core.graph import ChannelGraph, Group, channel_graph
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.ranking import Ranking

TOLERANCE = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-3}
"""Largest difference allowed, relative to the largest output, by the outputs' type."""


def parse(
    backend: Backend, network: Network, inputs: Inputs, ignore: Iterable[str] = (), seed: int = 0, proof: bool = True
) -> ChannelGraph:
    """Find a network's channel graph and prove it.

    A random half of every group is removed. What then fails or computes other values is narrowed down to its
    groups, and those are protected with the reason.
    """
    operators, ignore = backend.record(network, inputs), list(ignore)
    graph = channel_graph(operators, ignore)
    frozen: list[tuple[int, str]] = []
    while proof and graph.groups:
        trial = _Trial(backend, network, graph, inputs, seed)
        if trial.problem(graph.groups) is None:
            graph.notes.append(trial.verdict())
            break
        for group in trial.culprits(graph.groups):
            reason = f"the proof failed: {trial.problem([group]) or trial.problem(graph.groups)}"
            frozen += [(mid, reason) for mid in group.mids]
        graph = channel_graph(operators, ignore, frozen)
    return graph


def random_half(graph: ChannelGraph, groups: Sequence[Group], seed: int) -> PrunePlan:
    """A plan that removes a random half of the given groups and nothing else; the same half for the same seed."""
    chosen = {group.id for group in groups}
    counts = [max(1, g.size // 2) if g.id in chosen else g.size for g in graph.groups]
    rankings = {}
    for group in graph.groups:
        order = np.random.default_rng(np.random.SeedSequence([seed, group.id])).permutation(group.size)
        rankings[group.id] = Ranking(order, np.zeros(group.size + 1))
    return PrunePlan.from_counts(graph, counts, rankings)


def zeroed(graph: ChannelGraph, plan: PrunePlan, state: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The state in which every slice that the plan removes is zero."""
    keep = plan.flags(graph)
    changed: dict[str, NDArray[Any]] = {}
    for axis in graph.axes:
        gone = (axis.units >= 0) & ~keep[axis.units]
        if gone.any():
            array = changed.setdefault(axis.parameter, state[axis.parameter].copy())
            array[(slice(None),) * axis.axis + (gone,)] = 0
    return changed


class _Trial:
    """Removes halves of some groups and says what is wrong with the result."""

    def __init__(self, backend: Backend, network: Network, graph: ChannelGraph, inputs: Inputs, seed: int) -> None:
        self.backend, self.network, self.graph = backend, network, graph
        self.inputs, self.seed = inputs, seed
        self.state = backend.state(network)
        self._known: dict[tuple[int, ...], str | None] = {}

    def problem(self, groups: Sequence[Group]) -> str | None:
        """Why removing from these groups is wrong, or None."""
        key = tuple(group.id for group in groups)
        if key not in self._known:
            self._known[key] = self._compare(groups)
        return self._known[key]

    def culprits(self, groups: Sequence[Group]) -> list[Group]:
        """The groups to protect, by halving."""
        if self.problem(groups) is None:
            return []
        if len(groups) == 1:
            return list(groups)
        middle = len(groups) // 2
        found = self.culprits(groups[:middle]) + self.culprits(groups[middle:])
        return found or list(groups)  # each half is right alone: they only fail together

    def verdict(self) -> str:
        """What was proven, in one line."""
        pooled = [str(group.id) for group in self.graph.groups if group.id in self.graph.pooled]
        text = "proven by values: a random half of every group removed"
        return f"{text}; shapes only for groups {', '.join(pooled)} (normalized across channels)" if pooled else text

    def _compare(self, groups: Sequence[Group]) -> str | None:
        plan = random_half(self.graph, groups, self.seed)
        try:
            small = self.backend.prune(self.network, self.graph, plan)
            got = self._outputs(small)
        except Exception as problem:  # the network's own code runs here: whatever it raises is the finding
            return f"{type(problem).__name__}: {str(problem).splitlines()[0] if str(problem) else ''}"
        masked = self.backend.with_state(self.network, zeroed(self.graph, plan, self.state))
        return _difference(got, self._outputs(masked), any(g.id in self.graph.pooled for g in groups))

    def _outputs(self, network: Network) -> list[NDArray[Any]]:
        (outputs, _), *_ = self.backend.run(network, [(self.inputs, 0)])
        return outputs_as_arrays(outputs)


def _difference(got: list[NDArray[Any]], wanted: list[NDArray[Any]], shapes_only: bool) -> str | None:
    if [a.shape for a in got] != [a.shape for a in wanted]:
        return f"output shapes {[a.shape for a in got]} instead of {[a.shape for a in wanted]}"
    for a, b in zip(got, wanted, strict=True):
        if shapes_only or not np.issubdtype(b.dtype, np.floating) or not b.size:
            continue
        largest = float(np.nanmax(np.abs(b), initial=0.0))
        error = float(np.nanmax(np.abs(a.astype(np.float64) - b), initial=0.0))
        if error > TOLERANCE.get(b.dtype, 1e-2) * largest:
            return f"values differ by {error:.2g} where outputs reach {largest:.2g}"
    return None
