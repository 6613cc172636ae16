"""Label flow: carries channel labels through every operator of a recorded forward and finds what is coupled."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeAlias, TypeVar, cast

from prunekit.core.graph import attributes
from prunekit.core.graph.attributes import Attributes
from prunekit.core.graph.comparisons import keep_equal
from prunekit.core.graph.flow_state import FlowState
from prunekit.core.graph.kinds import Kind
from prunekit.core.graph.labels import Axes
from prunekit.core.graph.operators import Operator, OperatorGraph
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
        if operator.kind not in APPLIES_A_WEIGHT and operator.outputs:
            for labels in [a for t in operator.inputs for a in flow.hidden.get(t, {}).values()]:
                flow.hide(operator.outputs[0], labels)
    for tensor in graph.outputs:
        for labels in [*flow.axes(tensor).values(), *flow.hidden.get(tensor, {}).values()]:
            flow.labels.freeze(labels, "reaches the network's output")
    for tensor in graph.dropped:
        for labels in flow.axes(tensor).values():
            flow.labels.freeze(labels, "is computed and not returned, so what reads it is not known")
    keep_equal(flow)
    settle(flow)
    flow.rescaled = rescaled(flow)
    return flow
