"""Sizes that MindSpore's own cells hold beside their parameters: which axis each of them counts.

Surgery brings them in line with the parameters, so that code which asks a cell for its width is told the new one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mindspore import Tensor, mint, nn

from prunekit.core.graph.tracked_sizes import Extent, SizeOrigin
from prunekit.core.recording.convolution_sizes import convolution_size

Axis = Callable[[Tensor, int], Extent]
"""The size of one axis of a parameter."""


def layer_size(cell: nn.Cell, path: tuple[str | int, ...], axis: Axis) -> SizeOrigin | None:
    """What a cell's own attribute counts, or None if it is none that follows the parameters.

    Args:
        cell: The cell.
        path: The attribute, then a position in it.
        axis: Makes the origin of a parameter's size.
    """
    name, weight, held = str(path[0]), getattr(cell, "weight", None), vars(cell)
    if isinstance(weight, Tensor) and weight.ndim > 2 and "in_channels" in held:
        return _of_convolution(cell, name, weight, axis)
    if isinstance(weight, Tensor) and isinstance(cell, (nn.Dense, mint.nn.Linear)):
        place = {"out_channels": 0, "out_features": 0, "in_channels": 1, "in_features": 1}.get(name)
        return None if place is None else axis(weight, place)
    gain = getattr(cell, "gamma", weight)
    if not isinstance(gain, Tensor):
        return None
    if isinstance(cell, nn.LayerNorm):
        return axis(gain, int(path[1])) if name == "normalized_shape" and len(path) == 2 else None
    own = ("num_features", "num_channels") if gain.ndim == 1 else ()
    alone = isinstance(cell, nn.GroupNorm) and name == "num_groups" and cell.num_groups == cell.num_channels
    return axis(gain, 0) if alone or (name in own and name in held) else None


def _of_convolution(cell: Any, name: str, weight: Tensor, axis: Axis) -> SizeOrigin | None:
    transposed, key = "Transpose" in type(cell).__name__, "group" if "group" in vars(cell) else "groups"
    groups, channels = int(getattr(cell, key, 1)), (int(cell.in_channels), int(cell.out_channels))
    named = "groups" if name == key else name if name != "groups" else ""  # mint calls it as PyTorch does, nn does not
    return convolution_size(named, partial(axis, weight), groups, channels, transposed)
