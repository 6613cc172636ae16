"""Sizes that modules hold and values that depend on a size, as a plan changes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.structure import ChannelStructure, staying
from prunekit.core.graph.tracked_sizes import Path

Keep = NDArray[np.bool_]


def sizes(graph: ChannelStructure, keep: Keep) -> dict[tuple[str, Path], int]:
    """For each (module, path of an attribute) whose size changes, its new value."""
    found = {}
    for held in graph.held_sizes:
        stays = staying(held.units, keep)
        if not stays.all():
            found[held.module, held.path] = int(stays.sum())
    return found


def factors(graph: ChannelStructure, keep: Keep) -> dict[str, dict[int, NDArray[np.float64]]]:
    """For each parameter and axis, what to multiply each of its positions by."""
    shapes = graph.operators.parameter_shapes
    found: dict[str, dict[int, NDArray[np.float64]]] = {}
    for rescale in graph.rescales:
        share = staying(rescale.units, keep).mean()
        if share < 1 and rescale.parameter in shapes:
            size = shapes[rescale.parameter][rescale.axis]
            vector = found.setdefault(rescale.parameter, {}).setdefault(rescale.axis, np.ones(size))
            vector[rescale.rows] *= share**rescale.power
    return found
