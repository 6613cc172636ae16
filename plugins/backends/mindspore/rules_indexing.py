"""Indexing of MindSpore's tensors, which dispatch does not show, and tensors that are made of sizes alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from mindspore import Tensor

from prunekit.core.graph.attributes import Create, Elementwise, Index, Opaque, Reshape, Slice
from prunekit.core.graph.symbolic_integers import SymInt
from prunekit.core.recording import axis_of, origins_of
from prunekit.core.recording.decompositions import places_after_lookup
from prunekit.plugins.backends.mindspore.api_calls import CREATING
from prunekit.plugins.backends.mindspore.call import Call
from prunekit.plugins.backends.mindspore.rules_layout import Slices, chain, parts_of, steps


def index(call: Call) -> None:
    """``x[key]``: parts of axes, single positions, new axes, or positions looked up by tensors."""
    x, key = call.passed
    items = _items(key, x.ndim)
    if all(isinstance(item, (int, slice)) and not isinstance(item, bool) for item in items if item is not None):
        return _basic(call, items)
    if any(item is None or (isinstance(item, int) and not isinstance(item, bool)) for item in items):
        return call.add(Opaque(reason="it is indexed in several ways at once"), call.operands(), call.first())
    if any(isinstance(item, slice) and item != slice(None) for item in items):
        return call.add(Opaque(reason="it is indexed in several ways at once"), call.operands(), call.first())
    looked = [np.asarray(i.asnumpy() if isinstance(i, Tensor) else i) for i in items if not isinstance(i, slice)]
    if any(array.dtype == bool for array in looked):
        return call.add(Opaque(reason="it is indexed by conditions"), call.operands(), call.first())
    new = len(np.broadcast_shapes(*(array.shape for array in looked)))
    moved = places_after_lookup([isinstance(item, slice) for item in items], new)
    call.unary(Index(moved=moved))


def _items(key: Any, ndim: int) -> list[Any]:
    """The key as one entry for each axis, and None for each new one."""
    items = list(key) if isinstance(key, tuple) else [key]
    used = sum(item is not None and item is not Ellipsis for item in items)
    rest = [slice(None)] * (ndim - used)
    for place, item in enumerate(items):
        if item is Ellipsis:
            return [*items[:place], *rest, *items[place + 1 :]]
    return [*items, *rest]


def _basic(call: Call, items: list[Any]) -> None:
    slices, axis = _slices(call.x.shape, [item for item in items if item is not None]), 0
    if all(item is not None for item in items):
        return chain(call, slices)
    shape = list(call.out.shape)
    for item in items:  # the shape without the new axes
        if item is None:
            del shape[axis]
        elif isinstance(item, slice):
            axis += 1
    cut = call.number(call.x)
    if slices:
        cut = call.between(shape)
        chain(call, slices, cut)
    call.add(Reshape(), [cut], call.first())


def _slices(shape: tuple[int, ...], items: list[Any]) -> Slices:
    """The axes that are cut, with their bounds and where those come from."""
    found: Slices = []
    for axis, (item, size) in enumerate(zip(items, shape, strict=True)):
        if isinstance(item, int):
            place = axis_of(int(item), size)
            found.append((Slice(axis=axis, start=place, stop=place + 1, drop=True), 1))
        else:
            found += parts_of(axis, item, size)
    return found


def write(call: Call) -> None:
    """``x[key] = value``: what stood there is cut out, takes on the value, and is put back."""
    x, key, value = call.passed
    items = _items(key, x.ndim)
    operands = _operands(call, value, sum(not isinstance(item, int) for item in items))
    wholes, cuts = [(call.number(x), tuple(x.shape))], []
    if not all(isinstance(item, (int, slice)) and not isinstance(item, bool) for item in items):
        operands.insert(0, wholes[0][0])
        return call.add(Opaque(reason="it is written by places looked up"), operands, call.rewritten(x))
    for cut, shape in steps(x.shape, _slices(x.shape, items)):
        part = call.between(shape)
        call.add(cut, [wholes[-1][0]], [part])
        wholes.append((part, shape))
        cuts.append(cut)
    there, shape = wholes.pop()
    part = call.between(shape) if cuts else call.rewritten(x)[0]
    call.add(Elementwise(), [there, *operands], [part])
    while cuts:
        there, shape = wholes.pop()
        whole = call.between(shape) if wholes else call.rewritten(x)[0]
        call.add(cuts.pop().write(), [there, part], [whole])
        part = whole


def _operands(call: Call, value: Any, ndim: int) -> list[int]:
    """The value that is written, unless it is a number; as in NumPy it may have further axes of one place in front."""
    if isinstance(value, (int, float, bool)):
        return []
    value = value if isinstance(value, Tensor) else Tensor(np.asarray(value))
    number = call.number(value)
    if value.ndim <= ndim:
        return [number]
    laid = call.between(value.shape[value.ndim - ndim :])
    call.add(Reshape(), [number], [laid])
    return [laid]


def created(call: Call) -> None:
    """A tensor made of sizes alone."""
    api_call, shape = call.api_call, tuple(call.out.shape)
    at = 1 if api_call.name.startswith("new_") or api_call.name == "fill" else 0
    ordered = api_call.name in ("arange", "linspace", "eye")
    passed = [
        *api_call.args[at:],
        *(api_call.kwargs[key] for key in ("size", "shape", "end", "n") if key in api_call.kwargs),
    ]
    sizes = list(passed[0]) if passed and isinstance(passed[0], (list, tuple)) else passed
    sizes = [size for size in sizes if isinstance(size, int)]
    if ordered:
        sizes = [size for size in passed if isinstance(size, SymInt)][:1] * len(shape)
    origins = origins_of(sizes) if api_call.name in CREATING and sizes == list(shape) else (None,) * len(shape)
    call.add(Create(ordered=ordered, origins=origins), [], call.first())
