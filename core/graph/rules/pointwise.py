"""Rules for operators that keep positions where they are: elementwise, normalization, reduction, pooling, unknown."""

from __future__ import annotations

from collections.abc import Sequence

from prunekit.core.graph.attributes import Attributes, Elementwise, Normalization, Opaque, Pool, Reduce
from prunekit.core.graph.flow_state import FlowState, Masked, Scaled, where
from prunekit.core.graph.labels import Axes, IntArray
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.size_constraints import pin, require

Operand = tuple[tuple[int, ...], Axes, frozenset[int]]
"""Shape, labels, and the axes along which it fits any size."""


def operand(flow: FlowState, tensor: int) -> Operand:
    """A tensor as an operand of a merge."""
    return flow.shape(tensor), flow.axes(tensor), flow.stretched.get(tensor, frozenset())


def elementwise(flow: FlowState, position: int, operator: Operator[Elementwise]) -> list[Axes]:
    """Operands are broadcast against each other, and what meets is tied."""
    if operator.attributes.scaled is not None:
        origin, exponent = operator.attributes.scaled
        flow.scaled.append(Scaled(position, 0, origin, exponent))
    for origin in operator.attributes.entering:
        pin(flow, origin, operator, "computes values from its size")
    weight = flow.weights.sources.get(position)  # its labels, by which it is known, become those of the result
    operands = [operand(flow, t) for t in sorted(operator.inputs, key=lambda t: t != weight)]
    for out in operator.outputs:
        _stretch(flow, operands, out)
    return [merge(flow, flow.shape(out), operands, operator) for out in operator.outputs]


def _stretch(flow: FlowState, operands: Sequence[Operand], out: int) -> None:
    """An axis along which every operand is the same is the same in the result."""
    ndim, found = len(flow.shape(out)), list[frozenset[int]]()
    for shape, _, same in operands:
        lead = ndim - len(shape)
        found.append(frozenset(range(lead)) | {k + lead for k in range(len(shape)) if shape[k] == 1 or k in same})
    if common := frozenset.intersection(*found) & {k for k, n in enumerate(flow.shape(out)) if n > 1}:
        flow.stretched[out] = common


def merge(flow: FlowState, shape: Sequence[int], operands: Sequence[Operand], operator: Operator[Attributes]) -> Axes:
    """Broadcast operands against each other: what meets is tied, what meets a fixed size keeps its own."""
    ndim, merged, fixed = len(shape), Axes(), set[int]()
    for own, axes, same in operands:
        lead = ndim - len(own)
        for axis, size in enumerate(own):
            if axis in axes:
                flow.labels.tie(merged.setdefault(axis + lead, axes[axis]), axes[axis])
            elif size > 1 and axis not in same:
                fixed.add(axis + lead)
    for axis in fixed & merged.keys():
        flow.labels.freeze(merged[axis], f"{where(operator)} meets a fixed size")
    return merged


def normalization(flow: FlowState, position: int, operator: Operator[Normalization]) -> list[Axes]:
    """Per-channel tensors are tied to the channels; statistics over channels are noted, parts of them are kept."""
    x, axis, groups = operator.inputs[0], operator.attributes.axis, operator.attributes.groups
    shape = flow.shape(x)
    operands = [operand(flow, x)]
    for tensor in operator.inputs[1:]:
        own, axes, same = operand(flow, tensor)
        if axis is not None:
            own = tuple(own[0] if k == axis else 1 for k in range(len(shape)))
            axes = {axis: axes[0]} if axes else {}
        operands.append((own, axes, same))
    merged = merge(flow, shape, operands, operator)
    for k, labels in merged.items():
        if k in operator.attributes.pooled:
            if k == 1 and groups is not None and 1 < groups < shape[1]:
                labels = _in_groups(flow, labels, groups, operator)
            flow.masked.append(Masked(position, 0, k, labels))
    if (only := _only(shape, operator.attributes.pooled)) in merged and axis is not None and groups is None:
        flow.two_stay.append((merged[only], "stays, so that there is more than one position to take statistics over"))
    _sizes(flow, merged, operator)
    if 1 in merged and groups == shape[1]:
        require(flow, merged[1], operator.attributes.origin, operator)
    channels = merged.get(len(shape) - 1 if axis is None else axis)
    if channels is not None:
        flow.norms.setdefault(operator.module, channels)
    return [merged] + [{} for _ in operator.outputs[1:]]


def _only(shape: Sequence[int], pooled: Sequence[int]) -> int | None:
    """The one axis that statistics are taken over, if all others of them have one position."""
    found = [axis for axis in pooled if shape[axis] > 1]
    return found[0] if len(found) == 1 else None


def _in_groups(flow: FlowState, labels: IntArray, groups: int, operator: Operator[Normalization]) -> IntArray:
    """Statistics of each group: the same position goes in every group, or whole groups go."""
    origin, table = operator.attributes.origin, labels.reshape(groups, -1)
    if table.shape[1] > 1 and flow.choose(operator, labels):
        flow.labels.tie(table[:, :1], table)
        require(flow, table[:, 0], origin, operator)
    else:
        pin(flow, origin, operator)
        flow.divide(operator, table, free=False)
    return labels


def _sizes(flow: FlowState, merged: Axes, operator: Operator[Normalization | Reduce]) -> None:
    """What the code says about the sizes of the normalized axes, the last ones."""
    origins, ndim = operator.attributes.origins, len(flow.shape(operator.inputs[0]))
    for axis, origin in enumerate(origins, ndim - len(origins)):
        if axis in merged:
            require(flow, merged[axis], origin, operator)
        else:
            pin(flow, origin, operator)


_KEEPING = {"rank": "compares all places of it", "values": "is taken over it"}
"""What cannot leave places out, and what is told of it."""


def reduce(flow: FlowState, position: int, operator: Operator[Reduce]) -> list[Axes]:
    """Sums, means and extremes can leave out what is gone; anything else that is used keeps its channels."""
    axes, over = operator.attributes.axes, operator.attributes.over
    _sizes(flow, flow.axes(operator.inputs[0]), operator)
    kept: Axes = {}
    for axis, labels in flow.axes(operator.inputs[0]).items():
        if axis not in axes:
            kept[axis if operator.attributes.keepdim else axis - sum(k < axis for k in axes)] = labels
        elif over in _KEEPING:
            if flow.used(operator.outputs):
                flow.labels.freeze(labels, f"{where(operator)} {_KEEPING[over]}")
        else:
            if position not in flow.made_up:
                flow.masked.append(Masked(position, 0, axis, labels))
            flow.hide(operator.outputs[0], labels)
    return [dict(kept) for _ in operator.outputs]


def pool(flow: FlowState, position: int, operator: Operator[Pool]) -> list[Axes]:
    """Positions along some axes are mixed, the others pass; shares and running sums can leave out what is gone."""
    pooling, kept = operator.attributes, Axes()
    told = "puts its places in order" if pooling.ranked else "mixes positions along it"
    first = flow.shape(operator.outputs[0])
    for axis, labels in flow.axes(operator.inputs[0]).items():
        if axis in pooling.axes and (pooling.softmax or pooling.running):
            flow.masked.append(Masked(position, 0, axis, labels))
        elif axis in pooling.axes or first[axis : axis + 1] != (labels.size,):
            flow.labels.freeze(labels, f"{where(operator)} {told}")
        kept[axis] = labels
    out = [flow.shape(t) for t in operator.outputs]
    return [{k: v for k, v in kept.items() if k < len(shape) and shape[k] == v.size} for shape in out]


def opaque(flow: FlowState, position: int, operator: Operator[Opaque]) -> list[Axes]:
    """Nobody knows what it does: everything that it touches stays."""
    for tensor in operator.inputs:
        for labels in flow.axes(tensor).values():
            flow.labels.freeze(labels, f"{where(operator)}: {operator.attributes.reason}")
    return [{} for _ in operator.outputs]
