"""Rules for operators that take parts of an axis: slice, split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prunekit.core.graph.attributes import Slice, Split
from prunekit.core.graph.flow_state import FlowState, where
from prunekit.core.graph.labels import Axes, IntArray
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.size_constraints import pin, require
from prunekit.core.graph.tracked_sizes import Combined, Literal


def cut(flow: FlowState, position: int, operator: Operator[Slice]) -> list[Axes]:
    """Part of the positions along one axis, or one of them, whose axis then disappears (``drop``)."""
    part, axis = operator.attributes, operator.attributes.axis
    axes = dict(flow.axes(operator.inputs[0]))
    labels = axes.pop(axis, None)
    if part.drop:
        axes = {k - (k > axis): v for k, v in axes.items()}
    if labels is None:
        for origin in (part.start_origin, part.stop_origin):
            pin(flow, origin, operator)
        return [axes]
    if part.step < 0:
        axes[axis] = labels[part.places]
        if axes[axis].size < labels.size:  # else it is the axis reversed
            flow.labels.freeze(labels, f"{where(operator)} takes fixed places of it")
    elif part.drop:
        flow.labels.freeze(labels[: (part.start or 0) + 1], f"{where(operator)} takes a fixed place of it")
    else:
        _bounded(flow, operator, labels)
        axes[axis] = labels[part.places]
        flow.pieces.append(axes[axis])
    return [axes]


def _bounded(flow: FlowState, operator: Operator[Slice], labels: IntArray) -> None:
    """What may go where an axis is cut: its bounds must still be where they were."""
    part, size, step = operator.attributes, labels.size, operator.attributes.step
    start, stop = part.start or 0, size if part.stop is None else part.stop
    if step > 1:  # every step-th: runs of that length go together
        if start < step and stop > size - step and size % step == 0:
            flow.divide(operator, labels.reshape(size // step, step).T)
        else:
            flow.labels.freeze(labels, f"{where(operator)} takes fixed places of it")
        return
    origins = (part.start_origin, part.stop_origin)
    for bound, origin, end in zip((start, stop), origins, part.from_end, strict=True):
        if 0 < bound < size:
            require(flow, labels[bound:] if end else labels[:bound], origin, operator)


def split(flow: FlowState, position: int, operator: Operator[Split]) -> list[Axes]:
    """Parts along one axis; of equal parts a unit is one position in every part."""
    axis, sizes, drop = operator.attributes.axis, operator.attributes.sizes, operator.attributes.drop
    axes, ends = dict(flow.axes(operator.inputs[0])), np.cumsum(sizes)
    labels = axes.pop(axis, None)
    if drop:
        axes = {k - (k > axis): v for k, v in axes.items()}
    if labels is None:
        for origin in operator.attributes.origins:
            pin(flow, origin, operator)
        return [dict(axes) for _ in sizes]
    parts = [labels[int(end) - size : int(end)] for size, end in zip(sizes, ends, strict=True)]
    if len(labels) == len(sizes):
        flow.labels.freeze(labels, f"{where(operator)} takes it apart one by one")
    elif operator.attributes.origins:
        _measured(flow, parts, operator)
    elif set(sizes[:-1]) == {sizes[0]} and sizes[-1] <= sizes[0]:
        for part in _aligned(flow, parts, operator):
            flow.labels.freeze(part, f"{where(operator)} takes unequal parts of it")
    else:
        flow.labels.freeze(labels, f"{where(operator)} takes unequal parts of it")
    if drop:
        return [dict(axes) for _ in sizes]
    flow.pieces += parts
    return [{**axes, axis: part} for part in parts]


def _measured(flow: FlowState, parts: Sequence[IntArray], operator: Operator[Split]) -> None:
    """Parts of sizes that the code passes: one for each, or a single one for all."""
    origins = operator.attributes.origins
    if len(origins) == len(parts) > 1:
        for part, origin in zip(parts, origins, strict=True):
            if isinstance(origin, Combined) and origin.operator == "-" and origin.right in origins:
                both = np.concatenate([parts[origins.index(origin.right)], part])  # the rest of a whole
                require(flow, both, origin.left, operator)
            else:
                require(flow, part, origin, operator)
        return
    (origin,) = origins
    if isinstance(origin, Literal):  # the last part takes what is left
        for part in parts[:-1]:
            require(flow, part, origin, operator)
        return
    for rest in _aligned(flow, parts, operator):
        flow.labels.tie(parts[0][parts[-1].size :], rest)
    require(flow, parts[0], origin, operator)


def _aligned(flow: FlowState, parts: Sequence[IntArray], operator: Operator[Split]) -> list[IntArray]:
    """Tie what stands at one position of every part; return what the last part is too short for."""
    shared = parts[-1].size
    flow.divide(operator, np.stack([part[:shared] for part in parts]))
    return [part[shared:] for part in parts[:-1] if part.size > shared]
