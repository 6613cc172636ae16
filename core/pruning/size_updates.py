"""Positions, sizes that modules hold and values that depend on a size, as a plan changes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.size_dependent_scales import scale_of
from prunekit.core.graph.structure import ChannelStructure, staying
from prunekit.core.graph.tracked_sizes import Path

Keep = NDArray[np.bool_]


Positions = dict[int, NDArray[np.int64]]
"""For each axis that loses something the positions that stay."""

Factors = dict[int, NDArray[np.float64]]
"""For each axis along which values change what to multiply each position by."""


def kept_positions(graph: ChannelStructure, keep: Keep) -> dict[str, Positions]:
    """What stays of every parameter and buffer that loses something."""
    found: dict[str, Positions] = {}
    for (parameter, axis), positions in graph.kept(keep).items():
        found.setdefault(parameter, {})[axis] = positions
    return found


def part(array: NDArray[Any], factors: Mapping[int, NDArray[Any]], kept: Mapping[int, NDArray[Any]]) -> NDArray[Any]:
    """An array multiplied along some axes, then what stays of it along others."""
    for axis, vector in factors.items():
        array = array * vector.astype(array.dtype).reshape([-1 if k == axis else 1 for k in range(array.ndim)])
    for axis, indices in kept.items():
        array = array.take(indices, axis)
    return array


def sizes(graph: ChannelStructure, keep: Keep) -> dict[tuple[str, Path], int]:
    """For each (module, path of an attribute) whose size changes, its new value."""
    found = {}
    for held in graph.held_sizes:
        stays = staying(held.units, keep)
        if not stays.all():
            found[held.module, held.path] = int(stays.sum())
    return found


def factors(graph: ChannelStructure, keep: Keep) -> dict[str, Factors]:
    """For each parameter and axis, what to multiply each of its positions by."""
    shapes = graph.operators.parameter_shapes
    found: dict[str, Factors] = {}
    for rescale in graph.rescales:
        share = scale_of(rescale.origin, int(staying(rescale.units, keep).sum()))
        if share not in (1, None) and rescale.parameter in shapes:
            size = shapes[rescale.parameter][rescale.axis]
            vector = found.setdefault(rescale.parameter, {}).setdefault(rescale.axis, np.ones(size))
            vector[rescale.rows] *= share**rescale.power
    return found
