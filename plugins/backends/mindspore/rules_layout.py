"""MindSpore's operators that move positions: what each does to channels, in the neutral kinds of ``core.graph``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mindspore import Tensor

from prunekit.core.graph.operators import Kind
from prunekit.core.graph.sizes import Combined, origin_of
from prunekit.core.recording import axes_of, axis_of, origins_of
from prunekit.core.recording.api_call import origins_of_slice
from prunekit.core.recording.decompositions import flipped, pixel_shuffled, repeated, stacked
from prunekit.plugins.backends.mindspore.call import Call


def reshape(call: Call) -> None:
    """The same numbers in another shape."""
    call.unary(Kind.RESHAPE, **call.origins())


def expand(call: Call) -> None:
    """Axes of size 1 made longer."""
    call.unary(Kind.EXPAND, **call.origins())


def permute(call: Call) -> None:
    """Axes in another order."""
    ndim = call.x.ndim
    if "dim0" in call:
        order = list(range(ndim))
        a, b = axis_of(call["dim0"], ndim), axis_of(call["dim1"], ndim)
        order[a], order[b] = order[b], order[a]
    else:
        order = axes_of(call.any("dims", "input_perm", "x1"), ndim)
    call.unary(Kind.PERMUTE, order=order)


def concat(call: Call) -> None:
    """Tensors one behind the other along an axis."""
    tensors = list(call.x)
    call.add(Kind.CONCAT, [call.number(t) for t in tensors], call.first(), axis=axis_of(call["axis"], tensors[0].ndim))


def stack(call: Call) -> None:
    """Tensors one behind the other along a new axis."""
    stacked(call, call.x, axis_of(call.any("axis", "dim", default=0), call.x[0].ndim + 1))


def split(call: Call) -> None:
    """Parts along an axis."""
    axis = axis_of(call.any("axis", "dim", default=0), call.x.ndim)
    attributes: dict[str, Any] = {}
    passed = _sections(call)
    if passed is not None:
        attributes["origins"] = tuple(origins_of([passed] if isinstance(passed, int) else list(passed)))
    sizes = [part.shape[axis] for part in call.out]
    call.add(Kind.SPLIT, [call.number(call.x)], call.results(), axis=axis, sizes=sizes, drop=False, **attributes)


def _sections(call: Call) -> Any:
    """What the code passed to ``split``: one size for all parts or a size for each; None where it called another."""
    if call.api_call.name != "split":
        return None
    passed = call.api_call.argument(1, "split_size_or_sections")
    return call.api_call.kwargs.get("split_size") if passed is None else passed


def unstack(call: Call) -> None:
    """Every position of an axis by itself."""
    axis = axis_of(call.any("axis", "dim", default=0), call.x.ndim)
    call.add(Kind.SPLIT, [call.number(call.x)], call.results(), axis=axis, sizes=[1] * len(call.out), drop=True)


def select(call: Call) -> None:
    """One position of an axis, which disappears."""
    axis = axis_of(call["dim"], call.x.ndim)
    place = axis_of(call["index"], call.x.shape[axis])
    call.unary(Kind.SLICE, axis=axis, start=place, stop=place + 1, step=1, drop=True)


def narrow(call: Call) -> None:
    """A part of one axis, by start and length or by start and end."""
    axis, start = axis_of(call["dim"], call.x.ndim), int(call["start"])
    size, attributes = call.x.shape[axis], dict[str, Any]()
    start, step = axis_of(start, size), int(call.get("step", 1))
    stop = start + step * call.out.shape[axis]
    if call.api_call.name == "narrow":
        first, length = call.api_call.argument(2, "start"), call.api_call.argument(3, "length")
        attributes["start_origin"] = origin_of(first)
        attributes["stop_origin"] = Combined(stop, "+", origin_of(first), origin_of(length))
    call.unary(Kind.SLICE, axis=axis, start=start, stop=min(stop, size), step=step, drop=False, **attributes)


def cut(call: Call) -> None:
    """A part of every axis, by begins and sizes, or by begins, ends and strides without masks."""
    if isinstance(_sections(call), (list, tuple)):
        return _part(call, _sections(call))
    shape = call.x.shape
    begins = [axis_of(int(n), size) for n, size in zip(call["begin"], shape, strict=False)]
    if call.name == "StridedSlice":
        if any(call.get(f"{name}_mask", 0) for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")):
            return call.add(Kind.OPAQUE, call.operands(), call.first(), reason="it slices by masks")
        ends, steps = [int(n) for n in call["end"]], [int(n) for n in call["strides"]]
        ranges = [slice(*part).indices(size) for *part, size in zip(begins, ends, steps, shape, strict=False)]
    else:
        lengths = zip(begins, call["size"], shape, strict=True)
        ranges = [(begin, size if length == -1 else begin + length, 1) for begin, length, size in lengths]
    origins = _origins_of_bounds(call, len(ranges))
    parts = enumerate(zip(ranges, shape, origins, strict=False))
    chain(call, [(axis, bounds, found) for axis, (bounds, size, found) in parts if bounds != (0, size, 1)])


def _origins_of_bounds(call: Call, count: int) -> list[dict[str, Any]]:
    """For each axis the attributes of a SLICE that say where the bounds come from that the code passed."""
    api_call = call.api_call
    begins, ends = (
        api_call.argument(1, "begin"),
        api_call.argument(2, "end" if api_call.name == "strided_slice" else "size"),
    )
    whole = all(isinstance(found, (list, tuple)) and len(found) == count for found in (begins, ends))
    if not whole or api_call.name not in ("slice", "strided_slice"):
        return [{} for _ in range(count)]
    if api_call.name == "strided_slice":
        return [origins_of_slice(slice(start, stop)) for start, stop in zip(begins, ends, strict=True)]
    return [_of_length(start, length) for start, length in zip(begins, ends, strict=True)]


def _of_length(start: int, length: int) -> dict[str, Any]:
    """The same of a start and a length, which is -1 for the rest."""
    first = origin_of(start)
    stop = {} if length == -1 else {"stop_origin": Combined(start + length, "+", first, origin_of(length))}
    return {"start_origin": first, **stop}


def _part(call: Call, passed: Any) -> None:
    """One part of a ``split`` by a size for each, which MindSpore makes of slices: the first of them stands for all."""
    if call.api_call.used == 0:
        axis = call.api_call.argument(2, "axis")
        axis = axis_of(call.api_call.kwargs.get("dim", 0) if axis is None else axis, call.x.ndim)
        sizes, shape = [int(size) for size in passed], call.x.shape
        parts = [call.between((*shape[:axis], size, *shape[axis + 1 :])) for size in sizes]
        origins = tuple(origins_of(list(passed)))
        call.add(Kind.SPLIT, [call.number(call.x)], parts, axis=axis, sizes=sizes, drop=False, origins=origins)
    assert call.last is not None
    call.same(call.last.outputs[call.api_call.used])
    call.api_call.used += 1


Slices = list[tuple[int, tuple[int, int, int], dict[str, Any]]]
"""Axis, bounds and further attributes of each slice."""


def chain(call: Call, slices: Slices, result: int | None = None) -> None:
    """Slices along several axes, one after the other.

    Args:
        call: The operator.
        slices: By axis.
        result: The number of the last slice's result, where more follows; None where that is the operator's.
    """
    if not slices:
        return call.add(Kind.RESHAPE, [call.number(call.x)], call.first())
    x = call.number(call.x)
    for number, (bounds, shape) in enumerate(steps(call.x.shape, slices)):
        last = number == len(slices) - 1
        out = call.between(shape) if not last else result if result is not None else call.first()[0]
        call.add(Kind.SLICE, [x], [out], **bounds)
        x = out


def steps(shape: Sequence[int], slices: Slices) -> Iterator[tuple[dict[str, Any], tuple[int, ...]]]:
    """The attributes of each slice, counted without axes that have disappeared, and the shape that it leaves."""
    left, dropped = list(shape), 0
    for axis, (start, stop, step), attributes in slices:
        bounds = {"axis": axis - dropped, "start": start, "stop": stop, "step": step, "drop": False, **attributes}
        left[axis - dropped] = len(range(start, stop, step))
        if bounds["drop"]:
            del left[axis - dropped]
            dropped += 1
        yield bounds, tuple(left)


def flip(call: Call) -> None:
    """Axes reversed."""
    flipped(call, call.x, axes_of(call.any("axis", "dims"), call.x.ndim))


def pad(call: Call) -> None:
    """New positions at the ends of axes."""
    x = call.x
    pads = call.any("paddings", "padding", "x1")
    flat = [int(n) for n in (pads.asnumpy().ravel() if isinstance(pads, Tensor) else _flat(pads))]
    if call.name in ("Pad", "MirrorPad"):  # from the first axis
        ends = [(flat[k], flat[k + 1]) for k in range(0, len(flat), 2)]
    else:  # from the last
        ends = [(0, 0)] * (x.ndim - len(flat) // 2) + [(flat[k], flat[k + 1]) for k in range(len(flat) - 2, -1, -2)]
    constant = call.name in ("Pad", "ConstantPadND") or str(call.get("mode", "constant")) == "constant"
    call.unary(Kind.PAD, pads=ends, constant=constant)


def _flat(values: Any) -> list[int]:
    return [n for value in values for n in (_flat(value) if isinstance(value, (list, tuple)) else [value])]


def repeat(call: Call) -> None:
    """Copies side by side."""
    times = call.any("dims", "repeats", "multiples")
    passed = call.api_call.sizes(1, "dims", "repeats", "reps") if call.api_call.name in ("tile", "repeat") else []
    repeated(call, call.x, times, origins_of(passed) if passed == list(times) else [None] * len(times))


def look_up(call: Call) -> None:
    """Positions of one axis by a list of places, or by one place for each element."""
    axis, x, out = axis_of(int(call.any("axis", "dim", default=0)), call.x.ndim), call.x, call.out
    new = out.ndim - x.ndim + 1  # axes that the places have
    moved = {k: k if k < axis else k + new - 1 for k in range(x.ndim) if k != axis}
    call.unary(Kind.INDEX, moved=moved)


def embedding(call: Call) -> None:
    """A row of a table for each index: the table's columns are the channels."""
    call.add(Kind.INDEX, [call.number(call["weight"])], call.first(), moved={1: call.out.ndim - 1})


def look_up_nd(call: Call) -> None:
    """Entries whose first places are looked up."""
    width = call["indices"].shape[-1]
    new = call["indices"].ndim - 1
    call.unary(Kind.INDEX, moved={k: k - width + new for k in range(width, call.x.ndim)})


def pixel_shuffle(call: Call) -> None:
    """Channels become places."""
    pixel_shuffled(call, call.x, int(call["upscale_factor"]))


def prelu(call: Call) -> None:
    """A slope for each channel."""
    slope, ndim = call.passed[1], call.x.ndim
    laid = call.between((1, slope.shape[0], *[1] * (ndim - 2)))
    call.add(Kind.RESHAPE, [call.number(slope)], [laid])
    call.add(Kind.ELEMENTWISE, [call.number(call.x), laid], call.first())
