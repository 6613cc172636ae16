"""Where a size enters the values: the parameters that can make up for it when the size changes.

``softmax(q k^T / sqrt(d))`` with a ``d`` that the code reads from a shape becomes another function when d shrinks; the
rows of the weight that makes q, times ``sqrt(new / old)``, give the old one back.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from prunekit.core.graph.holding import constant, counted
from prunekit.core.graph.labels import IntArray
from prunekit.core.graph.operators import Kind, Operator
from prunekit.core.graph.reshaping import segments
from prunekit.core.graph.sizes import Attribute, Literal, leaves
from prunekit.core.graph.state import Rescaled, Scaled, State, where

_SUMS = ("add", "add_", "sub", "sub_", "neg", "clone", "alias", "detach", "_to_copy", "contiguous")
_PRODUCTS = ("mul", "mul_", "div", "div_")
_MOVES = (Kind.RESHAPE, Kind.PERMUTE, Kind.EXPAND, Kind.SLICE, Kind.SPLIT)
DEPTH = 24
"""How many operators to look back for a parameter."""

Rows = dict[tuple[str, int], IntArray]
"""For each (parameter, axis), which of its positions a tensor's values are proportional to."""
Tables = dict[tuple[str, int], IntArray]
"""The same, position by position: tables of as many axes as the tensor, of size 1 where the rows do not differ."""


def rescaled(state: State) -> list[Rescaled]:
    """For each size that enters the values, what makes up for it; where nothing can, that size is kept."""
    makers = {tensor: operator for operator in state.graph.operators for tensor in operator.outputs}
    found: dict[object, Rescaled] = {}
    for scaled in state.scaled:
        labels = _counts(state, scaled)
        if labels is None:
            continue
        operator = state.graph.operators[scaled.operator]
        rows = next(filter(None, (_rows(state, makers, tensor) for tensor in _factors(makers, operator))), None)
        if rows:  # a module that runs twice is met twice
            key = (scaled.exponent, labels.tobytes(), *((name, table.tobytes()) for name, table in rows.items()))
            found[key] = Rescaled(rows, labels, scaled.exponent)
        else:
            state.labels.freeze(labels, f"{where(operator)} multiplies by a power of its size")
    return list(found.values())


def _factors(makers: dict[int, Operator], operator: Operator) -> Iterator[int]:
    """The tensors that an operator's result is proportional to; a matrix product is to either of its factors."""
    for tensor in operator.inputs:
        yield tensor
        for _ in range(DEPTH):
            maker = makers.get(tensor)
            if maker is None:
                break
            if maker.kind is Kind.MATMUL:
                yield from maker.inputs
            if maker.kind not in _MOVES and maker.name not in _PRODUCTS:
                break
            tensor = maker.inputs[0]


def _counts(state: State, scaled: Scaled) -> IntArray | None:
    """The labels that a factor's size counts; None where it cannot change."""
    if constant(state, scaled.origin):
        return None
    found = []
    for leaf in leaves(scaled.origin):
        labels = state.attributes.get(leaf, [None])[0] if isinstance(leaf, Attribute) else counted(state, leaf)
        if labels is not None and not isinstance(leaf, Literal):
            found.append(labels)
    if len(found) > 1:
        for labels in found:
            state.labels.freeze(labels, "several sizes together enter the values")
        return None
    return found[0] if found else None


def _rows(state: State, makers: dict[int, Operator], tensor: int) -> Rows | None:
    tables = _behind(state, makers, tensor, DEPTH)
    return tables and {key: np.unique(table[table >= 0]) for key, table in tables.items()}


def _behind(state: State, makers: dict[int, Operator], tensor: int, depth: int) -> Tables | None:
    """The rows that a tensor's values are proportional to, or None if they are to none."""
    operator, name = makers.get(tensor), state.graph.tensors[tensor].name
    if operator is None:
        shape = state.shape(tensor)
        return {(name, 0): _along(0, len(shape), shape[0])} if name is not None and shape else None
    if depth == 0:
        return None
    if operator.kind in (Kind.LINEAR, Kind.CONVOLUTION):
        return _of_layer(state, makers, operator, depth)
    if operator.kind is Kind.NORMALIZATION:
        return _of_norm(state, operator)
    if operator.kind is Kind.ELEMENTWISE:
        return _of_arithmetic(state, makers, operator, depth)
    if operator.kind is Kind.CONCAT:
        return _of_concat(state, makers, operator, depth)
    found = _behind(state, makers, operator.inputs[0], depth - 1) if operator.kind in _MOVES else None
    return found and {key: _moved(state, operator, tensor, table) for key, table in found.items()}


def _of_layer(state: State, makers: dict[int, Operator], operator: Operator, depth: int) -> Tables | None:
    """The rows of its weight and, if there is one, of its bias."""
    weight, ndim = operator.inputs[1], len(state.shape(operator.outputs[0]))
    linear = operator.kind is Kind.LINEAR
    name, out = state.weight(weight), state.axes(weight).get(int(linear or operator.attributes["transposed"]))
    own = state.parameters.get(name or "", [])
    axis = next((k for k, labels in enumerate(own) if labels is not None and labels is out), None)
    if name is None or axis is None or out is None:
        return None
    place = ndim - 1 if linear else 1
    tables = {(name, axis): _along(place, ndim, out.size)}
    for bias in operator.inputs[2:3]:
        behind = _behind(state, makers, bias, depth - 1)
        if behind is None:
            return None
        tables |= {key: np.moveaxis(table.reshape(*[1] * (ndim - 1), -1), -1, place) for key, table in behind.items()}
    return tables


def _of_norm(state: State, operator: Operator) -> Tables | None:
    """Its gain and its shift."""
    tensors = [t for t in operator.inputs[1:3] if t != operator.attributes.get("mean")]
    names, sizes = [state.graph.tensors[t].name for t in tensors], [state.shape(t) for t in tensors]
    ndim, axis = len(state.shape(operator.outputs[0])), operator.attributes["axis"]
    if len(tensors) < len(operator.inputs[1:3]) or not names or any(len(size) != 1 for size in sizes):
        return None
    place = ndim - 1 if axis is None else axis
    named = [(name, size[0]) for name, size in zip(names, sizes, strict=True) if name is not None]
    return {(name, 0): _along(place, ndim, size) for name, size in named} if len(named) == len(names) else None


def _of_arithmetic(state: State, makers: dict[int, Operator], operator: Operator, depth: int) -> Tables | None:
    """A product is proportional to its first factor, a sum to what all its terms are proportional to."""
    if operator.name not in (*_SUMS, *_PRODUCTS):
        return None
    terms = [_behind(state, makers, t, depth - 1) for t in operator.inputs]
    if operator.name in _PRODUCTS or len(terms) == 1:
        first: Tables | None = next((term for term in terms if term), None)
        return first
    ndim, tables = len(state.shape(operator.outputs[0])), Tables()
    for term in terms:
        if term is None:
            return None
        tables |= {key: table.reshape(*[1] * (ndim - table.ndim), *table.shape) for key, table in term.items()}
    return tables


def _of_concat(state: State, makers: dict[int, Operator], operator: Operator, depth: int) -> Tables | None:
    """Rows of every part; -1 where a part is made of other parameters."""
    axis, shape = operator.attributes["axis"], state.shape(operator.outputs[0])
    parts = [_behind(state, makers, t, depth - 1) for t in operator.inputs]
    keys = dict.fromkeys(key for part in parts if part for key in part)
    joined = Tables()
    for key in keys:
        tables = []
        for tensor, part in zip(operator.inputs, parts, strict=True):
            if part is None:
                return None
            table = part.get(key, np.full([1] * len(shape), -1))
            wide = [state.shape(tensor)[k] if k == axis else n for k, n in enumerate(table.shape)]
            tables.append(np.broadcast_to(table, wide))
        others = np.broadcast_shapes(*((*t.shape[:axis], 1, *t.shape[axis + 1 :]) for t in tables))
        spread = [np.broadcast_to(t, [t.shape[axis] if k == axis else n for k, n in enumerate(others)]) for t in tables]
        joined[key] = np.concatenate(spread, axis)
    return joined


def _moved(state: State, operator: Operator, tensor: int, table: IntArray) -> IntArray:
    """The table after an operator that moves positions."""
    given = operator.attributes
    if operator.kind is Kind.PERMUTE:
        return table.transpose(given["order"])
    if operator.kind is Kind.EXPAND:
        return table.reshape(*[1] * (len(state.shape(tensor)) - table.ndim), *table.shape)
    if operator.kind is Kind.RESHAPE:
        return _reshaped(table, state.shape(operator.inputs[0]), state.shape(tensor))
    axis = given["axis"]
    if operator.kind is Kind.SPLIT:
        part = operator.outputs.index(tensor)
        start = sum(given["sizes"][:part])
        places = slice(start, start + given["sizes"][part])
    else:
        places = slice(given["start"], given["stop"], given["step"])
    if table.shape[axis] > 1:
        table = table[(slice(None),) * axis + (places,)]
    return np.squeeze(table, axis) if given["drop"] else table


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
