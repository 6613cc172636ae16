"""Runs a network as if channels were gone: left out wherever positions are summed, averaged or compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from mindspore import Tensor, nn
from numpy.typing import NDArray

from prunekit.core.graph.attributes import Attributes, Convolution, Linear, Matmul, Normalization
from prunekit.core.graph.structure import ChannelStructure, staying
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.reference import Call, Place, Reference
from prunekit.plugins.backends.mindspore.dispatch import Dispatched
from prunekit.plugins.backends.mindspore.forward import as_array, tensors_in
from prunekit.plugins.backends.mindspore.masked_operators import Flags, along, filled, without
from prunekit.plugins.backends.mindspore.watching import Watching, decides, draws


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
    keep, cells = plan.flags(graph), dict(network.cells_and_names())
    masks, hooks = dict[Call, list[_Masked]](), []
    for number, mask in enumerate(graph.masks):
        operator, stays = graph.operators.operators[mask.operator], staying(mask.units, keep)
        if stays.all():
            continue
        if operator.call < 0:  # a cell that counts as one operator
            hooks.append(cells[operator.module].register_forward_pre_hook(_masking(mask.axis, stays)))
        else:
            found = _Masked(number, mask.axis, stays, operator.attributes)
            masks.setdefault((operator.name, operator.call), []).append(found)
    watch = _Masking(masks, graph, reference)
    try:
        with watch.over(network):
            outputs = forward()
    finally:
        for hook in hooks:
            hook.remove()
    if reference is not None:
        reference.masked_run_ends(watch.places)
    return outputs


class _Masked(NamedTuple):
    """A mask of the graph by its number there, as one call meets it."""

    number: int
    axis: int
    stays: Flags
    attributes: Attributes


class _Masking(Watching):
    """Replaces the operators that have to leave something out; notes what the pruned network is held against."""

    def __init__(
        self, masks: Mapping[Call, Sequence[_Masked]], graph: ChannelStructure, reference: Reference | None
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
            self._note(reference, call, place, masks, operator, list(tensors_in(out)))
        return out

    def _note(
        self,
        reference: Reference,
        call: Call,
        place: Place,
        masks: Sequence[_Masked],
        operator: Dispatched,
        results: list[Tensor],
    ) -> None:
        if reference.compares(call):
            reference.note(call, place, _cut(reference, call, 0, results[0]))
        for mask in masks:
            reference.note_effect(mask.number, place, *_contributions(operator, mask, results[0]))
        drawn = draws(operator)
        if drawn or decides(operator, results):
            for number, tensor in enumerate(results):
                if drawn or not tensor.is_floating_point():
                    reference.note_decision(call, place, number, _cut(reference, call, number, tensor))


def _follow_statistics(operator: Dispatched) -> None:
    """Let a normalization's running statistics be about those of its input: with others, many channels pass no ReLU."""
    x, *vectors = tensors_in(list(operator.args))
    array, (mean, var) = as_array(x), vectors[-2:]
    factor = np.linspace(0.8, 1.2, mean.size)  # one for each channel
    for statistic, value in ((mean, array.mean() * factor), (var, max(array.var(), 1e-6) * factor[::-1])):
        statistic.assign_value(Tensor(np.ascontiguousarray(value), dtype=statistic.dtype))


def _cut(reference: Reference, call: Call, result: int, tensor: Tensor) -> NDArray[Any]:
    """What stays of an operator's result, in an array of its own."""
    array: NDArray[Any] = as_array(tensor)
    for axis, places in reference.stays(call, result):
        array = array.take(places, axis)
    return array


def _contributions(operator: Dispatched, mask: _Masked, out: Tensor) -> tuple[NDArray[Any], float]:
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


def _masking(axis: int, stays: Flags) -> Callable[[nn.Cell, tuple[Any, ...]], tuple[Any, ...]]:
    def hook(cell: nn.Cell, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        x, *rest = inputs
        return (filled(x, along(axis, x.ndim, stays), 0.0), *rest)

    return hook
