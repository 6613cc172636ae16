"""ATen operators that move positions: what each does to channels, in the neutral kinds of ``core.graph``."""

from __future__ import annotations

from typing import Any

import torch

from prunekit.core.graph.operators import Kind
from prunekit.core.graph.sizes import Combined, Extent, Literal, Origin, Size, origin_of
from prunekit.core.recording import axes_of, axis_of, origins_of
from prunekit.core.recording.asked import origins_of_slice
from prunekit.plugins.backends.pytorch.call import Call


def reshape(call: Call) -> None:
    """The same numbers in another shape."""
    call.simple(Kind.RESHAPE, "self", **call.origins())


def expand(call: Call) -> None:
    """Axes of size 1 made longer."""
    call.simple(Kind.EXPAND, "self", **call.origins())


def permute(call: Call) -> None:
    """Axes in another order."""
    ndim = call["self"].ndim
    order = list(range(ndim))
    if call.name == "permute":
        order = axes_of(call["dims"], ndim)
    elif call.name == "t":
        order.reverse()
    else:
        a, b = axis_of(call["dim0"], ndim), axis_of(call["dim1"], ndim)
        order[a], order[b] = order[b], order[a]
    call.simple(Kind.PERMUTE, "self", order=order)


def concat(call: Call) -> None:
    """Tensors one behind the other along an axis."""
    tensors = [t for t in call["tensors"] if t.numel() or t.ndim > 1]  # old torch lets an empty vector pass
    call.add(Kind.CONCAT, [call.number(t) for t in tensors], call.results(), axis=axis_of(call["dim"], tensors[0].ndim))


def stack(call: Call) -> None:
    """Tensors one behind the other along a new axis."""
    axis, parts = axis_of(call["dim"], call["tensors"][0].ndim + 1), []
    for tensor in call["tensors"]:
        parts.append(call.between((*tensor.shape[:axis], 1, *tensor.shape[axis:])))
        call.add(Kind.RESHAPE, [call.number(tensor)], [parts[-1]])
    call.add(Kind.CONCAT, parts, call.results(), axis=axis)


def split(call: Call) -> None:
    """Parts along an axis."""
    axis = axis_of(call["dim"], call["self"].ndim)
    sizes = [1 if call.name == "unbind" else part.shape[axis] for part in call.out]
    attributes: dict[str, Any] = {}
    if call.asked.name in ("split", "split_with_sizes"):
        passed = call.asked.argument(1, "split_size_or_sections")
        passed = call.asked.kwargs.get("split_size", call.asked.kwargs.get("split_sizes")) if passed is None else passed
        if passed is not None:
            attributes["origins"] = tuple(origins_of([passed] if isinstance(passed, int) else list(passed)))
    call.simple(Kind.SPLIT, "self", axis=axis, sizes=sizes, drop=call.name == "unbind", **attributes)


def cut(call: Call) -> None:
    """A part of an axis."""
    axis = axis_of(call["dim"], call["self"].ndim)
    size = call["self"].shape[axis]
    start, stop, step = slice(call["start"], call["end"], call["step"]).indices(size)
    bounds = _bounds(call, (start, stop, step), size)
    call.simple(Kind.SLICE, "self", axis=axis, start=start, stop=stop, step=step, drop=False, **bounds)


def _bounds(call: Call, indices: tuple[int, int, int], size: int) -> dict[str, Any]:
    """Where the bounds that the code passed come from."""
    asked = call.asked
    if asked.name == "narrow":
        start, length = asked.argument(2, "start"), asked.argument(3, "length")
        stop = Combined(indices[1], "+", origin_of(start), origin_of(length))
        return {"start_origin": origin_of(start), "stop_origin": stop}
    if asked.name not in ("__getitem__", "__setitem__"):
        return {}
    index = asked.args[1] if isinstance(asked.args[1], (tuple, list)) else (asked.args[1],)
    slices = [item for item in index if isinstance(item, slice)]
    while asked.used < len(slices):
        found, asked.used = slices[asked.used], asked.used + 1
        if found.indices(size) == indices and indices != (0, size, 1):
            return origins_of_slice(found)
    return {}


def select(call: Call) -> None:
    """One position of an axis, which disappears."""
    axis = axis_of(call["dim"], call["self"].ndim)
    place = axis_of(call["index"], call["self"].shape[axis])
    call.simple(Kind.SLICE, "self", axis=axis, start=place, stop=place + 1, step=1, drop=True)


def flip(call: Call) -> None:
    """Axes reversed."""
    x = call.number(call["self"])
    axes = axes_of(call["dims"], call["self"].ndim)
    for axis in axes:
        turned = call.between(call.out.shape) if axis != axes[-1] else call.results()[0]
        call.add(Kind.SLICE, [x], [turned], axis=axis, start=None, stop=None, step=-1, drop=False)
        x = turned


def pad(call: Call) -> None:
    """New positions at the ends of axes."""
    ndim, pads = call["self"].ndim, call["pad"] if call.name == "constant_pad_nd" else call["padding"]
    ends = [(0, 0)] * (ndim - len(pads) // 2) + [(pads[k], pads[k + 1]) for k in range(len(pads) - 2, -1, -2)]
    call.simple(Kind.PAD, "self", pads=ends, constant=call.name == "constant_pad_nd")


def repeat(call: Call) -> None:
    """Copies side by side: an axis of its own for the copies, folded in again."""
    x, repeats = call["self"], call["repeats"]
    passed = call.asked.sizes(1, "repeats") if call.asked.name == "repeat" else []
    origins: list[Origin | None] = origins_of(passed) if passed == list(repeats) else [None] * len(repeats)
    shape = (1,) * (len(repeats) - x.ndim) + tuple(x.shape)
    separate = call.between([n for size in shape for n in (1, size)])
    spread = call.between([n for r, size in zip(repeats, shape, strict=True) for n in (r, size)])
    call.add(Kind.RESHAPE, [call.number(x)], [separate])
    call.add(Kind.EXPAND, [separate], [spread], origins=tuple(o for origin in origins for o in (origin, None)))
    call.add(Kind.RESHAPE, [spread], call.results())


def create(call: Call) -> None:
    """A new tensor of a size that the code passed."""
    asked, ordered = call.asked, call.name in ("arange", "linspace", "eye")
    at = 1 if asked.name.startswith("new_") else 0
    sizes = asked.sizes(at, "size", "end", "n")
    if ordered:
        found = [size for size in [*asked.args, *asked.kwargs.values()] if isinstance(size, Size)]
        sizes = found[:1] * call.out.ndim
    origins: list[Origin | None] = [origin_of(size) for size in sizes if isinstance(size, int)]
    if len(origins) != call.out.ndim or asked.name.removeprefix("new_") not in _CREATORS:
        origins = _of_base(call)  # torch makes it for itself
    call.add(Kind.CREATE, [], call.results(), origins=tuple(origins), ordered=ordered)


_CREATORS = ("zeros", "ones", "empty", "full", "rand", "randn", "arange", "linspace", "eye", "empty_strided")


def _of_base(call: Call) -> list[Origin | None]:
    """Sizes of a tensor that another one asked for: where they are the same they are taken from that one."""
    base = call.get("self")
    if not isinstance(base, torch.Tensor) or base.ndim != call.out.ndim:
        return [None] * call.out.ndim
    number, shape = call.number(base), call.out.shape
    return [Extent(n, number, axis) if n == shape[axis] else None for axis, n in enumerate(base.shape)]


def index(call: Call) -> None:
    """Positions looked up along some axes by tensors."""
    x, indices = call["self"], call["indices"]
    call.add(Kind.INDEX, [call.number(x)], call.results(), moved=_moved(x.ndim, indices))


def _moved(ndim: int, indices: list[Any]) -> dict[int, int]:
    """Where the axes go along which nothing is looked up."""
    looked, axis, shape = list[int](), 0, list[tuple[int, ...]]()
    for entry in indices:
        if entry is not None:
            width = entry.ndim if entry.dtype in (torch.bool, torch.uint8) else 1
            looked += range(axis, axis + width)
            shape.append((1,) if width > 1 or entry.dtype is torch.bool else tuple(entry.shape))
            axis += width
        else:
            axis += 1
    rest = [k for k in range(ndim) if k not in looked]
    new = len(torch.broadcast_shapes(*shape))
    together = looked == list(range(looked[0], looked[-1] + 1))
    before = sum(k < looked[0] for k in rest) if together else 0
    return {k: n if n < before else n + new for n, k in enumerate(rest)}


def write_at(call: Call) -> None:
    """Values take the places that tensors say; which places does not matter where nothing else is labelled."""
    x, values = call["self"], call["values"]
    shape = x[tuple(slice(None) if i is None else i for i in call["indices"])].shape
    picked, joined = call.between(shape), call.between(torch.broadcast_shapes(shape, values.shape))
    call.add(Kind.INDEX, [call.number(x)], [picked], moved=_moved(x.ndim, call["indices"]))
    call.add(Kind.ELEMENTWISE, [picked, call.number(values)], [joined])
    call.add(Kind.ELEMENTWISE, [call.number(x)], call.results())


def look_up(call: Call) -> None:
    """Positions of one axis by a list of places, or by one place for each element (gather)."""
    axis, ndim = axis_of(call["dim"], call["self"].ndim), call["self"].ndim
    call.simple(Kind.INDEX, "self", moved={k: k for k in range(ndim) if k != axis})


def embedding(call: Call) -> None:
    """A row of a table for each index: the table's columns are the channels."""
    call.simple(Kind.INDEX, "weight", moved={1: call.out.ndim - 1})


def pixel_shuffle(call: Call) -> None:
    """Channels become places: C r r x H x W to C x Hr x Wr."""
    x, factor = call["self"], call["upscale_factor"]
    (*batch, channels, height, width), square, n = x.shape, factor * factor, x.ndim - 3
    divided = call.between((*batch, channels // square, factor, factor, height, width))
    moved = call.between((*batch, channels // square, height, factor, width, factor))
    origins = (*[None] * (n + 1), Literal(factor), Literal(factor), None, None)
    call.add(Kind.RESHAPE, [call.number(x)], [divided], origins=origins)
    call.add(Kind.PERMUTE, [divided], [moved], order=[*range(n + 1), n + 3, n + 1, n + 4, n + 2])
    call.add(Kind.RESHAPE, [moved], call.results())


def pixel_unshuffle(call: Call) -> None:
    """Places become channels: C x Hr x Wr to C r r x H x W."""
    x, factor, n = call["self"], call["downscale_factor"], call["self"].ndim - 3
    *batch, channels, height, width = x.shape
    divided = call.between((*batch, channels, height // factor, factor, width // factor, factor))
    moved = call.between((*batch, channels, factor, factor, height // factor, width // factor))
    call.add(Kind.RESHAPE, [call.number(x)], [divided])
    call.add(Kind.PERMUTE, [divided], [moved], order=[*range(n + 1), n + 2, n + 4, n + 1, n + 3])
    call.add(Kind.RESHAPE, [moved], call.results())


def channel_shuffle(call: Call) -> None:
    """Channels of all groups in turn."""
    x, groups = call["self"], call["groups"]
    batch, channels, *rest = x.shape
    divided = call.between((batch, groups, channels // groups, *rest))
    moved = call.between((batch, channels // groups, groups, *rest))
    call.add(Kind.RESHAPE, [call.number(x)], [divided], origins=(None, Literal(groups), *[None] * (1 + len(rest))))
    call.add(Kind.PERMUTE, [divided], [moved], order=[0, 2, 1, *range(3, 3 + len(rest))])
    call.add(Kind.RESHAPE, [moved], call.results())


def columns(call: Call) -> None:
    """im2col: each channel's windows side by side."""
    x = call["self"] if call["self"].ndim == 4 else call["self"][None]
    batch, channels, height, width = x.shape
    rows, places = call.out.shape[-2:]
    flat, taken = (
        call.between((batch, channels, 1, height * width)),
        call.between((batch, channels, rows // channels, places)),
    )
    call.add(Kind.RESHAPE, [call.number(call["self"])], [flat])
    call.add(Kind.POOL, [flat], [taken], axes=[2, 3])
    call.add(Kind.RESHAPE, [taken], call.results())


def from_columns(call: Call) -> None:
    """col2im: windows of each channel added up in their places."""
    *lead, rows, places = call["self"].shape
    channels, height, width = call.out.shape[-3:]
    batch = lead[0] if lead else 1
    divided = call.between((batch, channels, rows // channels, places))
    laid = call.between((batch, channels, 1, height * width))
    origins = (None, None, Literal(rows // channels), None)
    call.add(Kind.RESHAPE, [call.number(call["self"])], [divided], origins=origins)
    call.add(Kind.POOL, [divided], [laid], axes=[2, 3])
    call.add(Kind.RESHAPE, [laid], call.results())


def windows(call: Call) -> None:
    """Tensor.unfold: windows of one axis along a new last one."""
    call.simple(Kind.POOL, "self", axes=[axis_of(call["dimension"], call["self"].ndim)])
