"""Finds the parameter rows that scale a tensor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias, TypeGuard

import numpy as np

from prunekit.core.graph.attributes import (
    Attributes,
    Concat,
    Convolution,
    Elementwise,
    Expand,
    Linear,
    Normalization,
    Permute,
    Reshape,
    Slice,
    Split,
)
from prunekit.core.graph.flow_state import FlowState
from prunekit.core.graph.labels import IntArray
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.reshaping import segments

Moving: TypeAlias = Reshape | Permute | Expand | Slice | Split
_SUMS = ("sum", "difference")
DEPTH = 24
"""How many operators to look back for a parameter."""

Tables = dict[tuple[str, int], IntArray]
"""For each (parameter, axis), which of its positions each value is a multiple of: tables of as many axes as the tensor,
of size 1 where the rows do not differ; -1 for none of them."""


@dataclass
class Trail:
    """A way back from an operator to parameters.

    Attributes:
        flow: What is known of the graph.
        makers: Which operator made each tensor.
        tables: What was found for the tensors on the way; None where the whole tensor counts.
        reads: The way: positions of operators, each with an input of it.
    """

    flow: FlowState
    makers: dict[int, int]
    tables: dict[int, Tables | None] = field(default_factory=dict)
    reads: set[tuple[int, int]] = field(default_factory=set)

    def maker(self, tensor: int) -> Operator[Attributes] | None:
        """The operator that made a tensor."""
        position = self.makers.get(tensor)
        return None if position is None else self.flow.graph.operators[position]

    def passes(self, operator: Operator[Attributes], tensor: int) -> None:
        """Note that the way passes from an operator to one of its inputs."""
        self.reads.add((self.makers[operator.outputs[0]], tensor))


def moves(operator: Operator[Attributes]) -> TypeGuard[Operator[Moving]]:
    """Whether an operator does nothing but move positions of its first input."""
    return isinstance(operator.attributes, (Reshape, Permute, Expand, Slice, Split))


def behind(trail: Trail, tensor: int, depth: int = DEPTH) -> Tables | None:
    """The rows that a tensor's values are multiples of, or None if they are of none."""
    found = _behind(trail, tensor, depth)
    if found is not None:
        trail.tables[tensor] = found
    return found


def _through(trail: Trail, operator: Operator[Attributes], tensor: int, depth: int) -> Tables | None:
    """What is behind an input of an operator."""
    found = behind(trail, tensor, depth - 1)
    if found is not None:
        trail.passes(operator, tensor)
    return found


def _behind(trail: Trail, tensor: int, depth: int) -> Tables | None:
    flow, operator = trail.flow, trail.maker(tensor)
    name = flow.graph.tensors[tensor].name
    if operator is None:
        shape = flow.shape(tensor)
        return {(name, 0): _along(0, len(shape), shape[0])} if name is not None and shape else None
    if depth == 0:
        return None
    attributes = operator.attributes
    if isinstance(attributes, (Linear, Convolution)):
        return _of_layer(trail, operator, attributes, depth)
    if isinstance(attributes, Normalization):
        return _of_norm(trail, operator, attributes)
    if isinstance(attributes, Elementwise):
        return _of_arithmetic(trail, operator, attributes, depth)
    if isinstance(attributes, Concat):
        return _of_concat(trail, operator, attributes.axis, depth)
    if not moves(operator) or (found := _through(trail, operator, operator.inputs[0], depth)) is None:
        return None
    return {key: moved(flow, operator, tensor, table) for key, table in found.items()}


def _of_layer(
    trail: Trail, operator: Operator[Attributes], attributes: Linear | Convolution, depth: int
) -> Tables | None:
    """The rows of its weight and, if there is one, of its bias."""
    flow, weight = trail.flow, operator.inputs[1]
    ndim = len(flow.shape(operator.outputs[0]))
    name, out = flow.weight(weight), flow.axes(weight).get(attributes.out_axis)
    own = flow.parameters.get(name or "", [])
    if out is None:
        return None
    if name is None:
        return _of_a_part(trail, operator, attributes, depth)
    axis = next((k for k, labels in enumerate(own) if labels is not None and np.isin(out, labels).all()), None)
    if axis is None or (labels := own[axis]) is None:
        return None
    place = ndim - 1 if isinstance(attributes, Linear) else 1
    key = _scaling(trail, weight, name, axis)
    tables = {key: np.searchsorted(labels, out)[_along(place, ndim, out.size)]}  # of a part of the weight
    for bias in operator.inputs[2:3]:
        found = _through(trail, operator, bias, depth)
        if found is None:
            return None
        tables |= {key: np.moveaxis(table.reshape(*[1] * (ndim - 1), -1), -1, place) for key, table in found.items()}
    trail.passes(operator, weight)
    for position, source in flow.weights.back(weight):  # the weight may be transposed on its way
        trail.reads.add((position, source))
        weight = source
    if key == (name, axis):
        trail.tables[weight] = {key: _along(axis, len(flow.shape(weight)), labels.size)}
    return tables


def _of_a_part(
    trail: Trail, operator: Operator[Attributes], attributes: Linear | Convolution, depth: int
) -> Tables | None:
    """The same where the weight is cut out of a parameter, or put together of several, as its bias may be."""
    ndim, tables = len(trail.flow.shape(operator.outputs[0])), Tables()
    place = ndim - 1 if isinstance(attributes, Linear) else 1
    for tensor, axis in zip(operator.inputs[1:3], (attributes.out_axis, 0), strict=False):
        found = behind(trail, tensor, depth - 1)
        if found is None:
            return None
        for key, table in found.items():
            if table.size != table.shape[axis]:  # it is a multiple of rows along another axis
                return None
            tables[key] = table.reshape([-1 if k == place else 1 for k in range(ndim)])
    return tables


def _scaling(trail: Trail, weight: int, name: str, axis: int) -> tuple[str, int]:
    """The parameter and its axis by which the rows of a weight grow: of one that is normed what gives the length."""
    flow, normed = trail.flow, trail.flow.normed.get(name)
    if normed is None or normed.axis != axis or normed.vector:
        return name, axis
    behind_it = flow.weights.behind(weight)
    for operator in filter(None, map(trail.maker, behind_it)):
        for tensor in operator.inputs:
            trail.passes(operator, tensor)
    gain = next(tensor for tensor in behind_it if flow.graph.tensors[tensor].name == normed.gain)
    shape = flow.shape(gain)
    key = normed.gain, int(np.argmax(shape))
    trail.tables[gain] = {key: _along(key[1], len(shape), shape[key[1]])}
    return key


def _of_norm(trail: Trail, operator: Operator[Attributes], attributes: Normalization) -> Tables | None:
    """Its gain and its shift."""
    flow = trail.flow
    tensors = [t for t in operator.inputs[1:3] if t != attributes.mean]
    ndim, axis, tables = len(flow.shape(operator.outputs[0])), attributes.axis, Tables()
    if len(tensors) < len(operator.inputs[1:3]) or not tensors:
        return None
    for tensor in tensors:
        name, shape = flow.graph.tensors[tensor].name, flow.shape(tensor)
        if name is None or len(shape) != 1:
            return None
        trail.tables[tensor] = {(name, 0): np.arange(shape[0])}
        trail.passes(operator, tensor)
        tables[name, 0] = _along(ndim - 1 if axis is None else axis, ndim, shape[0])
    return tables


def _of_arithmetic(trail: Trail, operator: Operator[Attributes], attributes: Elementwise, depth: int) -> Tables | None:
    """A product is a multiple of either factor, a quotient of the first, a sum of what all its terms are of."""
    if attributes.multiplies:
        distinct = len(set(operator.inputs)) == len(operator.inputs)  # a square is no multiple
        either = operator.inputs if attributes.does == "product" else operator.inputs[:1]
        return next(filter(None, (_through(trail, operator, t, depth) for t in either)), None) if distinct else None
    if attributes.does == "copy":  # of the first, whatever else it goes by
        return _through(trail, operator, operator.inputs[0], depth)
    if attributes.does not in _SUMS:
        return None
    ndim, tables = len(trail.flow.shape(operator.outputs[0])), Tables()
    for term in (_through(trail, operator, t, depth) for t in operator.inputs):
        if term is None:
            return None
        tables |= {key: table.reshape(*[1] * (ndim - table.ndim), *table.shape) for key, table in term.items()}
    return tables


def _of_concat(trail: Trail, operator: Operator[Attributes], axis: int, depth: int) -> Tables | None:
    """Rows of every part; -1 where a part is made of other parameters."""
    flow, shape = trail.flow, trail.flow.shape(operator.outputs[0])
    parts = [_through(trail, operator, t, depth) for t in operator.inputs]
    keys = dict.fromkeys(key for part in parts if part for key in part)
    joined = Tables()
    for key in keys:
        tables = []
        for tensor, part in zip(operator.inputs, parts, strict=True):
            if part is None:
                return None
            table = part.get(key, np.full([1] * len(shape), -1))
            wide = [flow.shape(tensor)[k] if k == axis else n for k, n in enumerate(table.shape)]
            tables.append(np.broadcast_to(table, wide))
        others = np.broadcast_shapes(*((*t.shape[:axis], 1, *t.shape[axis + 1 :]) for t in tables))
        spread = [np.broadcast_to(t, [t.shape[axis] if k == axis else n for k, n in enumerate(others)]) for t in tables]
        joined[key] = np.concatenate(spread, axis)
    return joined


def moved(flow: FlowState, operator: Operator[Moving], tensor: int, table: IntArray) -> IntArray:
    """The table after an operator that moves positions."""
    attributes = operator.attributes
    if isinstance(attributes, Permute):
        return table.transpose(attributes.order)
    if isinstance(attributes, Expand):
        return table.reshape(*[1] * (len(flow.shape(tensor)) - table.ndim), *table.shape)
    if isinstance(attributes, Reshape):
        return _reshaped(table, flow.shape(operator.inputs[0]), flow.shape(tensor))
    part = attributes.part(operator.outputs.index(tensor)) if isinstance(attributes, Split) else attributes
    if table.shape[part.axis] > 1:
        table = table[(slice(None),) * part.axis + (part.places,)]
    return np.squeeze(table, part.axis) if part.drop else table


def _reshaped(table: IntArray, before: tuple[int, ...], after: tuple[int, ...]) -> IntArray:
    wide, full = [1] * len(before), [1] * len(after)
    for old, new in segments(before, after):
        if any(table.shape[axis] > 1 for axis in old):
            for axis in old:
                wide[axis] = before[axis]
            for axis in new:
                full[axis] = after[axis]
    return np.broadcast_to(table, wide).reshape(full)


def _along(axis: int, ndim: int, size: int) -> IntArray:
    return np.arange(size).reshape([size if k == axis else 1 for k in range(ndim)])
