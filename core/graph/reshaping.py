"""How label arrays follow operators that only move positions: reshape, slice, concat, pad, permute."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prunekit.core.graph.labels import IntArray, LabelArrays, axes_of, drop_constant_axes

Segment = tuple[range, range]


def segments(before: Sequence[int], after: Sequence[int]) -> list[Segment]:
    """The smallest runs of axes that a reshape maps onto each other, as (axes before, axes after)."""
    found: list[Segment] = []
    i = j = 0
    while i < len(before) or j < len(after):
        start, left, right = (i, j), 1, 1
        while True:
            more_before, more_after = i < len(before), j < len(after)
            if more_before and (i == start[0] or left < right):
                left, i = left * before[i], i + 1
            elif more_after and (j == start[1] or right < left):
                right, j = right * after[j], j + 1
            else:
                break
        found.append((range(start[0], i), range(start[1], j)))
    return found


def reshape(array: IntArray, before: Sequence[int], after: Sequence[int]) -> IntArray:
    """The label array of a reshaped tensor; spread only over the axes that are mixed with labelled ones."""
    wanted, full = [1] * len(before), [1] * len(after)
    for old, new in segments(before, after):
        if any(array.shape[axis] > 1 for axis in old):
            for axis in old:
                wanted[axis] = before[axis]
            for axis in new:
                full[axis] = after[axis]
    spread = np.broadcast_to(array, np.broadcast_shapes(array.shape, tuple(wanted)))
    return drop_constant_axes(spread.reshape(full))


def tangled(arrays: LabelArrays, before: Sequence[int], after: Sequence[int]) -> list[IntArray]:
    """The label arrays that a reshape would fold together with another, independent one."""
    found: list[IntArray] = []
    for old, _ in segments(before, after):
        here = [array for array in arrays if any(array.shape[axis] > 1 for axis in old)]
        if len(here) > 1:
            found += here
    return found


def take(array: IntArray, axis: int, index: slice | IntArray, drop: bool) -> IntArray:
    """Part of a tensor along one axis."""
    if array.shape[axis] > 1:
        array = array[(slice(None),) * axis + (index,)]
    return np.squeeze(array, axis) if drop else array


def concatenate(parts: Sequence[IntArray], sizes: Sequence[int], axis: int) -> IntArray:
    """Join label arrays along ``axis``, where part k has ``sizes[k]`` positions."""
    others = np.broadcast_shapes(*((*part.shape[:axis], 1, *part.shape[axis + 1 :]) for part in parts))
    full = [(*others[:axis], size, *others[axis + 1 :]) for size in sizes]
    return np.concatenate([np.broadcast_to(part, shape) for part, shape in zip(parts, full, strict=True)], axis)


def covering(arrays: LabelArrays, axis: int) -> IntArray | None:
    """The label array that tells positions along ``axis`` apart, if any."""
    return next((array for array in arrays if axis in axes_of(array)), None)
