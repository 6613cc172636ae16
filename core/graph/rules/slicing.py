"""Rules for operators that take parts of an axis: slice, split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prunekit.core.graph.flow_state import FlowState, where
from prunekit.core.graph.labels import Axes, IntArray
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.size_constraints import pin, require
from prunekit.core.graph.sizes import Combined, Literal, SizeOrigin


def cut(flow: FlowState, position: int, operator: Operator) -> list[Axes]:
    """Part of the positions along one axis, or one of them, whose axis then disappears (``drop``)."""
    axis, start, stop, step, drop = (operator.attributes[k] for k in ("axis", "start", "stop", "step", "drop"))
    axes = dict(flow.axes(operator.inputs[0]))
    labels = axes.pop(axis, None)
    if drop:
        axes = {k - (k > axis): v for k, v in axes.items()}
    if labels is None:
        for name in ("start_origin", "stop_origin"):
            pin(flow, operator.attributes.get(name), operator)
        return [axes]
    if step == -1:  # the axis reversed
        axes[axis] = labels[::-1]
    elif drop:
        flow.labels.freeze(labels[: start + 1], f"{where(operator)} takes a fixed place of it")
    else:
        _bounded(flow, operator, labels)
        axes[axis] = labels[start:stop:step]
        flow.pieces.append(axes[axis])
    return [axes]


def _bounded(flow: FlowState, operator: Operator, labels: IntArray) -> None:
    """What may go where an axis is cut: its bounds must still be where they were."""
    start, stop, step = (operator.attributes[k] for k in ("start", "stop", "step"))
    size = labels.size
    if step > 1:  # every step-th: runs of that length go together
        if start < step and stop > size - step and size % step == 0:
            flow.labels.tie_rows(labels.reshape(size // step, step).T)
        else:
            flow.labels.freeze(labels, f"{where(operator)} takes fixed places of it")
        return
    from_end = operator.attributes.get("from_end", (False, False))
    for bound, name, end in ((start, "start_origin", from_end[0]), (stop, "stop_origin", from_end[1])):
        if 0 < bound < size:
            require(flow, labels[bound:] if end else labels[:bound], operator.attributes.get(name), operator)


def split(flow: FlowState, position: int, operator: Operator) -> list[Axes]:
    """Parts along one axis; of equal parts a unit is one position in every part."""
    axis, sizes, drop = (operator.attributes[k] for k in ("axis", "sizes", "drop"))
    axes, ends = dict(flow.axes(operator.inputs[0])), np.cumsum(sizes)
    labels = axes.pop(axis, None)
    if drop:
        axes = {k - (k > axis): v for k, v in axes.items()}
    if labels is None:
        for origin in operator.attributes.get("origins", ()):
            pin(flow, origin, operator)
        return [dict(axes) for _ in sizes]
    parts = [labels[int(end) - size : int(end)] for size, end in zip(sizes, ends, strict=True)]
    if len(labels) == len(sizes):
        flow.labels.freeze(labels, f"{where(operator)} takes it apart one by one")
    elif "origins" in operator.attributes:
        _measured(flow, parts, operator)
    elif set(sizes[:-1]) == {sizes[0]} and sizes[-1] <= sizes[0]:
        for part in _aligned(flow, parts):
            flow.labels.freeze(part, f"{where(operator)} takes unequal parts of it")
    else:
        flow.labels.freeze(labels, f"{where(operator)} takes unequal parts of it")
    if drop:
        return [dict(axes) for _ in sizes]
    flow.pieces += parts
    return [{**axes, axis: part} for part in parts]


def _measured(flow: FlowState, parts: Sequence[IntArray], operator: Operator) -> None:
    """Parts of sizes that the code passes: one for each, or a single one for all."""
    origins: Sequence[SizeOrigin | None] = operator.attributes["origins"]
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
    for rest in _aligned(flow, parts):
        flow.labels.tie(parts[0][parts[-1].size :], rest)
    require(flow, parts[0], origin, operator)


def _aligned(flow: FlowState, parts: Sequence[IntArray]) -> list[IntArray]:
    """Tie what stands at one position of every part; return what the last part is too short for."""
    shared = parts[-1].size
    flow.labels.tie_rows(np.stack([part[:shared] for part in parts]))
    return [part[shared:] for part in parts[:-1] if part.size > shared]
