"""Verification by values: the pruned network computes what the original computes where the removed has no effect."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.backend import Backend, Network, outputs_as_arrays
from prunekit.core.data.difference import relative_difference
from prunekit.core.graph import ChannelStructure, Group
from prunekit.core.parsing.proof_network import ProofNetwork, output
from prunekit.core.parsing.proof_plans import KINDS, leaves_one, mixed_part
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.reference import Reference
from prunekit.registry.errors import first_line

DIFFERS = "values differ"
"""How a finding begins that is about values."""

VERIFIED = "proven by values: a random part of every group removed"
INCONCLUSIVE = "not proven: it runs, but no output holds two numbers that differ, so there was nothing to compare"

TRIALS = 64
"""How often to try parts of the groups before all that are still suspected are protected."""

CLEAR = 5
"""How many times the tolerance what is removed has to contribute somewhere."""

CHEAP = 30e6
"""Networks of no more multiply-accumulates are tried with plans of every kind for every group; others with one."""


class Unfit(Exception):
    """The whole network does not run as it was changed for the proof."""


class Verification:
    """Removes parts of some groups and says what is wrong with the result.

    Args:
        backend: The network's framework.
        subject: The network, as it is tried.
        graph: What is to be verified.
        seed: Of what is removed.

    Attributes:
        conclusive: Whether a mistake could have shown, as of the last removal.
        effects: For each group the most that its removed units contributed anywhere, over what is tolerated there.
    """

    def __init__(self, backend: Backend, subject: ProofNetwork, graph: ChannelStructure, seed: int) -> None:
        self.backend, self.subject, self.graph, self.seed = backend, subject, graph, seed
        self.conclusive = False
        self.effects: dict[int, float] = {}
        self._tried, self._turn = 0, 0

    def culprits(self) -> list[tuple[Group, str]]:
        """The groups whose removal is wrong, and why."""
        groups = list(self.graph.groups)
        enough = KINDS if sum(layer.macs for layer in self.graph.layers) <= CHEAP else 1
        for turn in range(KINDS):
            if turn >= enough and not self.without_effect():
                break
            self._turn = turn
            if (problem := self._problem(groups)) is not None:
                return self._narrowed(groups, [], problem)
        return []

    def only_one_was_left(self, group: Group) -> bool:
        """Whether the plan that failed left one unit of a group that has more than two."""
        return group.size > 2 and leaves_one(self.graph.groups.index(group), self._turn)

    def without_effect(self) -> list[Group]:
        """The groups of which nothing that was removed could be missed, so that no mistake could show.

        Where some outputs do not matter, groups that reach nothing else are read by no operator that does.
        """
        unread = CLEAR if self.graph.operators.asked else 0.0
        return [group for group in self.graph.groups if self.effects.get(group.id, unread) < CLEAR]

    def proven(self) -> frozenset[int]:
        """The groups of which a mistake would have shown."""
        idle = self.without_effect() if self.conclusive else self.graph.groups
        return frozenset(group.id for group in self.graph.groups if group not in idle)

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
        with warnings.catch_warnings():  # of plans that nobody asked for
            warnings.simplefilter("ignore")
            return self._found(groups)

    def _found(self, groups: Sequence[Group]) -> str | None:
        self._tried += 1
        plan, subject = mixed_part(self.graph, groups, self.seed, self._turn), self.subject
        modes = [False] if self.graph.operators.training_from is None else [False, True]
        small = None
        for training in modes:
            reference = Reference(self.graph, plan, subject.precise, subject.lively, training=training)
            wanted = self._masked(plan, reference)
            try:
                small = small or self.backend.prune(subject.network, self.graph, plan)
                outputs = self.backend.run_compared(small, subject.inputs, reference)
                got = outputs_as_arrays(outputs, self.graph.operators.asked)
            except Exception as problem:  # whatever the pruned network's code raises is the finding
                return f"{type(problem).__name__}: {first_line(problem)}"
            self._weigh(reference)
            self.conclusive = self.conclusive or _conclusive(wanted, reference)
            if found := self._inside(reference) or self._outside(got, wanted):
                return found
        return self._trained(small) if len(modes) > 1 else None

    def _masked(self, plan: PrunePlan, reference: Reference) -> list[NDArray[Any]]:
        """The outputs of the whole network where the removed has no effect.

        Raises:
            Unfit: It does not run in the precision or with the weights that it was given for the proof.
        """
        network, inputs = self.subject.network, self.subject.inputs
        try:
            outputs = self.backend.run_masked(network, self.graph, plan, inputs, reference)
        except Exception as problem:  # the network's own code runs here
            raise Unfit from problem
        if not reference.complete:
            raise Unfit
        return outputs_as_arrays(outputs, self.graph.operators.asked)

    def _trained(self, small: Network) -> str | None:
        """Why the pruned network does not train, or None."""
        try:
            self.backend.train_once(small, self.subject.inputs)
        except Exception as problem:
            return f"{type(problem).__name__}: {first_line(problem)}"
        return None

    def _weigh(self, reference: Reference) -> None:
        for group, (effect, place) in reference.effects.items():
            found = effect / self.subject.limit(place)
            self.effects[group] = max(self.effects.get(group, 0.0), found)

    def _inside(self, reference: Reference) -> str | None:
        """Where the pruned network first computes something else."""
        for place, error in reference.differences.items():
            if place in self.subject.unsteady or error <= self.subject.limit(place):
                continue
            module, name, _ = place
            told = f"by {error:.2g} of the largest" if np.isfinite(error) else "in shape, or are not finite"
            return f"{DIFFERS} {told} at {name} in {module or 'the network'}"
        return None

    def _outside(self, got: Sequence[NDArray[Any]], wanted: Sequence[NDArray[Any]]) -> str | None:
        """How the outputs differ beyond rounding."""
        if [a.shape for a in got] != [a.shape for a in wanted]:
            return f"output shapes {[a.shape for a in got]} instead of {[a.shape for a in wanted]}"
        for number, (a, b) in enumerate(zip(got, wanted, strict=True)):
            place = output(number)
            if place in self.subject.unsteady or not np.issubdtype(b.dtype, np.floating):
                continue
            error, largest = relative_difference(a, b), float(np.abs(b[np.isfinite(b)]).max(initial=0.0))
            if not error <= (self.subject.limit(place) if largest else 0):
                return f"{DIFFERS} by {error * (largest or 1.0):.2g} where outputs reach {largest:.2g}"
        return None


def _conclusive(outputs: Sequence[NDArray[Any]], reference: Reference) -> bool:
    """Whether a mistake could show: at an operator, or in real numbers that differ within an output."""
    real = [array for array in outputs if np.issubdtype(array.dtype, np.floating) and array.size]
    finite = [array[np.isfinite(array)] for array in real]
    if real and not any(values.size for values in finite):
        return False
    told = any(v.size and (v.min() < v.max() or a.size == 1) for v, a in zip(finite, real, strict=True))
    return bool(reference.differences) or told
