"""Label flow: carries channel labels through every operator of a recorded forward and finds what is coupled."""

from __future__ import annotations

from collections.abc import Callable, Collection

from prunekit.core.graph.flow_state import STILL_A_WEIGHT, FlowState
from prunekit.core.graph.labels import Axes
from prunekit.core.graph.operators import Kind, Operator, OperatorGraph
from prunekit.core.graph.rescaling import rescaled
from prunekit.core.graph.rules import contraction, layout, pointwise, slicing
from prunekit.core.graph.size_constraints import counted, settle
from prunekit.core.graph.sizes import Attribute

Rule = Callable[[FlowState, int, Operator], list[Axes]]

RULES: dict[Kind, Rule] = {
    Kind.CONVOLUTION: contraction.convolution,
    Kind.LINEAR: contraction.linear,
    Kind.MATMUL: contraction.matmul,
    Kind.NORMALIZATION: pointwise.normalization,
    Kind.ELEMENTWISE: pointwise.elementwise,
    Kind.REDUCE: pointwise.reduce,
    Kind.POOL: pointwise.pool,
    Kind.OPAQUE: pointwise.opaque,
    Kind.SPLIT: slicing.split,
    Kind.SLICE: slicing.cut,
    Kind.CONCAT: layout.concat,
    Kind.WRITE: layout.write,
    Kind.CREATE: layout.create,
    Kind.INDEX: layout.index,
    Kind.PAD: layout.pad,
    Kind.RESHAPE: layout.reshaped,
    Kind.PERMUTE: layout.permute,
    Kind.EXPAND: layout.expand,
}
"""Each takes what is known, the operator's position and the operator, and returns the labels of its results."""

_APPLIES_A_WEIGHT = {Kind.CONVOLUTION, Kind.LINEAR}


def follow(graph: OperatorGraph, whole_parts: Collection[str] = ()) -> FlowState:
    """Follow the labels from the first operator to the outputs, which keep all their channels.

    Args:
        graph: A recorded forward.
        whole_parts: Names of choices where whole parts go, not positions within every part.
    """
    flow = FlowState(graph, whole_parts)
    for position, operator in enumerate(graph.operators):
        outputs = RULES[operator.kind](flow, position, operator)
        for tensor, axes in zip(operator.outputs, outputs, strict=True):
            flow.put(tensor, axes)
        if operator.kind in STILL_A_WEIGHT:
            flow.same_weight(operator)
        if operator.kind not in _APPLIES_A_WEIGHT and operator.outputs:
            for labels in [a for t in operator.inputs for a in flow.hidden.get(t, {}).values()]:
                flow.hide(operator.outputs[0], labels)
    for tensor in graph.outputs:
        for labels in [*flow.axes(tensor).values(), *flow.hidden.get(tensor, {}).values()]:
            flow.labels.freeze(labels, "reaches the network's output")
    for pair in graph.equal:
        for one, other in (pair, pair[::-1]):
            counts = counted(flow, other)
            if isinstance(one, Attribute) and counts is not None:
                flow.attributes.setdefault(one, []).append(counts)
    settle(flow)
    flow.rescaled = rescaled(flow)
    return flow
