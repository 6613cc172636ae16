"""Gives the weights that layers apply other values, by the parameters that they are computed from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.graph.weight_factors import factors_of
from prunekit.core.graph.weight_forms import WeightForm, weight_forms
from prunekit.core.graph.weight_paths import WeightPaths
from prunekit.core.pruning import size_updates
from prunekit.core.pruning.normed_weights import made_up
from prunekit.core.pruning.size_updates import part

HELD = 1e-9
"""What is held at zero may be off by this share of the largest number that is wanted."""

Arrays = Mapping[str, NDArray[Any]]


class AppliedWeights:
    """What the layers of a network apply, and how to have a pruned one apply something else.

    Args:
        graph: The channel graph.
        keep: For every unit of the graph whether it stays.
        computed: What layers of the whole network apply whose weight the code computes, by the parameter.
        state: Parameters and buffers of the whole network.
    """

    def __init__(self, graph: ChannelStructure, keep: NDArray[np.bool_], computed: Arrays, state: Arrays) -> None:
        self._graph, self._computed, self._state = graph, computed, state
        self._factors = size_updates.factors(graph, keep)
        self._kept = size_updates.kept_positions(graph, keep)

    @cached_property
    def _paths(self) -> WeightPaths:
        return WeightPaths(self._graph.operators)

    @cached_property
    def _forms(self) -> dict[str, WeightForm]:
        return weight_forms(self._paths)

    def whole(self, name: str) -> NDArray[Any]:
        """The weight of the whole network."""
        return self._computed.get(name, self._state[name])

    def left(self, name: str, array: NDArray[Any]) -> NDArray[Any]:
        """What is left of a parameter or buffer with other values."""
        return part(array, self._factors.get(name, {}), self._kept.get(name, {}))

    def written(self, name: str, in_axis: int, wanted: NDArray[np.float64]) -> dict[str, NDArray[Any]] | None:
        """The parameters with which the pruned network applies the wanted weight; None where there are none.

        Args:
            name: The parameter that the weight is, or is computed from.
            in_axis: The axis of its inputs.
            wanted: The weight, cut along that axis only.
        """
        others = {axis: indices for axis, indices in self._kept.get(name, {}).items() if axis != in_axis}
        wanted = part(wanted, self._factors.get(name, {}), others)
        values = {name: wanted} if name not in self._computed else self._undone(name, wanted)
        return values and {key: array.astype(self._state[key].dtype) for key, array in values.items()}

    def _undone(self, name: str, wanted: NDArray[np.float64]) -> dict[str, NDArray[Any]] | None:
        """The way from the parameter to the weight, backwards."""
        form, before, kept = self._forms[name], self._state[name], self._kept.get(name, {})
        filters = self._paths.filters(form.operator)
        if form.unknown or filters is None:
            return None
        factors = part(factors_of(before, self._computed[name], filters), {}, kept)
        held = factors == 0
        if np.abs(wanted[held]).max(initial=0.0) > HELD * np.abs(wanted).max():
            return None
        values = np.divide(wanted, factors, out=part(before.astype(np.float64), {}, kept), where=~held)
        if form.normed is None:
            return {name: values}
        gain = form.normed.gain
        length = made_up(
            form.normed,
            lambda key: values if key == name else self.left(key, self._state[key].astype(np.float64)),
            self._state.__getitem__,
            kept,
        )
        return {name: values, gain: self.left(gain, self._state[gain].astype(np.float64)) * length}
