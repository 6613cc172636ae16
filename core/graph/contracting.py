"""Rules for operators that multiply and sum: convolution, linear, matrix product."""

from __future__ import annotations

from math import prod

import numpy as np

from prunekit.core.graph.holding import pin, require
from prunekit.core.graph.labels import Axes, IntArray
from prunekit.core.graph.merging import merge
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.sizes import Extent, Origin
from prunekit.core.graph.state import Contraction, Masked, Scaled, State, where


def convolution(state: State, position: int, operator: Operator) -> list[Axes]:
    """Input channels are tied to one axis of the weight, output channels are the other's."""
    x, weight = operator.inputs[0], operator.inputs[1]
    groups, transposed = operator.attributes["groups"], operator.attributes["transposed"]
    origin, shape = operator.attributes.get("origin"), state.shape(weight)
    axes = state.axes(weight).get(0), state.axes(weight).get(1)
    read, out = axes if transposed else axes[::-1]
    channels, passing = _input_channels(state, x, operator)
    if groups == 1:
        _contract(state, channels, read, operator)
    elif transposed:
        read, out = _grouped_transposed(state, channels, read, out, groups, operator)
    elif shape[1] == 1:
        _depthwise(state, channels, out, groups, operator)
        if out is not None:
            require(state, out[:: out.size // groups], origin, operator)
    else:
        _grouped(state, channels, read, out, operator)
    for k, labels in state.axes(weight).items():
        if k > 1:
            state.labels.freeze(labels, f"{where(operator)} slides along it")
    if channels is not None and not (groups > 1 and shape[1] == 1):
        state.masked.append(Masked(position, 0, 1, channels))
    if len(operator.inputs) > 2 and out is not None:
        _tie_bias(state, operator.inputs[2], out)
    positions = prod(state.shape(x if transposed else operator.outputs[0])) // shape[0]
    sizes = [labels for labels in (*axes, *passing.values()) if labels is not None]
    multiplier = positions * prod(shape) / prod(labels.size for labels in sizes)
    state.contractions.append(Contraction(position, state.weight(weight), out, read, groups, multiplier, sizes))
    return [passing if out is None else {**passing, 1: out}]


def linear(state: State, position: int, operator: Operator) -> list[Axes]:
    """The last axis of x meets the first of the weight; the other axes of x pass."""
    x, weight = operator.inputs[0], operator.inputs[1]
    last = len(state.shape(x)) - 1
    read, out = state.axes(weight).get(0), state.axes(weight).get(1)
    passing = dict(state.axes(x))
    channels = passing.pop(last, None)
    _contract(state, channels, read, operator)
    if channels is not None:
        state.masked.append(Masked(position, 0, last, channels))
    if len(operator.inputs) > 2 and out is not None:
        _tie_bias(state, operator.inputs[2], out)
    sizes = [a for a in (read, out, *passing.values()) if a is not None]
    multiplier = prod(state.shape(x)) * state.shape(weight)[1] / prod(a.size for a in sizes)
    state.contractions.append(Contraction(position, state.weight(weight), out, read, 1, multiplier, sizes))
    return [passing if out is None else {**passing, last: out}]


def matmul(state: State, position: int, operator: Operator) -> list[Axes]:
    """Two activations: the axis that is summed over is tied, the batch axes are merged, the others pass."""
    (a, b), (out,) = operator.inputs, operator.outputs
    depth, rest = [], []
    for tensor, contracted in ((a, -1), (b, -2)):
        shape, axes = list(state.shape(tensor)), dict(state.axes(tensor))
        axis = len(shape) + contracted
        depth.append(axes.pop(axis, None))
        shape[axis] = 1
        rest.append((tuple(shape), axes, frozenset(state.stretched.get(tensor, ()))))
    mine, other = depth
    if mine is not None and other is not None:
        state.labels.tie(mine, other)
        state.masked.append(Masked(position, 0, len(state.shape(a)) - 1, mine))
    elif (alone := mine if other is None else other) is not None:
        state.labels.freeze(alone, f"{where(operator)} sums it against a fixed size")
    if "implicit_scale" in operator.attributes:
        length, axis = state.shape(a)[-1], len(state.shape(a)) - 1
        state.scaled.append(Scaled(position, 0, Extent(length, a, axis), operator.attributes["implicit_scale"]))
    axes = merge(state, state.shape(out), rest, operator)
    sizes = [d for d in depth[:1] if d is not None] + list(axes.values())
    multiplier = prod(state.shape(out)) * state.shape(a)[-1] / prod(s.size for s in sizes)
    state.contractions.append(Contraction(position, None, None, None, 1, multiplier, sizes))
    return [axes]


def _input_channels(state: State, x: int, operator: Operator) -> tuple[IntArray | None, Axes]:
    """The labels of axis 1, and those of axes along which the kernel sees one position at a time."""
    passing = Axes()
    for axis, labels in state.axes(x).items():
        if axis != 1 and axis in (0, *operator.attributes.get("single", ())):
            passing[axis] = labels
        elif axis > 1:
            state.labels.freeze(labels, f"{where(operator)} slides along it")
    return state.axes(x).get(1), passing


def _contract(state: State, channels: IntArray | None, read: IntArray | None, operator: Operator) -> None:
    if channels is not None and read is not None:
        state.labels.tie(channels, read)
    elif read is not None:
        state.labels.freeze(read, f"{where(operator)} reads what has no prunable channels")
    elif channels is not None:
        state.labels.freeze(channels, f"{where(operator)} has a weight that cannot follow")


def _depthwise(
    state: State, channels: IntArray | None, out: IntArray | None, groups: int, operator: Operator
) -> None:  # fmt: skip
    """A channel goes with its filters."""
    if channels is not None and out is not None:
        state.labels.tie(channels.reshape(groups, 1), out.reshape(groups, -1))
    elif out is not None:
        state.labels.freeze(out, f"{where(operator)} reads what has no prunable channels")
    elif channels is not None:
        state.labels.freeze(channels, f"{where(operator)} has a weight that cannot follow")


def _grouped(
    state: State, channels: IntArray | None, read: IntArray | None, out: IntArray | None, operator: Operator
) -> None:  # fmt: skip
    """The same position goes in every group, or whole groups go, among the inputs as among the outputs."""
    groups, origin = operator.attributes["groups"], operator.attributes.get("origin")
    both = () if channels is None or out is None else (channels.reshape(groups, -1), out.reshape(groups, -1))
    if both and both[1].shape[1] > 1 and state.choose(operator, np.concatenate([part.ravel() for part in both])):
        inputs, outputs = both
        state.labels.tie(inputs[:, :1], inputs)
        state.labels.tie(inputs[:, :1], outputs)
        require(state, inputs[:, 0], origin, operator)
        if read is not None:
            state.labels.freeze(read, f"{where(operator)} has groups that go as a whole")
        return
    pin(state, origin, operator)
    _contract(state, None if channels is None else state.labels.tie_rows(channels.reshape(groups, -1)), read, operator)
    if out is not None and out.size == groups:
        state.labels.freeze(out, f"{where(operator)} has one output per group")
    elif out is not None:
        state.labels.tie_rows(out.reshape(groups, -1))


def _grouped_transposed(
    state: State, channels: IntArray | None, read: IntArray | None, out: IntArray | None, groups: int,
    operator: Operator,
) -> tuple[IntArray | None, IntArray | None]:  # fmt: skip
    """The labels read and produced: a transposed weight is [inputs of all groups, outputs of one group]."""
    _contract(state, channels, read, operator)
    origin: Origin | None = operator.attributes.get("origin")
    if read is not None and read.size == groups:  # depthwise: each channel produces as many as the other axis holds
        if out is not None:
            state.labels.freeze(out, f"{where(operator)} makes a fixed number of channels of each")
        require(state, read, origin, operator)
        return None, np.repeat(read, 1 if out is None else out.size)
    pin(state, origin, operator)
    if read is not None:
        state.labels.tie_rows(read.reshape(groups, -1))
    return read, None if out is None else np.tile(out, groups)


def _tie_bias(state: State, bias: int, out: IntArray) -> None:
    labels = state.axes(bias).get(0)
    if labels is None:
        state.labels.freeze(out, "is added to a bias that cannot follow")
    else:
        state.labels.tie(labels, out)
