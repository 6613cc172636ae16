"""Label flow: carries channel labels through every operator of a recorded forward and finds what is coupled."""

from __future__ import annotations

from collections.abc import Callable, Collection

from prunekit.core.graph import contracting, cutting, merging, moving
from prunekit.core.graph.holding import counted, settle
from prunekit.core.graph.labels import Axes
from prunekit.core.graph.operators import Kind, Operator, OperatorGraph
from prunekit.core.graph.rescaling import rescaled
from prunekit.core.graph.sizes import Attribute
from prunekit.core.graph.state import STILL_A_WEIGHT, State

Rule = Callable[[State, int, Operator], list[Axes]]

RULES: dict[Kind, Rule] = {
    Kind.CONVOLUTION: contracting.convolution,
    Kind.LINEAR: contracting.linear,
    Kind.MATMUL: contracting.matmul,
    Kind.NORMALIZATION: merging.normalization,
    Kind.ELEMENTWISE: merging.elementwise,
    Kind.REDUCE: merging.reduce,
    Kind.POOL: merging.pool,
    Kind.OPAQUE: merging.opaque,
    Kind.SPLIT: cutting.split,
    Kind.SLICE: cutting.cut,
    Kind.CONCAT: moving.concat,
    Kind.WRITE: moving.write,
    Kind.CREATE: moving.create,
    Kind.INDEX: moving.index,
    Kind.PAD: moving.pad,
    Kind.RESHAPE: moving.reshaped,
    Kind.PERMUTE: moving.permute,
    Kind.EXPAND: moving.expand,
}
"""Each takes what is known, the operator's position and the operator, and returns the labels of its results."""

_APPLIES_A_WEIGHT = {Kind.CONVOLUTION, Kind.LINEAR}


def follow(graph: OperatorGraph, whole_parts: Collection[str] = ()) -> State:
    """Follow the labels from the first operator to the outputs, which keep all their channels.

    Args:
        graph: A recorded forward.
        whole_parts: Names of choices where whole parts go, not positions within every part.
    """
    state = State(graph, whole_parts)
    for position, operator in enumerate(graph.operators):
        outputs = RULES[operator.kind](state, position, operator)
        for tensor, axes in zip(operator.outputs, outputs, strict=True):
            state.put(tensor, axes)
        if operator.kind in STILL_A_WEIGHT:
            state.same_weight(operator)
        if operator.kind not in _APPLIES_A_WEIGHT and operator.outputs:
            for labels in [a for t in operator.inputs for a in state.hidden.get(t, {}).values()]:
                state.hide(operator.outputs[0], labels)
    for tensor in graph.outputs:
        for labels in [*state.axes(tensor).values(), *state.hidden.get(tensor, {}).values()]:
            state.labels.freeze(labels, "reaches the network's output")
    for pair in graph.equal:
        for one, other in (pair, pair[::-1]):
            counts = counted(state, other)
            if isinstance(one, Attribute) and counts is not None:
                state.attributes.setdefault(one, []).append(counts)
    settle(state)
    state.rescaled = rescaled(state)
    return state
