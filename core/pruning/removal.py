"""A plan in terms of parameters and modules, as backends carry it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.structure import ChannelStructure, staying
from prunekit.core.pruning import size_updates
from prunekit.core.pruning.plan import PrunePlan, check_network


@dataclass(frozen=True)
class Removal:
    """A plan in terms of a network's parameters and modules.

    Attributes:
        kept: For each parameter and axis that loses something the positions that stay, in their new order.
        factors: For each parameter and axis whose values change what to multiply its positions by, before the cut.
        sizes: For each (module, path of an attribute) that is a size and changes its new value.
        channels: For each module that normalizes how many channels it sees, before and afterwards.
    """

    kept: dict[str, dict[int, NDArray[np.int64]]]
    factors: dict[str, dict[int, NDArray[np.float64]]]
    sizes: dict[tuple[str, tuple[str | int, ...]], int]
    channels: dict[str, tuple[int, int]]

    @classmethod
    def of(cls, graph: ChannelStructure, plan: PrunePlan, shapes: Mapping[str, tuple[int, ...]]) -> Removal:
        """What the plan means for a network whose parameters and buffers have these shapes.

        Raises:
            PlanError: The plan is of another graph, or the graph of another network.
        """
        check_network(graph, shapes)
        keep, kept = plan.flags(graph), dict[str, dict[int, NDArray[np.int64]]]()
        for (parameter, axis), positions in graph.kept(keep).items():
            kept.setdefault(parameter, {})[axis] = positions
        channels = {name: (units.size, int(staying(units, keep).sum())) for name, units in graph.norms}
        return cls(kept, size_updates.factors(graph, keep), size_updates.sizes(graph, keep), channels)

    @property
    def changed(self) -> list[str]:
        """The parameters and buffers that are other ones afterwards."""
        return list(dict.fromkeys([*self.kept, *self.factors]))

    def part(self, name: str, array: NDArray[Any]) -> NDArray[Any]:
        """What is left of one of them."""
        for axis, vector in self.factors.get(name, {}).items():
            array = array * vector.astype(array.dtype).reshape([-1 if k == axis else 1 for k in range(array.ndim)])
        for axis, indices in self.kept.get(name, {}).items():
            array = array.take(indices, axis)
        return np.ascontiguousarray(array)
