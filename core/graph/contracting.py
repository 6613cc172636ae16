"""Rules for operators that multiply and sum: convolution, linear, matrix product."""

from __future__ import annotations

from math import prod

import numpy as np

from prunekit.core.graph.labels import IntArray, LabelArrays, along, axes_of
from prunekit.core.graph.merging import merge
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.state import Contraction, State, where


def convolution(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """Input channels are tied to one axis of the weight, output channels are the other's."""
    x, weight = operator.inputs[0], operator.inputs[1]
    groups, transposed = operator.attributes["groups"], operator.attributes["transposed"]
    shape = state.shape(weight)
    axes = state.one_axis(weight, 0), state.one_axis(weight, 1)
    read, out = axes if transposed else axes[::-1]
    channels = _input_channels(state, x, operator)
    if groups == 1:
        _contract(state, channels, read, operator)
    elif transposed:
        read, out = _grouped_transposed(state, channels, read, out, groups, operator)
    elif shape[1] == 1:
        _depthwise(state, channels, out, groups, operator)
    else:
        _grouped(state, channels, read, out, groups, operator)
    if len(operator.inputs) > 2 and out is not None:
        _tie_bias(state, operator.inputs[2], out)
    positions = prod(state.shape(x if transposed else operator.outputs[0])) // shape[0]
    sizes = [labels for labels in axes if labels is not None]
    multiplier = positions * prod(shape) / prod(labels.size for labels in sizes)
    state.contractions.append(Contraction(position, state.weight(weight), out, read, groups, multiplier, sizes))
    return [() if out is None else (along(out, 1, len(shape)),)]


def linear(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """The last axis of x meets the first of the weight; the other axes of x pass."""
    x, weight = operator.inputs[0], operator.inputs[1]
    ndim, last = len(state.shape(x)), len(state.shape(x)) - 1
    read, out = state.one_axis(weight, 0), state.one_axis(weight, 1)
    channels, passing = None, []
    for array in state.arrays(x):
        if last in axes_of(array):
            channels = state.labels.fix(array, range(last), "").ravel()
        else:
            passing.append(array)
    _contract(state, channels, read, operator)
    if len(operator.inputs) > 2 and out is not None:
        _tie_bias(state, operator.inputs[2], out)
    sizes = [a for a in (read, out) if a is not None] + [a.ravel() for a in passing if len(axes_of(a)) == 1]
    multiplier = prod(state.shape(x)) * state.shape(weight)[1] / prod(a.size for a in sizes)
    state.contractions.append(Contraction(position, state.weight(weight), out, read, 1, multiplier, sizes))
    return [(*passing, *([along(out, last, ndim)] if out is not None else []))]


def matmul(state: State, position: int, operator: Operator) -> list[LabelArrays]:
    """Two activations: the axis that is summed over is tied, the batch axes are merged, the others pass."""
    (a, b), (out,) = operator.inputs, operator.outputs
    depth, rest = [], []
    for tensor, contracted in ((a, -1), (b, -2)):
        shape = state.shape(tensor)
        axis, others = len(shape) + contracted, []
        found: IntArray | None = None
        for array in state.arrays(tensor):
            if axis in axes_of(array):
                found = state.labels.fix(array, [k for k in axes_of(array) if k != axis], "").ravel()
            else:
                others.append(array)
        depth.append(found)
        rest.append((tuple(1 if k == axis else size for k, size in enumerate(shape)), tuple(others)))
    if depth[0] is not None and depth[1] is not None:
        state.labels.tie(depth[0], depth[1])
    for mine, other in (depth, depth[::-1]):
        if mine is not None and other is None:
            state.labels.freeze(mine, f"{where(operator)} sums it against a fixed size")
    arrays = merge(state, state.shape(out), rest, operator)
    sizes = [d for d in depth[:1] if d is not None] + [x.ravel() for x in arrays if len(axes_of(x)) == 1]
    multiplier = prod(state.shape(out)) * state.shape(a)[-1] / prod(s.size for s in sizes)
    state.contractions.append(Contraction(position, None, None, None, 1, multiplier, sizes))
    return [arrays]


def _input_channels(state: State, x: int, operator: Operator) -> IntArray | None:
    """The labels of axis 1, and none that a sliding window would mix."""
    found = None
    for array in state.arrays(x):
        if 1 in axes_of(array):
            found = state.labels.fix(array, [a for a in axes_of(array) if a != 1], "").ravel()
        else:
            state.labels.fix(array, axes_of(array), f"{where(operator)} slides along it")
    return found


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
    state: State, channels: IntArray | None, read: IntArray | None, out: IntArray | None, groups: int,
    operator: Operator,
) -> None:  # fmt: skip
    """The same position goes in every group, among the inputs as among the outputs."""
    if channels is not None:
        channels = state.labels.fix(channels.reshape(groups, -1), [0], "").ravel()
    _contract(state, channels, read, operator)
    if out is not None:
        state.labels.fix(out.reshape(groups, -1), [0], f"{where(operator)} has one output per group")


def _grouped_transposed(
    state: State, channels: IntArray | None, read: IntArray | None, out: IntArray | None, groups: int,
    operator: Operator,
) -> tuple[IntArray | None, IntArray | None]:  # fmt: skip
    """The labels read and produced: a transposed weight is [inputs of all groups, outputs of one group]."""
    _contract(state, channels, read, operator)
    if read is not None and read.size == groups:  # depthwise: each channel produces as many as the other axis holds
        if out is not None:
            state.labels.freeze(out, f"{where(operator)} makes a fixed number of channels of each")
        return None, np.repeat(read, 1 if out is None else out.size)
    if read is not None:
        state.labels.fix(read.reshape(groups, -1), [0], f"{where(operator)} has one input per group")
    return read, None if out is None else np.tile(out, groups)


def _tie_bias(state: State, bias: int, out: IntArray) -> None:
    labels = state.one_axis(bias, 0)
    if labels is None:
        state.labels.freeze(out, "is added to a bias that cannot follow")
    else:
        state.labels.tie(labels, out)
