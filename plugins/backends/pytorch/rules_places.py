"""ATen operators that look up or write places by number: what each does to channels, in neutral kinds."""

from __future__ import annotations

from typing import Any

import torch

from prunekit.core.graph.attributes import Elementwise, Index, Opaque, Permute, Pool, Reduce, Slice
from prunekit.core.graph.tracked_sizes import Literal
from prunekit.core.recording import axes_of, axis_of
from prunekit.core.recording.decompositions import flipped, places_after_lookup, written_along
from prunekit.plugins.backends.pytorch.call import Call


def index(call: Call) -> None:
    """Positions looked up along some axes by tensors."""
    x, indices = call["self"], call["indices"]
    call.add(Index(moved=_moved(x.ndim, indices)), [call.number(x)], call.results())


def _moved(ndim: int, indices: list[Any]) -> dict[int, int]:
    """Where the axes go along which nothing is looked up."""
    stays, shapes = list[bool](), list[tuple[int, ...]]()
    for entry in indices:
        width = 1
        if entry is not None:
            width = entry.ndim if entry.dtype in (torch.bool, torch.uint8) else 1
            shapes.append((1,) if width > 1 or entry.dtype is torch.bool else tuple(entry.shape))
        stays += [entry is None] * width
    stays += [True] * (ndim - len(stays))
    return places_after_lookup(stays, len(torch.broadcast_shapes(*shapes)))


def write_at(call: Call) -> None:
    """Values take the places that tensors say; which places does not matter where nothing else is labelled."""
    x, values = call["self"], call["values"]
    shape = x[tuple(slice(None) if i is None else i for i in call["indices"])].shape
    picked, joined = call.between(shape), call.between(torch.broadcast_shapes(shape, values.shape))
    call.add(Index(moved=_moved(x.ndim, call["indices"])), [call.number(x)], [picked])
    call.add(Elementwise(), [picked, call.number(values)], [joined])
    call.add(Elementwise(), [call.number(x)], call.results())


def gather(call: Call) -> None:
    """For each element one place of an axis, and of the other axes as many as there are places given for."""
    x, places = call["self"], call["index"]
    if x.ndim == 0 or places.ndim == 0:
        return call.simple(Elementwise(), "self")
    axis = axis_of(call["dim"], x.ndim)
    whole = [k for k in range(x.ndim) if k != axis and places.shape[k] == x.shape[k]]
    operands, picked = [call.number(x), call.number(places)], call.between(places.shape)
    call.add(Index(moved={k: k for k in whole}), operands[:1], [picked])
    return call.add(Elementwise(does="copy"), [picked, operands[1]], call.results())


def index_select(call: Call) -> None:
    """Positions of one axis by a list of places."""
    axis, ndim = axis_of(call["dim"], call["self"].ndim), call["self"].ndim
    call.simple(Index(moved={k: k for k in range(ndim) if k != axis}), "self")


def scatter(call: Call) -> None:
    """Values are put in, or added to, places of one axis, one place given for each of them."""
    x, places, source = call["self"], call["index"], call.get("src")
    values = [places] if source is None else [places, source]
    written_along(call, x, axis_of(call["dim"], x.ndim), values, call.results)


def index_add(call: Call) -> None:
    """Parts are put in, or added to, places of one axis, one place given for each part."""
    x, source = call["self"], call.get("source", call.get("value"))
    values = [source] if isinstance(source, torch.Tensor) and source.ndim else []
    written_along(call, x, axis_of(call["dim"], x.ndim), values, call.results)


def masked_scatter(call: Call) -> None:
    """Values one behind the other take the places where a condition holds; whole rows, if that is the same in each."""
    x, mask, source = call["self"], call["mask"], call["source"]
    numbers = [call.number(t) for t in (x, mask, source)]
    rows = x.ndim and mask.ndim and source.ndim and x.shape[-1] == source.shape[-1]
    if not rows or not (mask == mask[..., :1]).all():
        return call.add(Opaque(reason="it puts values one behind the other"), numbers, call.results())
    last = call.between((*[1] * (x.ndim - 1), x.shape[-1]))
    picked = call.between(source.shape[-1:])
    call.add(Reduce(axes=tuple(range(source.ndim - 1)), keepdim=False, over="values"), numbers[2:], [picked])
    call.add(Elementwise(), [picked], [last])
    return call.add(Elementwise(), [*numbers[:2], last], call.results())


def embedding(call: Call) -> None:
    """A row of a table for each index: the table's columns are the channels."""
    call.simple(Index(moved={1: call.out.ndim - 1}), "weight")


def embedding_bag(call: Call) -> None:
    """Sums, means or extremes of rows of a table."""
    call.add(Index(moved={1: 1}), [call.number(call["weight"])], call.results()[:1])


def by_values(call: Call) -> None:
    """Which places come out depends on what is there."""
    operands = call.operands()
    call.add(Opaque(reason="which places it takes depends on what they hold"), operands, call.results())


def diagonal(call: Call) -> None:
    """The places of two axes that lie on a diagonal, along a new last axis."""
    ndim = call["self"].ndim
    two = [axis_of(call[name], ndim) for name in ("dim1", "dim2")]
    rest = [k for k in range(ndim) if k not in two]
    call.simple(Index(moved={axis: place for place, axis in enumerate(rest)}), "self")


def on_diagonal(call: Call) -> None:
    """The last axis laid on the diagonal of two others."""
    ndim, out = call["self"].ndim, call.out.ndim
    two = [axis_of(call[name], out) for name in ("dim1", "dim2")]
    rest = [k for k in range(out) if k not in two]
    call.simple(Index(moved=dict(zip(range(ndim - 1), rest, strict=True))), "self")


def triangle(call: Call) -> None:
    """Zero above or below a diagonal of the last two axes."""
    ndim = call["self"].ndim
    call.simple(Pool(axes=(ndim - 2, ndim - 1)), "self")


def turned(call: Call) -> None:
    """A quarter turn, or several, in the plane of two axes."""
    x, (a, b) = call["self"], axes_of(call["dims"], call["self"].ndim)
    quarters = call["k"] % 4
    if quarters % 2 == 0:
        return flipped(call, x, (a, b)) if quarters else call.simple(Elementwise(does="copy"), "self")
    swapped = call.between([x.shape[{a: b, b: a}.get(k, k)] for k in range(x.ndim)])
    call.add(Permute(order=tuple({a: b, b: a}.get(k, k) for k in range(x.ndim))), [call.number(x)], [swapped])
    axis = a if quarters == 1 else b
    return call.add(Slice(axis=axis, start=None, stop=None, step=-1), [swapped], call.results())


def put_part(call: Call) -> None:
    """A part, or one position, of an axis is replaced."""
    x, axis = call["self"], axis_of(call["dim"], call["self"].ndim)
    if call.name == "select_scatter":
        start = axis_of(call["index"], x.shape[axis])
        part = Slice(axis=axis, start=start, stop=start + 1, drop=True)
    else:
        start, stop, step = slice(call["start"], call["end"], call["step"]).indices(x.shape[axis])
        origins = Literal(start), Literal(stop)
        part = Slice(axis=axis, start=start, stop=stop, step=step, start_origin=origins[0], stop_origin=origins[1])
    call.add(part, [call.number(x)], [call.between(call["src"].shape)])
    call.add(part.write(), [call.number(x), call.number(call["src"])], call.results())
