"""Runs a network as if channels were gone: left out wherever positions are summed, averaged or compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from mindspore import Tensor, nn
from numpy.typing import NDArray

from prunekit.core.graph.attributes import Convolution, Linear, Matmul, Normalization
from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.pruning.call_places import Call, Place
from prunekit.core.pruning.masked_axes import MaskedAxes, MaskedAxis
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.reference import Reference
from prunekit.plugins.backends.mindspore.dispatch import Dispatched
from prunekit.plugins.backends.mindspore.forward import as_array, tensors_in
from prunekit.plugins.backends.mindspore.masked_operators import along, filled, without
from prunekit.plugins.backends.mindspore.watching import Watching, decided


def masked(
    network: nn.Cell,
    graph: ChannelStructure,
    plan: PrunePlan,
    forward: Callable[[], Any],
    reference: Reference | None = None,
) -> Any:
    """What the network returns when everything that the plan removes has no effect.

    Args:
        network: The whole one.
        graph: Its structure.
        plan: What goes.
        forward: Calls the network.
        reference: Filled for the run of the pruned network, if one is given.
    """
    masks, cells = MaskedAxes.of(graph, plan), dict(network.cells_and_names())
    watch = _Masking(masks.calls, graph, reference)
    hooks = [cells[name].register_forward_pre_hook(partial(_mask_input, mask)) for name, mask in masks.modules]
    try:
        with watch.over(network):
            outputs = forward()
    finally:
        for hook in hooks:
            hook.remove()
    if reference is not None:
        reference.masked_run_ends(watch.places.of_modules)
    return outputs


def _mask_input(mask: MaskedAxis, cell: nn.Cell, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    x, *rest = inputs
    return (filled(x, along(mask.axis, x.ndim, mask.stays), 0.0), *rest)


class _Masking(Watching):
    """Replaces the operators that have to leave something out; notes what the pruned network is held against."""

    def __init__(
        self, masks: Mapping[Call, Sequence[MaskedAxis]], graph: ChannelStructure, reference: Reference | None
    ) -> None:
        super().__init__(reference)
        self._masks, self._reference = masks, reference
        self._statistics = {
            (operator.name, operator.call)
            for operator in graph.operators.operators
            if isinstance(operator.attributes, Normalization)
            and operator.attributes.mean is not None
            and not operator.attributes.pooled
        }

    def operator(self, call: Call, place: Place, operator: Dispatched) -> Any:
        masks, reference = self._masks.get(call, ()), self._reference
        if reference is not None and reference.lively and call in self._statistics:
            _follow_statistics(operator)
        if masks:
            out = without(operator, masks[0].attributes, {mask.axis: mask.stays for mask in masks})
        else:
            out = operator.run(operator.args)
        if reference is not None and reference.follows(call):
            results = list(tensors_in(out))
            for mask in masks:
                reference.note_effect(mask.number, place, *_contributions(operator, mask, results[0]))
            reference.note(call, place, partial(_cut, reference, call, results), decided(operator, results))
        return out


def _follow_statistics(operator: Dispatched) -> None:
    """Let a normalization's running statistics be about those of its input: with others, many channels pass no ReLU."""
    x, *vectors = tensors_in(list(operator.args))
    array, (mean, var) = as_array(x), vectors[-2:]
    factor = np.linspace(0.8, 1.2, mean.size)  # one for each channel
    for statistic, value in ((mean, array.mean() * factor), (var, max(array.var(), 1e-6) * factor[::-1])):
        statistic.assign_value(Tensor(np.ascontiguousarray(value), dtype=statistic.dtype))


def _cut(reference: Reference, call: Call, results: Sequence[Tensor], result: int) -> NDArray[Any]:
    """What stays of one of an operator's results, in an array of its own."""
    array: NDArray[Any] = as_array(results[result])
    for axis, places in reference.stays(call, result):
        array = array.take(places, axis)
    return array


def _contributions(operator: Dispatched, mask: MaskedAxis, out: Tensor) -> tuple[NDArray[Any], float]:
    """Mean squares of what each position along an axis of the operand contributes to the result, and of the result."""
    x, *others = tensors_in(list(operator.args))
    powers = _squares(x).mean(axis=tuple(k for k in range(x.ndim) if k != mask.axis))
    if not isinstance(mask.attributes, (Convolution, Linear, Matmul)):
        return powers, float(powers.sum())
    window = others[0].shape[2:] if isinstance(mask.attributes, Convolution) else ()
    return powers * _squares(others[0]).mean() * math.prod(window), float(_squares(out).mean())


def _squares(tensor: Tensor) -> NDArray[Any]:
    squares: NDArray[Any] = np.square(np.abs(as_array(tensor)), dtype=np.float64)
    return squares
