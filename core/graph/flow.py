"""Label flow: carries channel labels through every operator of a recorded forward and finds what is coupled."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prunekit.core.graph import contracting, merging, moving
from prunekit.core.graph.labels import LabelArrays, axes_of, drop_constant_axes
from prunekit.core.graph.operators import Kind, Operator, OperatorGraph
from prunekit.core.graph.state import State

Rule = Callable[[State, int, Operator], list[LabelArrays]]

RULES: dict[Kind, Rule] = {
    Kind.CONVOLUTION: contracting.convolution,
    Kind.LINEAR: contracting.linear,
    Kind.MATMUL: contracting.matmul,
    Kind.NORMALIZATION: merging.normalization,
    Kind.ELEMENTWISE: merging.elementwise,
    Kind.REDUCE: merging.reduce,
    Kind.POOL: merging.pool,
    Kind.OPAQUE: merging.opaque,
    Kind.CONCAT: moving.concat,
    Kind.SPLIT: moving.split,
    Kind.SLICE: moving.cut,
    Kind.WRITE: moving.write,
    Kind.LIKE: moving.like,
    Kind.PAD: moving.pad,
    Kind.RESHAPE: moving.reshaped,
    Kind.PERMUTE: moving.permute,
    Kind.EXPAND: moving.expand,
}
"""Each takes what is known, the operator's position and the operator, and returns the label arrays of its results."""

_STILL_A_WEIGHT = {Kind.PERMUTE, Kind.RESHAPE, Kind.ELEMENTWISE, Kind.NORMALIZATION, Kind.EXPAND}
_APPLIES_A_WEIGHT = {Kind.CONVOLUTION, Kind.LINEAR}


def follow(graph: OperatorGraph, held: Iterable[int] = ()) -> State:
    """Follow the labels from the first operator to the outputs, which keep all their channels.

    Args:
        graph: A recorded forward.
        held: Positions of operators whose sizes stand in the network's code.
    """
    state = State(graph, held)
    for position, operator in enumerate(graph.operators):
        outputs = RULES[operator.kind](state, position, operator)
        for tensor, arrays in zip(operator.outputs, outputs, strict=True):
            state.put(tensor, tuple(a for a in map(drop_constant_axes, arrays) if axes_of(a)))
        if operator.kind in _STILL_A_WEIGHT:
            state.same_weight(operator)
        if operator.kind not in _APPLIES_A_WEIGHT:
            for array in [a for t in operator.inputs for a in state.hidden.get(t, {}).values()]:
                state.hide(operator.outputs[0], array)
    for tensor in graph.outputs:
        for array in [*state.arrays(tensor), *state.hidden.get(tensor, {}).values()]:
            state.labels.freeze(array, "reaches the network's output")
    return state
