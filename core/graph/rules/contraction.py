"""Rules for operators that multiply and sum: convolution, linear, matrix product."""

from __future__ import annotations

from math import prod

import numpy as np

from prunekit.core.graph.attributes import Attributes, Convolution, Linear, Matmul
from prunekit.core.graph.flow_state import Contraction, FlowState, Masked, Scaled, where
from prunekit.core.graph.labels import Axes, IntArray
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.rules.pointwise import merge
from prunekit.core.graph.size_constraints import pin, require
from prunekit.core.graph.tracked_sizes import Extent


def convolution(flow: FlowState, position: int, operator: Operator[Convolution]) -> list[Axes]:
    """Input channels are tied to one axis of the weight, output channels are the other's."""
    x, weight = operator.inputs[0], operator.inputs[1]
    groups, transposed = operator.attributes.groups, operator.attributes.transposed
    origin, shape = operator.attributes.origin, flow.shape(weight)
    axes = flow.axes(weight).get(0), flow.axes(weight).get(1)
    read, out = axes if transposed else axes[::-1]
    channels, passing = _input_channels(flow, x, operator)
    if groups == 1:
        _contract(flow, channels, read, operator)
    elif transposed:
        read, out = _grouped_transposed(flow, channels, read, out, groups, operator)
    elif shape[1] == 1:
        _depthwise(flow, channels, out, groups, operator)
        if out is not None:
            require(flow, out[:: out.size // groups], origin, operator)
    else:
        _grouped(flow, channels, read, out, operator)
    for k, labels in flow.axes(weight).items():
        if k > 1:
            flow.labels.freeze(labels, f"{where(operator)} slides along it")
    if channels is not None and not (groups > 1 and shape[1] == 1):
        flow.masked.append(Masked(position, 0, 1, channels))
    if len(operator.inputs) > 2 and out is not None:
        _tie_bias(flow, operator.inputs[2], out)
    positions = prod(flow.shape(x if transposed else operator.outputs[0])) // shape[0]
    sizes = [labels for labels in (*axes, *passing.values()) if labels is not None]
    multiplier = positions * prod(shape) / prod(labels.size for labels in sizes)
    flow.contractions.append(Contraction(position, flow.weight(weight), out, read, groups, multiplier, sizes))
    return [passing if out is None else {**passing, 1: out}]


def linear(flow: FlowState, position: int, operator: Operator[Linear]) -> list[Axes]:
    """The last axis of x meets the first of the weight; the other axes of x pass."""
    x, weight = operator.inputs[0], operator.inputs[1]
    last = len(flow.shape(x)) - 1
    read, out = flow.axes(weight).get(0), flow.axes(weight).get(1)
    passing = dict(flow.axes(x))
    channels = passing.pop(last, None)
    _contract(flow, channels, read, operator)
    if channels is not None:
        flow.masked.append(Masked(position, 0, last, channels))
    if len(operator.inputs) > 2 and out is not None:
        _tie_bias(flow, operator.inputs[2], out)
    sizes = [a for a in (read, out, *passing.values()) if a is not None]
    multiplier = prod(flow.shape(x)) * flow.shape(weight)[1] / prod(a.size for a in sizes)
    flow.contractions.append(Contraction(position, flow.weight(weight), out, read, 1, multiplier, sizes))
    return [passing if out is None else {**passing, last: out}]


def matmul(flow: FlowState, position: int, operator: Operator[Matmul]) -> list[Axes]:
    """Two activations: the axis that is summed over is tied, the batch axes are merged, the others pass."""
    (a, b), (out,) = operator.inputs, operator.outputs
    depth, rest = list[IntArray | None](), []
    for tensor, contracted in ((a, -1), (b, -2)):
        shape, axes = list(flow.shape(tensor)), dict(flow.axes(tensor))
        axis = len(shape) + contracted
        depth.append(axes.pop(axis, None))
        shape[axis] = 1
        rest.append((tuple(shape), axes, frozenset(flow.stretched.get(tensor, ()))))
    mine, other = depth
    if flow.weight(a) is not None and flow.weight(b) is not None:  # as where a weight is divided by its largest gain
        for labels in (*flow.axes(a).values(), *flow.axes(b).values()):
            flow.labels.freeze(labels, f"{where(operator)} takes all of a weight into account")
        depth = [mine := None, other := None]
    if mine is not None and other is not None:
        flow.labels.tie(mine, other)
        if position not in flow.made_up:
            flow.masked.append(Masked(position, 0, len(flow.shape(a)) - 1, mine))
    elif (alone := mine if other is None else other) is not None:
        flow.labels.freeze(alone, f"{where(operator)} sums it against a fixed size")
    if (scale := operator.attributes.implicit_scale) is not None:
        length, axis = flow.shape(a)[-1], len(flow.shape(a)) - 1
        flow.scaled.append(Scaled(position, 0, Extent(length, a, axis), scale))
    axes = merge(flow, flow.shape(out), rest, operator)
    sizes = [d for d in depth[:1] if d is not None] + list(axes.values())
    multiplier = prod(flow.shape(out)) * flow.shape(a)[-1] / prod(s.size for s in sizes)
    flow.contractions.append(Contraction(position, None, None, None, 1, multiplier, sizes))
    return [axes]


def _input_channels(flow: FlowState, x: int, operator: Operator[Convolution]) -> tuple[IntArray | None, Axes]:
    """The labels of axis 1, and those of axes along which the kernel sees one position at a time."""
    passing = Axes()
    for axis, labels in flow.axes(x).items():
        if axis != 1 and axis in (0, *operator.attributes.single):
            passing[axis] = labels
        elif axis > 1:
            flow.labels.freeze(labels, f"{where(operator)} slides along it")
    return flow.axes(x).get(1), passing


def _contract(
    flow: FlowState, channels: IntArray | None, read: IntArray | None, operator: Operator[Attributes]
) -> None:
    if channels is not None and read is not None:
        flow.labels.tie(channels, read)
    elif read is not None:
        flow.labels.freeze(read, f"{where(operator)} reads what has no prunable channels")
    elif channels is not None:
        flow.labels.freeze(channels, f"{where(operator)} has a weight that cannot follow")


def _depthwise(
    flow: FlowState, channels: IntArray | None, out: IntArray | None, groups: int, operator: Operator[Convolution]
) -> None:  # fmt: skip
    """A channel goes with its filters."""
    if channels is not None and out is not None:
        flow.labels.tie(channels.reshape(groups, 1), out.reshape(groups, -1))
    elif out is not None:
        flow.labels.freeze(out, f"{where(operator)} reads what has no prunable channels")
    elif channels is not None:
        flow.labels.freeze(channels, f"{where(operator)} has a weight that cannot follow")


def _grouped(
    flow: FlowState, channels: IntArray | None, read: IntArray | None, out: IntArray | None,
    operator: Operator[Convolution],
) -> None:  # fmt: skip
    """The same position goes in every group, or whole groups go, among the inputs as among the outputs."""
    groups, origin = operator.attributes.groups, operator.attributes.origin
    both = () if channels is None or out is None else (channels.reshape(groups, -1), out.reshape(groups, -1))
    if both and both[1].shape[1] > 1 and flow.choose(operator, np.concatenate([part.ravel() for part in both])):
        inputs, outputs = both
        flow.labels.tie(inputs[:, :1], inputs)
        flow.labels.tie(inputs[:, :1], outputs)
        require(flow, inputs[:, 0], origin, operator)
        if read is not None:
            flow.labels.freeze(read, f"{where(operator)} has groups that go as a whole")
        return
    pin(flow, origin, operator)
    first = None if channels is None else flow.divide(operator, channels.reshape(groups, -1), free=False)
    _contract(flow, first, read, operator)
    if out is not None and out.size == groups:
        flow.labels.freeze(out, f"{where(operator)} has one output per group")
    elif out is not None:
        flow.divide(operator, out.reshape(groups, -1))


def _grouped_transposed(
    flow: FlowState, channels: IntArray | None, read: IntArray | None, out: IntArray | None, groups: int,
    operator: Operator[Convolution],
) -> tuple[IntArray | None, IntArray | None]:  # fmt: skip
    """The labels read and produced: a transposed weight is [inputs of all groups, outputs of one group]."""
    _contract(flow, channels, read, operator)
    origin = operator.attributes.origin
    if read is not None and read.size == groups:  # depthwise: each channel produces as many as the other axis holds
        if out is not None:
            flow.labels.freeze(out, f"{where(operator)} makes a fixed number of channels of each")
        require(flow, read, origin, operator)
        return None, np.repeat(read, 1 if out is None else out.size)
    pin(flow, origin, operator)
    if read is not None:
        flow.labels.tie_rows(read.reshape(groups, -1))
    return read, None if out is None else np.tile(out, groups)


def _tie_bias(flow: FlowState, bias: int, out: IntArray) -> None:
    labels = flow.axes(bias).get(0)
    if labels is None:
        flow.labels.freeze(out, "is added to a bias that cannot follow")
    else:
        flow.labels.tie(labels, out)
