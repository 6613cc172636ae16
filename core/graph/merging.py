"""Rules for operators that keep positions where they are: elementwise, normalization, reduction, pooling, unknown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prunekit.core.graph.labels import IntArray, LabelArrays, along, axes_of
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.reshaping import covering
from prunekit.core.graph.state import State, where


def elementwise(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """Operands are broadcast against each other, and what meets is tied."""
    operands = [(state.stretched.get(t, state.shape(t)), state.arrays(t)) for t in operator.inputs]
    return [merge(state, state.shape(out), operands, operator) for out in operator.outputs]


def merge(
    state: State, shape: Sequence[int], operands: Sequence[tuple[tuple[int, ...], LabelArrays]], operator: Operator
) -> LabelArrays:
    """Broadcast operands against each other: what meets is tied, what meets a fixed size keeps its own."""
    ndim, merged = len(shape), list[IntArray]()
    padded = [
        ((1,) * (ndim - len(s)) + s, [a.reshape((1,) * (ndim - len(s)) + a.shape) for a in arrays])
        for s, arrays in operands
    ]
    for array in (a for _, arrays in padded for a in arrays):
        joined = array
        for other in [m for m in merged if set(axes_of(m)) & set(axes_of(joined))]:
            state.labels.tie(joined, other)
            joined = np.broadcast_arrays(joined, other)[0]
            merged = [m for m in merged if m is not other]
        merged.append(joined)
    fixed = {
        axis
        for size, arrays in padded
        for axis in range(ndim)
        if size[axis] > 1 and not any(axis in axes_of(a) for a in arrays)
    }
    return tuple(state.labels.fix(a, sorted(fixed), f"{where(operator)} meets a fixed size") for a in merged)


def normalization(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """Per-channel tensors are tied to the channels; statistics over channels are noted, parts of them are kept."""
    x, (axis, pooled) = operator.inputs[0], (operator.attributes["axis"], operator.attributes["pooled"])
    groups, shape = operator.attributes.get("groups", 1), state.shape(x)
    operands = [(shape, state.arrays(x))]
    for tensor in operator.inputs[1:]:
        own, arrays = state.shape(tensor), state.arrays(tensor)
        if axis is not None:
            own = tuple(own[0] if k == axis else 1 for k in range(len(shape)))
            arrays = tuple(along(a.ravel(), axis, len(shape)) for a in arrays)
        operands.append((own, arrays))
    merged = merge(state, shape, operands, operator)
    for array in merged:
        if set(pooled) & set(axes_of(array)):
            state.labels.pooled.append(array)
            if 1 < groups < shape[1] and axes_of(array) == (1,):
                state.labels.fix(array.reshape(groups, -1), [0], f"{where(operator)} has one channel per group")
    channels = covering(merged, len(shape) - 1 if axis is None else axis)
    if channels is not None and len(axes_of(channels)) == 1:
        state.norms.setdefault(operator.module, channels.ravel())
    return [merged] + [() for _ in operator.outputs[1:]]


def reduce(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """A sum does not see a zero that is gone, a mean is then one over fewer; anything else keeps its channels."""
    axes, over = operator.attributes["axes"], operator.attributes["over"]
    kept = []
    for array in state.arrays(operator.inputs[0]):
        inside = set(axes_of(array)) <= set(axes)
        if inside and over == "statistic":
            state.labels.pooled.append(array)
        if inside and over != "values":
            state.hide(operator.outputs[0], array)
            continue
        rest = state.labels.fix(array, axes, f"{where(operator)} is taken over it")
        kept.append(rest if operator.attributes["keepdim"] else np.squeeze(rest, tuple(axes)))
    return [tuple(kept) for _ in operator.outputs]


def pool(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """Positions along some axes are mixed, the others pass."""
    axes = operator.attributes["axes"]
    reason = f"{where(operator)} mixes positions along it"
    kept = tuple(state.labels.fix(a, axes, reason) for a in state.arrays(operator.inputs[0]))
    return [kept for _ in operator.outputs]


def opaque(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """Nobody knows what it does: everything that it touches stays."""
    for tensor in operator.inputs:
        for array in state.arrays(tensor):
            state.labels.freeze(array, f"{where(operator)}: {operator.attributes['reason']}")
    return [() for _ in operator.outputs]
