"""Proof by values: the pruned network computes what the original computes when the removed slices are zero."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.backend import Backend, Network, outputs_as_arrays
from prunekit.core.data.contract import Inputs
from prunekit.core.graph import ChannelGraph, Group, channel_graph
from prunekit.core.graph.channel_graph import staying
from prunekit.core.pruning.plan import PrunePlan

TOLERANCE = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-3}
"""Largest difference allowed, relative to the largest output, by the outputs' type."""

GOLDEN = (5**0.5 - 1) / 2
"""Its multiples spread evenly over the unit interval."""

ASLEEP = 1e-3
"""A parameter with no larger value than this counts as zero."""


def parse(
    backend: Backend, network: Network, inputs: Inputs, ignore: Iterable[str] = (), seed: int = 0, proof: bool = True
) -> ChannelGraph:
    """Find a network's channel graph and prove it.

    A random part of every group is removed, then the rest of it. What fails or computes other values is narrowed down
    to its groups. If sizes there were taken for computed, the network's code may hold them: that is tried next. What
    still fails is protected, with the reason.
    """
    operators, ignore = backend.record(network, inputs), list(ignore)
    graph = channel_graph(operators, ignore)
    frozen: list[tuple[int, str]] = []
    held: set[int] = set()
    while proof and graph.groups:
        trial = _Trial(backend, network, graph, inputs, seed)
        culprits = trial.culprits()
        if not culprits:
            graph.notes.append(trial.verdict())
            break
        ids = {group.id for group in culprits}
        assumed = {a.operator for a in graph.assumptions if a.groups & ids}
        if not assumed:
            reason = f"the proof failed: {trial.problem(culprits)}"
            frozen += [(mid, reason) for group in culprits for mid in group.mids]
        held |= assumed
        graph = channel_graph(operators, ignore, frozen, held)
    return graph


def complements(graph: ChannelGraph, groups: Sequence[Group], seed: int) -> tuple[PrunePlan, PrunePlan]:
    """Plans that remove a random part of the given groups, or the rest of them, and nothing else.

    The shares, a third to two thirds, differ from group to group, so that sizes that only the code ties show.
    """
    chosen = {group.id for group in groups}
    first, second = dict[int, tuple[int, ...]](), dict[int, tuple[int, ...]]()
    for index, group in enumerate(graph.groups):
        order = np.random.default_rng(np.random.SeedSequence([seed, group.id])).permutation(group.size)
        share = (1 + (index * GOLDEN) % 1) / 3
        middle = min(max(round(share * group.size), 1), group.size - 1) if group.id in chosen else 0
        first[group.id] = tuple(sorted(order[middle:].tolist()))
        second[group.id] = tuple(sorted(order[:middle].tolist())) if middle else first[group.id]
    sizes = {group.id: group.size for group in graph.groups}
    return PrunePlan(first, sizes, graph.signature), PrunePlan(second, sizes, graph.signature)


def zeroed(graph: ChannelGraph, plan: PrunePlan, state: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The state in which every slice that the plan removes is zero."""
    keep = plan.flags(graph)
    changed: dict[str, NDArray[Any]] = {}
    for axis in graph.axes:
        gone = ~staying(axis.units, keep)
        if gone.any():
            array = changed.setdefault(axis.parameter, state[axis.parameter].copy())
            array[(slice(None),) * axis.axis + (gone,)] = 0
    return changed


def awakened(state: dict[str, NDArray[Any]], parameters: Iterable[str], seed: int) -> dict[str, NDArray[Any]]:
    """Random values for parameters that are nearly zero, as at initialisation: behind those, no mistake would show."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.uniform(0.5, 1.0, state[name].shape).astype(state[name].dtype)
        for name in parameters
        if name in state and state[name].size and np.abs(state[name]).max() < ASLEEP
    }


class _Trial:
    """Removes parts of some groups and says what is wrong with the result."""

    def __init__(self, backend: Backend, network: Network, graph: ChannelGraph, inputs: Inputs, seed: int) -> None:
        self.backend, self.graph, self.inputs, self.seed = backend, graph, inputs, seed
        asleep = awakened(backend.state(network), graph.operators.parameter_shapes, seed)
        self.network = backend.with_state(network, asleep) if asleep else network
        self.state = backend.state(self.network)
        self._known: dict[tuple[int, ...], str | None] = {}

    def problem(self, groups: Sequence[Group]) -> str | None:
        """Why removing from these groups is wrong, or None."""
        key = tuple(group.id for group in groups)
        if key not in self._known:
            found = (self._compare(plan, groups) for plan in complements(self.graph, groups, self.seed))
            self._known[key] = next(filter(None, found), None)
        return self._known[key]

    def culprits(self) -> list[Group]:
        """The groups whose removal is wrong; those that are compared by value are tried apart from the others."""
        pooled = [group for group in self.graph.groups if group.id in self.graph.pooled]
        exact = [group for group in self.graph.groups if group.id not in self.graph.pooled]
        return self._narrowed(exact) or self._narrowed(pooled) or self._narrowed(list(self.graph.groups))

    def _narrowed(self, groups: list[Group]) -> list[Group]:
        if not groups or self.problem(groups) is None:
            return []
        if len(groups) == 1:
            return groups
        middle = len(groups) // 2
        found = self._narrowed(groups[:middle]) + self._narrowed(groups[middle:])
        return found or groups  # each half is right alone: they only fail together

    def verdict(self) -> str:
        """What was proven, in one line."""
        pooled = [str(group.id) for group in self.graph.groups if group.id in self.graph.pooled]
        text = "proven by values: a random part of every group removed, and then the rest of it"
        return f"{text}; shapes only for groups {', '.join(pooled)} (normalized across channels)" if pooled else text

    def _compare(self, plan: PrunePlan, groups: Sequence[Group]) -> str | None:
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
        if (np.isnan(a) != np.isnan(b)).any():
            return "other values are not a number"
        largest = float(np.nanmax(np.abs(b), initial=0.0))
        with np.errstate(invalid="ignore"):  # infinity less infinity
            error = float(np.nanmax(np.abs(a.astype(np.float64) - b), initial=0.0))
        if error > TOLERANCE.get(b.dtype, 1e-2) * largest:
            return f"values differ by {error:.2g} where outputs reach {largest:.2g}"
    return None
