"""Layers without a mid: what computes with a parameter, but does not produce channels by a weight of a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from math import prod
from typing import Protocol, TypeAlias

import numpy as np

from prunekit.core.graph.attributes import Convolution
from prunekit.core.graph.flow_state import Contraction, FlowState
from prunekit.core.graph.kinds import Kind
from prunekit.core.graph.labels import IntArray
from prunekit.core.graph.structure import NO_MID, Layer
from prunekit.core.graph.weight_paths import APPLIES_A_WEIGHT

UNPRODUCED = "is produced by no convolution or linear layer with a weight of its own"
SINGLE = "is its only one"


Use: TypeAlias = Contraction | int
"""What applies a parameter, or the position of the operator that looks something up in it."""


class Settled(Protocol):
    """What is known of labels once groups are formed."""

    priced: int

    def units(self, labels: IntArray) -> IntArray:
        """The unit of each label, or -1."""
        ...

    def group_id(self, labels: IntArray) -> int | None:
        """The id of the first group that has units among labels."""
        ...

    def told(self, labels: IntArray) -> dict[int, str]:
        """Why labels stay, by their places."""
        ...


def unnumbered_layers(flow: FlowState, numbered: Collection[str], settled: Settled) -> Iterator[Layer]:
    """A row for each parameter that is applied, or looked up, in another way than those that have a mid.

    Args:
        flow: The labelled forward.
        numbered: Names of the weights that have one.
        settled: Which labels can go.
    """
    uses: dict[str, list[Use]] = {}
    for name, use in _uses(flow, settled.priced):
        if name not in numbered:
            uses.setdefault(name, []).append(use)
    for name, own in uses.items():
        yield _row(flow, name, own, settled)


def _uses(flow: FlowState, priced: int) -> Iterator[tuple[str, Use]]:
    """Each use of a parameter of more than one axis; of several behind one weight the largest counts."""
    shapes, contractions = flow.graph.parameter_shapes, {c.operator: c for c in flow.contractions}
    for position, operator in enumerate(flow.graph.operators[:priced]):
        if operator.kind is Kind.INDEX:
            found = _parameters_behind(flow, operator.inputs[0])
        elif operator.kind in APPLIES_A_WEIGHT:
            found = _parameters_behind(flow, operator.inputs[1])
        elif operator.kind is Kind.MATMUL and not flow.weights.data.isdisjoint(operator.inputs):
            found = [name for tensor in operator.inputs for name in _parameters_behind(flow, tensor)]
        else:
            continue
        wide = [name for name in found if len(shapes[name]) > 1]
        if wide:
            yield max(wide, key=lambda name: prod(shapes[name])), contractions.get(position, position)


def _row(flow: FlowState, name: str, uses: list[Use], settled: Settled) -> Layer:
    axis, labels = _out(flow, name, uses[0])
    group, reasons = None, Counter[str]({SINGLE: 1} if labels is None else ())
    if labels is not None:
        group, told = settled.group_id(labels), settled.told(labels)
        stays = np.flatnonzero(settled.units(labels) < 0).tolist()
        reasons.update(told.get(place, UNPRODUCED) for place in stays)
    operator = flow.graph.operators[uses[0] if isinstance(uses[0], int) else uses[0].operator]
    convolution = operator.attributes if isinstance(operator.attributes, Convolution) else None
    module, shape = flow.graph.owner(name), flow.graph.parameter_shapes[name]
    macs = sum(c.multiplier * prod(s.size for s in c.sizes) for c in uses if isinstance(c, Contraction))
    return Layer(
        NO_MID, module, name, operator.kind.value, group, shape[axis - 1 if axis else 1], shape[axis],
        shape[-1] if convolution else 1, convolution.stride if convolution else 1, False, round(macs),
        prod(shape) + prod(flow.graph.parameter_shapes.get(f"{module}.bias", (0,))), axis, tuple(reasons.items()),
    )  # fmt: skip


def _out(flow: FlowState, name: str, use: Use) -> tuple[int, IntArray | None]:
    """The axis of a parameter that its outputs run along, and the labels there."""
    found = flow.parameters.get(name, [])
    operator = flow.graph.operators[use if isinstance(use, int) else use.operator]
    axis = int(isinstance(operator.attributes, Convolution) and operator.attributes.transposed)
    if isinstance(use, int):
        axis = len(flow.graph.parameter_shapes[name]) - 1  # columns of a table
    elif use.out is not None:
        hit = (k for k, labels in enumerate(found) if labels is not None and np.isin(use.out, labels).any())
        axis = next(hit, axis)
    return axis, found[axis] if axis < len(found) else None


def _parameters_behind(flow: FlowState, tensor: int) -> list[str]:
    """Names of the parameters that a tensor is computed from, if the network's inputs have no part in it."""
    paths, graph = flow.weights, flow.graph
    if tensor in paths.data:
        return []
    names = (graph.tensors[each].name for each in paths.behind(tensor))
    return [name for name in names if name in graph.parameter_shapes]
