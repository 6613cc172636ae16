"""MindSpore's operators that move positions: what each does to channels, in the neutral kinds of ``core.graph``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from mindspore import Tensor, nn

from prunekit.core.graph.attributes import (
    Concat,
    Elementwise,
    Expand,
    Opaque,
    Pad,
    Permute,
    Reshape,
    Slice,
    Split,
)
from prunekit.core.graph.symbolic_integers import SymInt
from prunekit.core.graph.tracked_sizes import Attribute, Combined, Literal
from prunekit.core.recording import axes_of, axis_of, origin_of, origins_of
from prunekit.core.recording.api_call import with_origins
from prunekit.core.recording.decompositions import flipped, from_the_last, pixel_shuffled, repeated, stacked
from prunekit.plugins.backends.mindspore.call import Call


def reshape(call: Call) -> None:
    """The same numbers in another shape."""
    squeezed = list[int]()
    if call.name == "Squeeze":
        named = call.any("axis", "dim", default=())
        axes = axes_of(list(named) if isinstance(named, tuple) else named, call.x.ndim)
        squeezed = [axis for axis in axes if call.x.shape[axis] > 1]
    call.unary(Reshape(origins=call.origins(), squeezed=tuple(squeezed)))


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
        return chain(call, _strided(call, begins))
    passed, found = _passed(call, "slice", "size"), list[tuple[Slice, int]]()
    for axis, (start, length, size) in enumerate(zip(begins, call["size"], shape, strict=True)):
        stop = size if length == -1 else start + length
        part = Slice(axis=axis, start=start, stop=stop)
        if (start, stop) != (0, size):
            found.append((_of_length(part, *passed[axis]) if passed else part, stop - start))
    return chain(call, found)


def _strided(call: Call, begins: Sequence[int]) -> Slices:
    """Parts of axes by begins, ends and strides, with where bounds that the code passed come from."""
    passed, found = _passed(call, "strided_slice", "end"), list[tuple[Slice, int]]()
    for axis, bounds in enumerate(zip(begins, call["end"], call["strides"], strict=True)):
        start, stop, step = (int(n) for n in bounds)
        known = slice(*passed[axis], step) if passed else None
        found += parts_of(axis, slice(start, stop, step), call.x.shape[axis], known)
    return found


def _passed(call: Call, name: str, second: str) -> list[tuple[int, int]]:
    """The pairs of numbers that the code passed for each axis, to a function of this name; none elsewhere."""
    begins, others = call.api_call.argument(1, "begin"), call.api_call.argument(2, second)
    whole = all(isinstance(found, (list, tuple)) and len(found) == len(call["begin"]) for found in (begins, others))
    return list(zip(begins, others, strict=True)) if whole and call.api_call.name == name else []


def parts_of(axis: int, taken: slice, size: int, passed: slice | None = None) -> Slices:
    """The slices that one is: none where it takes the whole axis; one from the end is one forward, then reversed.

    Args:
        axis: The axis.
        taken: Its positions.
        size: Its size.
        passed: The same, with where its bounds come from; None where ``taken`` has that.
    """
    bounds = taken.indices(size)
    places, known = range(*bounds), taken if passed is None else passed
    if places.step > 0:
        part = Slice(axis=axis, start=bounds[0], stop=bounds[1], step=places.step)
        return [] if bounds == (0, size, 1) else [(with_origins(part, known), len(places))]
    if not places:
        return [(Slice(axis=axis, start=0, stop=0), 0)]
    first = None if known.stop is None else _behind(known.stop)
    last = None if known.start in (None, -1) else _behind(known.start)
    part = Slice(axis=axis, start=places[-1], stop=places[0] + 1, step=-places.step)
    turned = Slice(axis=axis, start=None, stop=None, step=-1)
    whole = (part.start, part.stop, part.step) == (0, size, 1)
    forward = [] if whole else [(with_origins(part, slice(first, last)), len(places))]
    return [*forward, (turned, len(places))]


def _behind(place: int) -> int:
    """The next place; of the last one of so many, that number."""
    origin = origin_of(place)
    if (
        isinstance(place, SymInt)
        and isinstance(origin, Combined)
        and (origin.operator, origin.right) == ("-", Literal(1))
    ):
        return SymInt(place + 1, origin.left, place.uses)
    return place + 1


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
    x, pads = call.x, call.any("paddings", "padding", "x1")
    flat = [int(n) for n in (pads.asnumpy().ravel() if isinstance(pads, Tensor) else _flat(pads))]
    constant = call.name in ("Pad", "ConstantPadND") or str(call.get("mode", "constant")) == "constant"
    if call.name in ("Pad", "MirrorPad"):  # from the first axis
        pairs = tuple((flat[k], flat[k + 1]) for k in range(0, len(flat), 2))
        held = _held_pads(call, pairs) if isinstance(call.cell, nn.Pad) else ()
        return call.unary(Pad(pads=pairs, constant=constant, origins=held))
    passed = call.api_call.argument(1, "padding") if call.api_call.name == "pad" else None
    passed = list(passed) if isinstance(passed, (tuple, list)) else []
    known = origins_of(passed) if passed == flat else (None,) * len(flat)
    origins = from_the_last(known, x.ndim, None)
    return call.unary(Pad(pads=from_the_last(flat, x.ndim, 0), constant=constant, origins=origins))


def _held_pads(call: Call, pairs: Sequence[tuple[int, int]]) -> tuple[tuple[Attribute, Attribute], ...]:
    """Where the numbers come from that a cell for padding was made with: they are in its primitive."""
    found = list[tuple[Attribute, Attribute]]()
    for axis, (before, after) in enumerate(pairs):
        first, second = (("paddings", axis, end) for end in (0, 1))
        found.append((Attribute(before, call.module, first), Attribute(after, call.module, second)))
    return tuple(found)


def _flat(values: Any) -> list[int]:
    return [n for value in values for n in (_flat(value) if isinstance(value, (list, tuple)) else [value])]


def repeat(call: Call) -> None:
    """Copies side by side."""
    times = call.any("dims", "repeats", "multiples")
    passed = call.api_call.sizes(1, "dims", "repeats", "reps") if call.api_call.name in ("tile", "repeat") else []
    repeated(call, call.x, times, origins_of(passed) if passed == list(times) else (None,) * len(times))


def pixel_shuffle(call: Call) -> None:
    """Channels become places."""
    pixel_shuffled(call, call.x, int(call["upscale_factor"]))


def prelu(call: Call) -> None:
    """A slope for each channel."""
    slope, ndim = call.passed[1], call.x.ndim
    laid = call.between((1, slope.shape[0], *[1] * (ndim - 2)))
    call.add(Reshape(), [call.number(slope)], [laid])
    call.add(Elementwise(), [call.number(call.x), laid], call.first())
