"""Weights that the network's code computes from parameters: what is applied, and what that means for pruning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.attributes import Attributes
from prunekit.core.graph.operators import Operator, OperatorGraph
from prunekit.core.graph.weight_factors import factors_of, holds_at_zero
from prunekit.core.graph.weight_forms import WeightForm, weight_forms
from prunekit.core.graph.weight_paths import APPLIES_A_WEIGHT, WeightPaths

LEFT = "weights that the forward computes, ranked as they are applied and left out of compensation"
TOLD = 3
"""How many of them are named."""


class ComputedWeights:
    """Keeps the tensors that layers apply as weights, and says at the end what they are.

    Args:
        graph: The recorded forward.
    """

    def __init__(self, graph: OperatorGraph) -> None:
        self._graph = graph
        self._tensors: dict[int, Any] = {}

    def note(self, added: Sequence[Operator[Attributes]], tensors: Callable[[], dict[int, Any]]) -> None:
        """Keep what operators apply.

        Args:
            added: The operators.
            tensors: Finds the tensors that they were given and that have no name, by number.
        """
        if any(operator.kind in APPLIES_A_WEIGHT for operator in added):
            used = {tensor for operator in added for tensor in operator.inputs[1:] or operator.inputs}
            for number, tensor in tensors().items():
                if number in used:
                    self._tensors.setdefault(number, tensor)

    def weigh(self, as_array: Callable[[Any], NDArray[Any]], parameters: dict[str, Any]) -> None:
        """Let the magnitudes be those of what is applied, and note what compensation cannot change."""
        paths, left = WeightPaths(self._graph), dict[str, str]()
        for name, form in weight_forms(paths).items():
            if form.computed and name in parameters:
                operand = paths.handed_over(form.operator)
                tensor = self._tensors.get(operand)
                applied = None if tensor is None else paths.as_parameter(as_array(tensor), operand)
                if applied is not None:
                    self._graph.magnitudes[name] = _norms(applied)
                reason = _reason(paths, form, applied, as_array(parameters[name]))
                if reason:
                    left[self._graph.owner(name) or name] = reason
        if left:
            told = ", ".join(f"{module} ({reason})" for module, reason in list(left.items())[:TOLD])
            more = f" and {len(left) - TOLD} more" if len(left) > TOLD else ""
            self._graph.notes.append(f"{LEFT}: {told}{more}")


def _reason(paths: WeightPaths, form: WeightForm, applied: NDArray[Any] | None, parameter: NDArray[Any]) -> str:
    """Why compensation cannot give a weight other values, or an empty text."""
    filters = paths.filters(form.operator)
    if form.unknown or applied is None or filters is None:
        return form.unknown or "what is applied is not known"
    return "a mask of single weights" if holds_at_zero(factors_of(parameter, applied, filters), filters) else ""


def _norms(weight: NDArray[Any]) -> dict[int, NDArray[np.float64]]:
    """L1 norms of its slices along its first two axes."""
    size = np.abs(weight)
    others = {axis: tuple(k for k in range(size.ndim) if k != axis) for axis in range(min(size.ndim, 2))}
    return {axis: size.sum(rest, dtype=np.float64) for axis, rest in others.items()}
