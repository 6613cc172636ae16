"""MindSpore's operators that move positions: what each does to channels, in the neutral kinds of ``core.graph``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from mindspore import Tensor

from prunekit.core.graph.attributes import (
    Concat,
    Elementwise,
    Expand,
    Index,
    Opaque,
    Pad,
    Permute,
    Reshape,
    Slice,
    Split,
)
from prunekit.core.graph.tracked_sizes import Combined
from prunekit.core.recording import axes_of, axis_of, origin_of, origins_of
from prunekit.core.recording.api_call import with_origins
from prunekit.core.recording.decompositions import flipped, pixel_shuffled, repeated, stacked
from prunekit.plugins.backends.mindspore.call import Call


def reshape(call: Call) -> None:
    """The same numbers in another shape."""
    call.unary(Reshape(origins=call.origins()))


def expand(call: Call) -> None:
    """Axes of size 1 made longer."""
    call.unary(Expand(origins=call.origins()))


def permute(call: Call) -> None:
    """Axes in another order."""
    ndim = call.x.ndim
    if "dim0" in call:
        a, b = axis_of(call["dim0"], ndim), axis_of(call["dim1"], ndim)
        order = tuple({a: b, b: a}.get(k, k) for k in range(ndim))
    else:
        order = axes_of(call.any("dims", "input_perm", "x1"), ndim)
    call.unary(Permute(order=order))


def concat(call: Call) -> None:
    """Tensors one behind the other along an axis."""
    tensors = list(call.x)
    axis = axis_of(call["axis"], tensors[0].ndim)
    call.add(Concat(axis=axis), [call.number(t) for t in tensors], call.first())


def stack(call: Call) -> None:
    """Tensors one behind the other along a new axis."""
    stacked(call, call.x, axis_of(call.any("axis", "dim", default=0), call.x[0].ndim + 1))


def split(call: Call) -> None:
    """Parts along an axis."""
    axis = axis_of(call.any("axis", "dim", default=0), call.x.ndim)
    passed = _sections(call)
    origins = () if passed is None else origins_of([passed] if isinstance(passed, int) else list(passed))
    sizes = tuple(part.shape[axis] for part in call.out)
    call.add(Split(axis=axis, sizes=sizes, origins=origins), [call.number(call.x)], call.results())


def _sections(call: Call) -> Any:
    """What the code passed to ``split``: one size for all parts or a size for each; None where it called another."""
    if call.api_call.name != "split":
        return None
    passed = call.api_call.argument(1, "split_size_or_sections")
    return call.api_call.kwargs.get("split_size") if passed is None else passed


def unstack(call: Call) -> None:
    """Every position of an axis by itself."""
    axis = axis_of(call.any("axis", "dim", default=0), call.x.ndim)
    call.add(Split(axis=axis, sizes=(1,) * len(call.out), drop=True), [call.number(call.x)], call.results())


def select(call: Call) -> None:
    """One position of an axis, which disappears."""
    axis = axis_of(call["dim"], call.x.ndim)
    place = axis_of(call["index"], call.x.shape[axis])
    call.unary(Slice(axis=axis, start=place, stop=place + 1, drop=True))


def narrow(call: Call) -> None:
    """A part of one axis, by start and length or by start and end."""
    axis, start = axis_of(call["dim"], call.x.ndim), int(call["start"])
    size = call.x.shape[axis]
    start, step = axis_of(start, size), int(call.get("step", 1))
    stop = start + step * call.out.shape[axis]
    part = Slice(axis=axis, start=start, stop=min(stop, size), step=step)
    if call.api_call.name == "narrow":
        first, length = (origin_of(call.api_call.argument(k, name)) for k, name in ((2, "start"), (3, "length")))
        part = replace(part, start_origin=first, stop_origin=Combined(stop, "+", first, length))
    call.unary(part)


def cut(call: Call) -> None:
    """A part of every axis, by begins and sizes, or by begins, ends and strides without masks."""
    if isinstance(_sections(call), (list, tuple)):
        return _part(call, _sections(call))
    shape = call.x.shape
    begins = [axis_of(int(n), size) for n, size in zip(call["begin"], shape, strict=False)]
    if call.name == "StridedSlice":
        if any(call.get(f"{name}_mask", 0) for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")):
            return call.add(Opaque(reason="it slices by masks"), call.operands(), call.first())
        ends, steps = [int(n) for n in call["end"]], [int(n) for n in call["strides"]]
        ranges = [slice(*part).indices(size) for *part, size in zip(begins, ends, steps, shape, strict=False)]
    else:
        lengths = zip(begins, call["size"], shape, strict=True)
        ranges = [(begin, size if length == -1 else begin + length, 1) for begin, length, size in lengths]
    parts = _parts(call, ranges)
    found = zip(parts, ranges, shape, strict=False)
    chain(call, [(part, len(range(*bounds))) for part, bounds, size in found if bounds != (0, size, 1)])


def _parts(call: Call, ranges: Sequence[tuple[int, int, int]]) -> list[Slice]:
    """For each axis a part, with where bounds that the code passed come from."""
    parts = [Slice(axis=axis, start=start, stop=stop, step=step) for axis, (start, stop, step) in enumerate(ranges)]
    api_call = call.api_call
    begins, ends = (
        api_call.argument(1, "begin"),
        api_call.argument(2, "end" if api_call.name == "strided_slice" else "size"),
    )
    whole = all(isinstance(found, (list, tuple)) and len(found) == len(parts) for found in (begins, ends))
    if not whole or api_call.name not in ("slice", "strided_slice"):
        return parts
    passed = zip(parts, begins, ends, strict=True)
    if api_call.name == "strided_slice":
        return [with_origins(part, slice(start, stop)) for part, start, stop in passed]
    return [_of_length(part, start, length) for part, start, length in passed]


def _of_length(part: Slice, start: int, length: int) -> Slice:
    """The same of a start and a length, which is -1 for the rest."""
    first = origin_of(start)
    stop = None if length == -1 else Combined(start + length, "+", first, origin_of(length))
    return replace(part, start_origin=first, stop_origin=stop)


def _part(call: Call, passed: Any) -> None:
    """One part of a ``split`` by a size for each, which MindSpore makes of slices: the first of them stands for all."""
    if call.api_call.used == 0:
        axis = call.api_call.argument(2, "axis")
        axis = axis_of(call.api_call.kwargs.get("dim", 0) if axis is None else axis, call.x.ndim)
        sizes, shape = tuple(int(size) for size in passed), call.x.shape
        parts = [call.between((*shape[:axis], size, *shape[axis + 1 :])) for size in sizes]
        call.add(Split(axis=axis, sizes=sizes, origins=origins_of(passed)), [call.number(call.x)], parts)
    assert call.last is not None
    call.same(call.last.outputs[call.api_call.used])
    call.api_call.used += 1


Slices = list[tuple[Slice, int]]
"""Each slice, and how many positions of its axis it takes."""


def chain(call: Call, slices: Slices, result: int | None = None) -> None:
    """Slices along several axes, one after the other.

    Args:
        call: The operator.
        slices: By axis.
        result: The number of the last slice's result, where more follows; None where that is the operator's.
    """
    if not slices:
        return call.add(Reshape(), [call.number(call.x)], call.first())
    x = call.number(call.x)
    for number, (part, shape) in enumerate(steps(call.x.shape, slices)):
        last = number == len(slices) - 1
        out = call.between(shape) if not last else result if result is not None else call.first()[0]
        call.add(part, [x], [out])
        x = out


def steps(shape: Sequence[int], slices: Slices) -> Iterator[tuple[Slice, tuple[int, ...]]]:
    """Each slice, its axis counted without those that have disappeared, and the shape that it leaves."""
    left, dropped = list(shape), 0
    for part, size in slices:
        axis = part.axis - dropped
        left[axis] = size
        if part.drop:
            del left[axis]
            dropped += 1
        yield replace(part, axis=axis), tuple(left)


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
    call.unary(Pad(pads=tuple(ends), constant=constant))


def _flat(values: Any) -> list[int]:
    return [n for value in values for n in (_flat(value) if isinstance(value, (list, tuple)) else [value])]


def repeat(call: Call) -> None:
    """Copies side by side."""
    times = call.any("dims", "repeats", "multiples")
    passed = call.api_call.sizes(1, "dims", "repeats", "reps") if call.api_call.name in ("tile", "repeat") else []
    repeated(call, call.x, times, origins_of(passed) if passed == list(times) else (None,) * len(times))


def look_up(call: Call) -> None:
    """Positions of one axis by a list of places, or by one place for each element."""
    axis, x, out = axis_of(int(call.any("axis", "dim", default=0)), call.x.ndim), call.x, call.out
    new = out.ndim - x.ndim + 1  # axes that the places have
    moved = {k: k if k < axis else k + new - 1 for k in range(x.ndim) if k != axis}
    call.unary(Index(moved=moved))


def embedding(call: Call) -> None:
    """A row of a table for each index: the table's columns are the channels."""
    call.add(Index(moved={1: call.out.ndim - 1}), [call.number(call["weight"])], call.first())


def look_up_nd(call: Call) -> None:
    """Entries whose first places are looked up."""
    width = call["indices"].shape[-1]
    new = call["indices"].ndim - 1
    call.unary(Index(moved={k: k - width + new for k in range(width, call.x.ndim)}))


def pixel_shuffle(call: Call) -> None:
    """Channels become places."""
    pixel_shuffled(call, call.x, int(call["upscale_factor"]))


def prelu(call: Call) -> None:
    """A slope for each channel."""
    slope, ndim = call.passed[1], call.x.ndim
    laid = call.between((1, slope.shape[0], *[1] * (ndim - 2)))
    call.add(Reshape(), [call.number(slope)], [laid])
    call.add(Elementwise(), [call.number(call.x), laid], call.first())
