"""Decompositions of composite operators, shared by all front ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from prunekit.core.graph.attributes import (
    Concat,
    Elementwise,
    Expand,
    Origins,
    Permute,
    Pool,
    Reduce,
    Reshape,
    Slice,
    Split,
)
from prunekit.core.graph.tracked_sizes import Literal, SizeOrigin
from prunekit.core.recording.call import Call

T = TypeVar("T")


def stacked(call: Call, tensors: Sequence[Any], axis: int) -> None:
    """Tensors one behind the other along a new axis."""
    parts = []
    for tensor in tensors:
        parts.append(call.between((*tensor.shape[:axis], 1, *tensor.shape[axis:])))
        call.add(Reshape(), [call.number(tensor)], [parts[-1]])
    call.add(Concat(axis=axis), parts, call.results())


def flipped(call: Call, x: Any, axes: Sequence[int]) -> None:
    """Axes reversed, one after the other."""
    number = call.number(x)
    for axis in axes:
        turned = call.between(x.shape) if axis != axes[-1] else call.results()[0]
        call.add(Slice(axis=axis, start=None, stop=None, step=-1), [number], [turned])
        number = turned


def repeated(call: Call, x: Any, times: Sequence[int], origins: Origins) -> None:
    """Copies side by side: an axis of its own for the copies, folded in again.

    Args:
        call: The operator.
        x: What is repeated.
        times: How often along each axis; axes that ``x`` lacks come first.
        origins: Where those numbers come from.
    """
    shape = (1,) * (len(times) - x.ndim) + tuple(x.shape)
    separate = call.between([n for size in shape for n in (1, size)])
    spread = call.between([n for r, size in zip(times, shape, strict=True) for n in (r, size)])
    call.add(Reshape(), [call.number(x)], [separate])
    call.add(Expand(origins=tuple(o for origin in origins for o in (origin, None))), [separate], [spread])
    call.add(Reshape(), [spread], call.results())


def from_the_last(ends: Sequence[T], ndim: int, none: T) -> tuple[tuple[T, T], ...]:
    """What is said of the two ends of axes, from the last axis on and one end behind the other, by axis."""
    pairs = [(ends[k], ends[k + 1]) for k in range(0, len(ends), 2)]
    return (*[(none, none)] * (ndim - len(pairs)), *reversed(pairs))


def multiplied(call: Call, number: int, shape: Sequence[int], power: tuple[SizeOrigin, float] | None) -> int:
    """A tensor multiplied by a power of a size, by its number; itself where the factor is none."""
    if power is None:
        return number
    product = call.between(shape)
    call.add(Elementwise(does="product", scaled=power), [number], [product])
    return product


def gated(call: Call, x: Any, axis: int) -> None:
    """One half of an axis gates the other."""
    shape = call.out.shape
    halves = [call.between(shape), call.between(shape)]
    call.add(Split(axis=axis, sizes=(shape[axis],) * 2), [call.number(x)], halves)
    call.add(Elementwise(), halves, call.results())


def pixel_shuffled(call: Call, x: Any, factor: int) -> None:
    """Channels become places: C r r x H x W to C x Hr x Wr."""
    (*batch, channels, height, width), square, n = x.shape, factor * factor, x.ndim - 3
    divided = call.between((*batch, channels // square, factor, factor, height, width))
    moved = call.between((*batch, channels // square, height, factor, width, factor))
    origins = (*[None] * (n + 1), Literal(factor), Literal(factor), None, None)
    call.add(Reshape(origins=origins), [call.number(x)], [divided])
    call.add(Permute(order=(*range(n + 1), n + 3, n + 1, n + 4, n + 2)), [divided], [moved])
    call.add(Reshape(), [moved], call.results())


def columns(call: Call, x: Any) -> None:
    """im2col: each channel's windows side by side."""
    batch, channels, height, width = x.shape if x.ndim == 4 else (1, *x.shape)
    rows, places = call.out.shape[-2:]
    flat = call.between((batch, channels, 1, height * width))
    taken = call.between((batch, channels, rows // channels, places))
    call.add(Reshape(), [call.number(x)], [flat])
    call.add(Pool(axes=(2, 3)), [flat], [taken])
    call.add(Reshape(), [taken], call.results())


def from_columns(call: Call, x: Any) -> None:
    """col2im: windows of each channel added up in their places."""
    *lead, rows, places = x.shape
    channels, height, width = call.out.shape[-3:]
    batch = lead[0] if lead else 1
    divided = call.between((batch, channels, rows // channels, places))
    laid = call.between((batch, channels, 1, height * width))
    origins = (None, None, Literal(rows // channels), None)
    call.add(Reshape(origins=origins), [call.number(x)], [divided])
    call.add(Pool(axes=(2, 3)), [divided], [laid])
    call.add(Reshape(), [laid], call.results())


def places_after_lookup(stays: Sequence[bool], new: int) -> dict[int, int]:
    """Where the axes go along which nothing is looked up, as NumPy and its heirs index.

    Args:
        stays: For each axis whether nothing is looked up along it.
        new: How many axes the places have that are looked up.
    """
    looked = [k for k, kept in enumerate(stays) if not kept]
    rest = [k for k, kept in enumerate(stays) if kept]
    together = looked == list(range(looked[0], looked[-1] + 1))
    before = sum(k < looked[0] for k in rest) if together else 0
    return {k: n if n < before else n + new for n, k in enumerate(rest)}


def written_along(call: Call, x: Any, axis: int, values: Sequence[Any], results: Callable[[], list[int]]) -> None:
    """Values are put in places of one axis, or added there; along the others they lie where they go.

    Args:
        call: The operator.
        x: What they are put into.
        axis: The axis.
        values: Tensors of as many axes: those values, and what says where each goes.
        results: Gives numbers to what the operator returned.
    """
    others = [k for k in range(x.ndim) if k != axis and all(value.shape[k] == x.shape[k] for value in values)]
    joined = [_within(call, tensor, others) for tensor in (x, *values)]
    call.add(Elementwise(), [call.number(x), *joined], results())


def _within(call: Call, x: Any, axes: Sequence[int]) -> int:
    """A tensor as it lies along some axes; along the others, places that the operator tells by number."""
    left = call.between([n if k in axes else 1 for k, n in enumerate(x.shape)])
    others = tuple(k for k in range(x.ndim) if k not in axes)
    call.add(Reduce(axes=others, keepdim=True, over="values"), [call.number(x)], [left])
    return left
