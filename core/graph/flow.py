"""Label flow: carries channel labels through every operator of a recorded forward and finds what is coupled."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeAlias, TypeVar, cast

from prunekit.core.graph import attributes
from prunekit.core.graph.attributes import Attributes, Elementwise, Reshape, Slice, Split
from prunekit.core.graph.comparisons import keep_equal
from prunekit.core.graph.flow_state import FlowState
from prunekit.core.graph.kinds import Kind
from prunekit.core.graph.labels import Axes, IntArray
from prunekit.core.graph.operators import Operator, OperatorGraph
from prunekit.core.graph.row_provenance import moved, moves
from prunekit.core.graph.rules import contraction, layout, pointwise, slicing
from prunekit.core.graph.size_constraints import settle
from prunekit.core.graph.size_dependent_scales import rescaled
from prunekit.core.graph.weight_paths import APPLIES_A_WEIGHT

A = TypeVar("A", bound=Attributes)
Rule: TypeAlias = Callable[[FlowState, int, Operator[A]], list[Axes]]
"""Takes what is known, the operator's position and the operator, and returns the labels of its results."""


def _rule(of: type[A], rule: Rule[A]) -> tuple[Kind, Rule[Attributes]]:
    """The rule of a kind; a type checker refuses one that takes the attributes of another."""
    return of.kind, cast("Rule[Attributes]", rule)


RULES: dict[Kind, Rule[Attributes]] = dict(
    [
        _rule(attributes.Convolution, contraction.convolution),
        _rule(attributes.Linear, contraction.linear),
        _rule(attributes.Matmul, contraction.matmul),
        _rule(attributes.Normalization, pointwise.normalization),
        _rule(attributes.Elementwise, pointwise.elementwise),
        _rule(attributes.Reduce, pointwise.reduce),
        _rule(attributes.Pool, pointwise.pool),
        _rule(attributes.Opaque, pointwise.opaque),
        _rule(attributes.Split, slicing.split),
        _rule(attributes.Slice, slicing.cut),
        _rule(attributes.Concat, layout.concat),
        _rule(attributes.Write, layout.write),
        _rule(attributes.Create, layout.create),
        _rule(attributes.Index, layout.index),
        _rule(attributes.Pad, layout.pad),
        _rule(attributes.Reshape, layout.reshaped),
        _rule(attributes.Permute, layout.permute),
        _rule(attributes.Expand, layout.expand),
    ]
)


def follow(graph: OperatorGraph, whole_parts: Collection[str] = (), dealt: Collection[int] = ()) -> FlowState:
    """Follow the labels from the first operator to the outputs, which keep all their channels.

    Args:
        graph: A recorded forward.
        whole_parts: Names of choices where whole parts go, not positions within every part.
        dealt: First results of operators that divide an axis into parts of which any positions may go, equally many.
    """
    flow = FlowState(graph, whole_parts, dealt)
    for position, operator in enumerate(graph.operators):
        _apply(flow, position, operator)
        if operator.kind not in APPLIES_A_WEIGHT and operator.outputs:
            for labels in [a for t in operator.inputs for a in flow.hidden.get(t, {}).values()]:
                flow.hide(operator.outputs[0], labels)
    for tensor in graph.outputs:
        for labels in [*flow.axes(tensor).values(), *flow.hidden.get(tensor, {}).values()]:
            flow.labels.freeze(labels, "reaches the network's output")
    for tensor in graph.dropped:
        for labels in flow.axes(tensor).values():
            flow.labels.freeze(labels, "is computed and not returned, so what reads it is not known")
    for held in graph.tensors:  # what only a comparison asks for gets its labels before they are settled
        if held.name is not None:
            flow.counted(held.id)
    keep_equal(flow)
    settle(flow)
    flow.rescaled = rescaled(flow)
    return flow


def _apply(flow: FlowState, position: int, operator: Operator[Attributes]) -> None:
    """Label the results of an operator; labels that are spread over several axes follow one that moves positions."""
    x = operator.inputs[0] if operator.inputs else -1
    table, known = flow.take_spread(x) if _carries(flow, operator) else None, len(flow.divided)
    frozen = 0 if table is None else flow.labels.number_frozen(table)
    outputs = RULES[operator.kind](flow, position, operator)
    for tensor, axes in zip(operator.outputs, outputs, strict=True):
        flow.put(tensor, axes)
    if table is not None:
        flow.spread(x, table)  # others may read it
        tied = len(flow.divided) > known and operator.outputs[0] not in flow.dealt
        if tied or flow.labels.number_frozen(table) > frozen:
            flow.axes(x)  # what the rule did to the labels that count them holds for all
            return
    elif operator.outputs and operator.outputs[0] in flow.dealt and isinstance(operator.attributes, Reshape):
        table = _divided(flow, operator, x)
    if table is not None:
        for tensor in operator.outputs:
            flow.spread(tensor, moved(flow, operator, tensor, table) if moves(operator) else table)


def _carries(flow: FlowState, operator: Operator[Attributes]) -> bool:
    """Whether an operator moves the labels of its input, all parts of it alike."""
    if isinstance(operator.attributes, (Slice, Split)):
        return operator.attributes.axis not in flow.counted(operator.inputs[0])
    return moves(operator) or (isinstance(operator.attributes, Elementwise) and len(operator.inputs) == 1)


def _divided(flow: FlowState, operator: Operator[Attributes], x: int) -> IntArray | None:
    """The labels of the axis that a reshape divides."""
    (out,), ndim = operator.outputs, len(flow.shape(x))
    for axis, labels in flow.counted(x).items():
        table = labels.reshape([-1 if k == axis else 1 for k in range(ndim)])
        if moves(operator) and sum(size > 1 for size in moved(flow, operator, out, table).shape) > 1:
            return table
    return None
