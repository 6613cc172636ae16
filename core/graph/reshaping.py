"""How the labels of a tensor's axes follow a reshape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from prunekit.core.graph.labels import Axes, IntArray

Segment = tuple[range, range]


def segments(before: Sequence[int], after: Sequence[int]) -> list[Segment]:
    """The smallest runs of axes that a reshape maps onto each other, as (axes before, axes after)."""
    if 0 in before:
        return _segments_of_nothing(before, after)
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


def _segments_of_nothing(before: Sequence[int], after: Sequence[int]) -> list[Segment]:
    """The same where products tell nothing: what agrees at both ends stays where it is, the rest goes together."""
    most = min(len(before), len(after))
    start = next((k for k in range(most) if before[k] != after[k]), most)
    end = next((k for k in range(most - start) if before[-1 - k] != after[-1 - k]), most - start)
    stops = len(before) - end, len(after) - end
    first = [(range(k, k + 1), range(k, k + 1)) for k in range(start)]
    rest = [(range(start, stops[0]), range(start, stops[1]))]
    if 0 not in before[start : stops[0]]:
        inside = segments(before[start : stops[0]], after[start : stops[1]])
        rest = [(_moved(old, start), _moved(new, start)) for old, new in inside]
    last = [(range(stops[0] + k, stops[0] + k + 1), range(stops[1] + k, stops[1] + k + 1)) for k in range(end)]
    return [*first, *rest, *last]


def _moved(run: range, by: int) -> range:
    return range(run.start + by, run.stop + by)


@dataclass(frozen=True)
class Split:
    """Labels that a reshape spreads over several axes: ``table`` has one axis for each of ``axes``."""

    axes: tuple[int, ...]
    table: IntArray


def reshape(axes: Axes, before: Sequence[int], after: Sequence[int]) -> tuple[Axes, list[Split], list[IntArray]]:
    """Follow labels through a reshape.

    Returns:
        Labels that still belong to one axis; those that are spread over several; those of axes that were folded
        into one with another labelled axis.
    """
    whole: Axes = {}
    spread: list[Split] = []
    lost: list[IntArray] = []
    for old, new in segments(before, after):
        labelled = [axis for axis in old if axis in axes and axes[axis].size]
        fits = prod(before[k] for k in old) == prod(after[k] for k in new) > 0  # else there is nothing to lay out
        if len(labelled) > 1 or (labelled and not fits):
            lost += [axes[axis] for axis in labelled]
        elif labelled:
            table = _laid_out(axes[labelled[0]], labelled[0], old, before).reshape([after[k] for k in new])
            varying, inner = varying_part(table)
            if len(varying) == 1:
                whole[new[varying[0]]] = inner
            elif varying:
                spread.append(Split(tuple(new[k] for k in varying), inner))
    return whole, spread, lost


def _laid_out(labels: IntArray, axis: int, run: range, shape: Sequence[int]) -> IntArray:
    """The labels at every position of a run of axes, flat."""
    outer = prod(shape[run.start : axis])
    inner = prod(shape[axis + 1 : run.stop])
    return np.tile(np.repeat(labels, inner), outer)


def varying_part(table: IntArray) -> tuple[tuple[int, ...], IntArray]:
    """The axes along which a table's entries change, and the table at the first position of all others."""
    axes = tuple(k for k in range(table.ndim) if (table != table.take([0], k)).any())
    return axes, table[tuple(slice(None) if k in axes else 0 for k in range(table.ndim))]
