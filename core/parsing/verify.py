"""Verification by values: the pruned network computes what the original computes where the removed has no effect."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.backend import Backend, Network, outputs_as_arrays
from prunekit.core.data.contract import Inputs
from prunekit.core.data.difference import relative_difference
from prunekit.core.data.nested import map_leaves
from prunekit.core.graph import ChannelStructure, Group, OperatorGraph
from prunekit.core.pruning.plan import PrunePlan
from prunekit.registry.errors import first_line

TOLERANCE = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-3}
"""Largest difference allowed, relative to the largest output, by the outputs' type."""

GOLDEN = (5**0.5 - 1) / 2
"""Its multiples spread evenly over the unit interval."""

DIFFERS = "values differ"
"""How the finding begins that may be rounding."""

VERIFIED = "proven by values: a random part of every group removed"
INCONCLUSIVE = "not proven: it runs, but no output holds two numbers that differ, so there was nothing to compare"

TRIALS = 64
"""How often to try parts of the groups before all that are still suspected are protected."""


def random_part(graph: ChannelStructure, groups: Sequence[Group], seed: int) -> PrunePlan:
    """A plan that removes a random part of the given groups and nothing else.

    The shares, a third to two thirds, differ from group to group, so that sizes that only the code ties show.
    """
    chosen, keep = {group.id for group in groups}, dict[int, tuple[int, ...]]()
    for index, group in enumerate(graph.groups):
        order = np.random.default_rng(np.random.SeedSequence([seed, group.id])).permutation(group.size)
        share = (1 + (index * GOLDEN) % 1) / 3
        gone = min(max(round(share * group.size), 1), group.size - 1) if group.id in chosen else 0
        keep[group.id] = tuple(sorted(group.last(order, group.nearest(group.size - gone)).tolist()))
    return PrunePlan(keep, {group.id: group.size for group in graph.groups}, graph.signature)


def randomized(operators: OperatorGraph, seed: int) -> dict[str, NDArray[np.float64]]:
    """Random values for parameters that are nearly zero, as at initialisation: behind those, no mistake would show."""
    rng = np.random.default_rng(seed)
    return {name: rng.uniform(0.5, 1.0, operators.parameter_shapes[name]) for name in operators.near_zero}


class Verification:
    """Removes parts of some groups and says what is wrong with the result.

    Attributes:
        conclusive: Whether an output could have shown a mistake, as of the last removal.
    """

    def __init__(self, backend: Backend, network: Network, graph: ChannelStructure, inputs: Inputs, seed: int) -> None:
        self.backend, self.network, self.graph, self.inputs, self.seed = backend, network, graph, inputs, seed
        self.conclusive = False
        self._tried = 0

    def culprits(self) -> list[tuple[Group, str]]:
        """The groups whose removal is wrong, and why.

        What differs in float32 may be rounding that the network magnifies, as where it sorts: float64 decides.
        """
        groups = list(self.graph.groups)
        problem = self._problem(groups)
        if problem is not None and problem.startswith(DIFFERS) and "float64" in self.backend.supports:
            problem = self._precise_problem(groups, problem)
        return self._narrowed(groups, [], problem)

    def _precise_problem(self, groups: list[Group], known: str) -> str | None:
        """What is wrong in float64, from now on the precision of the trial; where that does not run, in its own."""
        precise = copy.copy(self)
        precise.network, precise.inputs = self.backend.to_float64(self.network), map_leaves(_as_float64, self.inputs)
        problem = precise._problem(groups)
        if problem is None or problem.startswith(DIFFERS):
            self.network, self.inputs, self.conclusive = precise.network, precise.inputs, precise.conclusive
            return problem
        return known

    def _narrowed(self, groups: list[Group], beside: list[Group], problem: str | None) -> list[tuple[Group, str]]:
        """Those of the groups that fail alone, or else those that fail together, while ``beside`` goes as well.

        ``problem`` is what was found when all of them went.
        """
        if problem is None:
            return []
        if len(groups) == 1 or self._tried >= TRIALS:
            return [(group, problem) for group in groups]
        left, right = groups[: len(groups) // 2], groups[len(groups) // 2 :]
        found = [part for half in (left, right) for part in self._narrowed(half, beside, self._problem(half + beside))]
        return found or [
            *self._narrowed(left, beside + right, problem),
            *self._narrowed(right, beside + left, problem),
        ]

    def _problem(self, groups: Sequence[Group]) -> str | None:
        """Why removing from these groups is wrong, or None."""
        self._tried += 1
        plan = random_part(self.graph, groups, self.seed)
        try:
            small = self.backend.prune(self.network, self.graph, plan)
            (got, _), *_ = self.backend.run(small, [(self.inputs, 0)])
            if self.graph.operators.training_from is not None:
                self.backend.train_once(small, self.inputs)
        except Exception as problem:  # the network's own code runs here: whatever it raises is the finding
            return f"{type(problem).__name__}: {first_line(problem)}"
        del small  # before the original runs: of large networks there is not room for both
        wanted = outputs_as_arrays(self.backend.run_masked(self.network, self.graph, plan, self.inputs))
        self.conclusive = any(_is_conclusive(array) for array in wanted)
        return difference(outputs_as_arrays(got), wanted)


def _as_float64(leaf: Any) -> Any:
    """An input as float64 where it is float32."""
    array = np.asarray(leaf)
    return array.astype(np.float64) if array.dtype == np.float32 else leaf


def _is_conclusive(array: NDArray[Any]) -> bool:
    """Whether real numbers differ within an output; of a single one, whether it is one."""
    if not np.issubdtype(array.dtype, np.floating):
        return False
    values = array[np.isfinite(array)]
    return bool(values.size and (values.min() < values.max() or array.size == 1))


def difference(got: Sequence[NDArray[Any]], wanted: Sequence[NDArray[Any]]) -> str | None:
    """How two lists of outputs differ beyond rounding, or None."""
    if [a.shape for a in got] != [a.shape for a in wanted]:
        return f"output shapes {[a.shape for a in got]} instead of {[a.shape for a in wanted]}"
    for a, b in zip(got, wanted, strict=True):
        if not np.issubdtype(b.dtype, np.floating):
            continue
        if (np.isnan(a) != np.isnan(b)).any():
            return "other values are not a number"
        error, largest = relative_difference(a, b), float(np.abs(b[np.isfinite(b)]).max(initial=0.0))
        if error > (TOLERANCE.get(b.dtype, 1e-2) if largest else 0):
            return f"{DIFFERS} by {error * (largest or 1.0):.2g} where outputs reach {largest:.2g}"
    return None
