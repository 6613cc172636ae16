"""A plan in terms of parameters and modules, as backends carry it out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.flips import Flip, flips
from prunekit.core.graph.structure import Axis, ChannelStructure, staying
from prunekit.core.graph.tracked_sizes import Path
from prunekit.core.graph.weight_forms import NormedWeight
from prunekit.core.pruning import size_updates
from prunekit.core.pruning.errors import PlanError
from prunekit.core.pruning.normed_weights import Read, made_up
from prunekit.core.pruning.plan import PrunePlan, check_network


@dataclass(frozen=True)
class Removal:
    """A plan in terms of a network's parameters and modules.

    Attributes:
        kept: For each parameter and axis that loses something the positions that stay, in their new order.
        factors: For each parameter and axis whose values change what to multiply its positions by, before the cut.
        sizes: For each (module, path of an attribute) that is a size and changes its new value.
        channels: For each module that normalizes how many channels it sees, before and afterwards.
        lengths: By the parameter that gives a weight its length: that weight, whose norm loses what goes.
    """

    kept: dict[str, dict[int, NDArray[np.int64]]]
    factors: dict[str, dict[int, NDArray[np.float64]]]
    sizes: dict[tuple[str, Path], int]
    channels: dict[str, tuple[int, int]]
    lengths: dict[str, NormedWeight] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        graph: ChannelStructure,
        plan: PrunePlan,
        shapes: Mapping[str, tuple[int, ...]],
        state: Collection[str] = (),
    ) -> Removal:
        """What the plan means for a network whose parameters and other tensors have these shapes.

        Args:
            graph: The network's structure.
            plan: What stays of it.
            shapes: By the tensors' names.
            state: Names of those that are the network's state and have to be there. What a forward left behind
                need not, nor have the shape that it had: the next forward makes it anew.

        Raises:
            PlanError: The plan is of another graph, or the graph of another network, or the network's code compares
                sizes and would come to another outcome.
        """
        check_network(graph, shapes)
        keep, kept = plan.flags(graph), dict[str, dict[int, NDArray[np.int64]]]()
        for flip in flips(graph, keep):
            raise PlanError(f"the plan changes what comes of a comparison in the network: {flip}; {_ways(graph, flip)}")
        positions = graph.kept(keep)
        for axis in graph.axes:
            if (axis.parameter, axis.axis) in positions and _there(axis, shapes, state):
                kept.setdefault(axis.parameter, {})[axis.axis] = positions[axis.parameter, axis.axis]
        channels = {name: (units.size, int(staying(units, keep).sum())) for name, units in graph.norms}
        lengths = {normed.gain: normed for normed in graph.normed_weights if normed.weight in kept}
        return cls(kept, size_updates.factors(graph, keep), size_updates.sizes(graph, keep), channels, lengths)

    @property
    def changed(self) -> list[str]:
        """The parameters and buffers that are other ones afterwards."""
        return list(dict.fromkeys([*self.kept, *self.factors, *self.lengths]))

    def length(self, gain: str, whole: Read) -> Any:
        """By what to multiply what is left of a parameter in ``lengths``.

        Args:
            gain: The parameter.
            whole: Reads parameters and buffers of the whole network.
        """
        normed = self.lengths[gain]
        kept = self.kept.get(normed.weight, {})
        return made_up(normed, lambda name: self.part(name, whole(name)), whole, kept)

    def part(self, name: str, array: NDArray[Any]) -> NDArray[Any]:
        """What is left of one of them."""
        return np.ascontiguousarray(size_updates.part(array, self.factors.get(name, {}), self.kept.get(name, {})))


def _there(axis: Axis, shapes: Mapping[str, tuple[int, ...]], state: Collection[str]) -> bool:
    """Whether a tensor has the axis that is to be cut.

    Raises:
        PlanError: It has not, though it is the network's state.
    """
    name, size, shape = axis.parameter, axis.units.size, shapes.get(axis.parameter, ())
    fits = axis.axis < len(shape) and shape[axis.axis] == size
    if not fits and name in state:
        there = f"has {size} along axis {axis.axis} there"
        raise PlanError(f"the graph is of another network: {name} {there}, here it is {shape}")
    return fits


def _ways(graph: ChannelStructure, flip: Flip) -> str:
    """What can be done."""
    units = np.concatenate(list(flip.comparison.units.values()))
    groups = [g for g in graph.groups if ((units >= g.offset) & (units < g.offset + g.size)).any()]
    names = " or ".join(f"group {group.id} ({group.name})" for group in groups)
    return f"keep another number of units of {names}; PrunePlan.nearest finds one"
