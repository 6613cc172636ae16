"""Rules for operators that move positions: reshape, permute, expand, concat, pad, index, writes into a part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from prunekit.core.graph.attributes import (
    Attributes,
    Concat,
    Create,
    Expand,
    Index,
    Origins,
    Pad,
    Permute,
    Reshape,
    Write,
)
from prunekit.core.graph.flow_state import FlowState, where
from prunekit.core.graph.labels import Axes, IntArray
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.reshaping import reshape
from prunekit.core.graph.rules.pointwise import Operand, merge, operand
from prunekit.core.graph.size_constraints import counted, divide, pin, require, sized
from prunekit.core.graph.tracked_sizes import Combined, Literal, SizeOrigin

_SQUEEZED = "stays, so that squeeze finds more than one position and leaves the axis"


def reshaped(flow: FlowState, position: int, operator: Operator[Reshape]) -> list[Axes]:
    """Labels are reshaped alike; one that is spread over new axes must lose whole positions of one of them."""
    before, after = flow.shape(operator.inputs[0]), flow.shape(operator.outputs[0])
    origins = _known(operator.attributes.origins, len(after))
    labelled = flow.axes(operator.inputs[0])
    flow.two_stay += [(labelled[axis], _SQUEEZED) for axis in operator.attributes.squeezed if axis in labelled]
    axes, spread, lost = reshape(labelled, before, after)
    for labels in lost:
        flow.labels.freeze(labels, f"{where(operator)} folds two prunable axes into one")
    handled = set[int]()
    for split in spread:
        axis, labels = divide(flow, split, origins, operator)
        axes[axis] = labels
        handled |= set(split.axes) - {axis}
    for axis, origin in enumerate(origins):
        if axis in axes:
            require(flow, axes[axis], origin, operator)
        elif axis not in handled:
            pin(flow, origin, operator)
    return [axes]


def permute(flow: FlowState, position: int, operator: Operator[Permute]) -> list[Axes]:
    """Labels are permuted alike."""
    axes, order = flow.axes(operator.inputs[0]), operator.attributes.order
    return [{new: axes[old] for new, old in enumerate(order) if old in axes}]


def expand(flow: FlowState, position: int, operator: Operator[Expand]) -> list[Axes]:
    """Axes that are made longer carry the labels that their size counts; others fit any size."""
    (x,), (out,) = operator.inputs, operator.outputs
    shape, lead = flow.shape(out), len(flow.shape(out)) - len(flow.shape(x))
    own = (1,) * lead + flow.shape(x)
    axes = {axis + lead: labels for axis, labels in flow.axes(x).items()}
    same = {k + lead for k in flow.stretched.get(x, ())}
    for axis, origin in enumerate(_known(operator.attributes.origins, len(shape))):
        if axis in axes:
            require(flow, axes[axis], origin, operator)
        elif own[axis] == 1 < shape[axis]:
            labels = sized(flow, origin, operator)
            if labels is not None and labels.size == shape[axis]:
                axes[axis] = labels
            elif not isinstance(origin, Literal):
                same.add(axis)
            if labels is None:
                pin(flow, origin, operator)
    flow.stretched[out] = frozenset(same)
    return [axes]


def create(flow: FlowState, position: int, operator: Operator[Create]) -> list[Axes]:
    """A new tensor of one value: its axes count what their sizes count; ``ordered`` ones hold a place each."""
    (out,) = operator.outputs
    axes: Axes = {}
    for axis, origin in enumerate(_known(operator.attributes.origins, len(flow.shape(out)))):
        labels = None if operator.attributes.ordered else sized(flow, origin, operator)
        if labels is not None and labels.size == flow.shape(out)[axis]:
            axes[axis] = labels
        else:
            pin(flow, origin, operator)
    return [axes]


def concat(flow: FlowState, position: int, operator: Operator[Concat]) -> list[Axes]:
    """Labels are concatenated alike."""
    return [_joined(flow, [operand(flow, t) for t in operator.inputs], operator.attributes.axis, operator)]


def _joined(flow: FlowState, parts: Sequence[Operand], axis: int, operator: Operator[Attributes]) -> Axes:
    others = [
        ((*own[:axis], 1, *own[axis + 1 :]), {k: v for k, v in axes.items() if k != axis}, same)
        for own, axes, same in parts
    ]
    shape = [max(size) for size in zip(*(size for size, _, _ in others), strict=True)]
    merged = merge(flow, shape, others, operator)
    if any(axis in axes for _, axes, _ in parts):
        runs = [_places(flow, axes.get(axis), own[axis], operator) for own, axes, _ in parts]
        merged[axis] = np.concatenate(runs)
    return merged


def _places(flow: FlowState, labels: IntArray | None, size: int, operator: Operator[Attributes]) -> IntArray:
    """Labels, or stand-ins for positions that nobody produces and so nobody can remove."""
    if labels is None:
        labels = flow.labels.fresh(size)
        flow.labels.freeze(labels, f"{where(operator)} puts it beside channels of a fixed number")
    return labels


def pad(flow: FlowState, position: int, operator: Operator[Pad]) -> list[Axes]:
    """New positions at the ends: as many stay as the code will add."""
    axes, pads = dict(flow.axes(operator.inputs[0])), operator.attributes.pads
    origins = operator.attributes.origins or ((None, None),) * len(pads)
    for axis, (sizes, passed) in enumerate(zip(pads, origins, strict=True)):
        if axis in axes and sizes != (0, 0) and operator.attributes.constant and min(sizes) >= 0:
            axes[axis] = _padded(flow, axes[axis], sizes, passed, operator)
            continue
        if axis in axes and sizes != (0, 0):
            flow.labels.freeze(axes.pop(axis), f"{where(operator)} cuts or repeats fixed places of it")
        for origin in passed:
            pin(flow, origin, operator)
    return [axes]


Ends: TypeAlias = "tuple[SizeOrigin | None, SizeOrigin | None]"
"""Where the numbers of positions before and after come from."""


def _padded(
    flow: FlowState, labels: IntArray, sizes: tuple[int, int], origins: Ends, operator: Operator[Pad]
) -> IntArray:
    """The labels with those of the new positions at their ends."""
    ends = [flow.labels.fresh(size) for size in sizes]
    padded = np.concatenate([ends[0], labels, ends[1]])
    whole = _filled_up(flow, labels, sizes, origins)
    if whole is not None:
        if min(sizes):
            flow.labels.tie(*ends)
        require(flow, padded, whole, operator)
        return padded
    for end, origin in zip(ends, origins, strict=True):
        if end.size and (origin is None or isinstance(origin, Literal)):
            flow.labels.freeze(end, f"{where(operator)} adds a fixed number of channels")
        elif end.size:
            require(flow, end, origin, operator)
    return padded


def _filled_up(flow: FlowState, labels: IntArray, sizes: tuple[int, int], origins: Ends) -> SizeOrigin | None:
    """The size to which an axis is filled up: at one end by what is missing, or at each end by half of it."""
    missing = next((o for o, size in zip(origins, sizes, strict=True) if size), None)
    if min(sizes):
        half, rest = origins
        if sizes[0] != sizes[1] or not isinstance(half, Combined) or half.operator != "//" or half.right != Literal(2):
            return None
        missing = half.left
        if rest != half and not (isinstance(rest, Combined) and (rest.operator, rest.left) == ("-", missing)):
            return None
        if isinstance(rest, Combined) and rest != half and rest.right != half:
            return None
    if not isinstance(missing, Combined) or missing.operator != "-" or missing.value != sum(sizes):
        return None
    there = counted(flow, missing.right)
    return missing.left if there is not None and np.array_equal(there, labels) else None


def index(flow: FlowState, position: int, operator: Operator[Index]) -> list[Axes]:
    """Positions are looked up along some axes, which stay; ``moved`` says where each other axis goes."""
    kept: Axes = {}
    for axis, labels in flow.axes(operator.inputs[0]).items():
        if axis in operator.attributes.moved:
            kept[operator.attributes.moved[axis]] = labels
        else:
            flow.labels.freeze(labels, f"{where(operator)} looks up fixed places of it")
    return [kept]


def write(flow: FlowState, position: int, operator: Operator[Write]) -> list[Axes]:
    """The second input takes the place of a part of the first; which part, a slice before it has said."""
    axis, places = operator.attributes.axis, operator.attributes.places
    base, part = (operand(flow, tensor) for tensor in operator.inputs)
    if len(part[0]) < len(base[0]):  # one position, whose axis had disappeared
        shifted = {k + (k >= axis): labels for k, labels in part[1].items()}
        part = (*part[0][:axis], 1, *part[0][axis:]), shifted, frozenset(k + (k >= axis) for k in part[2])
    size = base[0][axis]
    source = np.arange(size)
    source[places] = size + np.arange(len(source[places]))
    joined = _joined(flow, (base, part), axis, operator)
    if axis in joined:
        joined[axis] = joined[axis][source]
    return [joined]


def _known(origins: Origins, ndim: int) -> Origins:
    """One origin for each axis, also where the code passed no sizes."""
    return origins or (None,) * ndim
