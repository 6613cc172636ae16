"""RoIAlign as one operator, which costs no more than the pixels that regions cover, and its gradient.

Its arguments are those of torchvision's operator, in whose place it can stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from prunekit.core.graph.attributes import Opaque, Pool
from prunekit.model_zoo.detection.pytorch.roi_weights import axis_weights, corners_and_sides, products, spread
from prunekit.registry import Register, RegisterType

SCHEMA = (
    "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width,"
    " int sampling_ratio, bool aligned) -> Tensor"
)
NAME = "prunekit::roi_align"

_LARGE = 8192  # pixels of a map from which on a CPU takes less time for many small products than for two large ones
_AT_ONCE = 64  # regions whose weights are computed together


def define(library: torch.library.Library) -> None:
    """Define it in a library's namespace, with its gradient."""
    library.define(SCHEMA)
    library.impl("roi_align", roi_align, "CompositeExplicitAutograd")
    torch.library.register_autograd(f"{library.ns}::roi_align", _backward, setup_context=_remember, lib=library)


def roi_align(
    input: Tensor, rois: Tensor, spatial_scale: float, pooled_height: int, pooled_width: int, sampling_ratio: int,
    aligned: bool,
) -> Tensor:  # fmt: skip
    """Regions of feature maps, averaged over a grid of bins of one size by bilinear interpolation.

    Args:
        input: Feature maps, of shape (n, c, h, w).
        rois: Regions as ``(which map, x1, y1, x2, y2)``, of shape (k, 5).
        spatial_scale: Size of the maps relative to the regions' coordinates.
        pooled_height: Bins along y.
        pooled_width: Bins along x.
        sampling_ratio: Points in a bin along each axis; as many as it has pixels if not positive.
        aligned: Whether coordinates are those of the pixels' centres.

    Returns:
        Of shape (k, c, pooled_height, pooled_width).

    Source: torchvision's documentation of its operator; the points and their weights form a product along the axes.
    """
    found = input.new_empty((len(rois), input.shape[1], pooled_height, pooled_width))
    settings = spatial_scale, (pooled_height, pooled_width), sampling_ratio, aligned
    if _by_parts(input):
        for out, (part, rows, columns) in zip(found, _parts(input, rois, *settings), strict=True):
            out[:] = rows @ part @ columns.T
    else:
        for image, places, rows, columns in _whole(input, rois, *settings):
            found[places] = products(input[image], rows, columns)
    return found


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    found = gradient.new_zeros(ctx.shape)
    if _by_parts(found):
        for part, (place, rows, columns) in zip(gradient, _parts(found, ctx.rois, *ctx.settings), strict=True):
            place += rows.T @ part @ columns  # a view of what is returned
    else:
        for image, places, rows, columns in _whole(found, ctx.rois, *ctx.settings):
            found[image] += spread(gradient[places], rows, columns)
    return found, None, None, None, None, None, None


def _remember(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    features, ctx.rois, scale, height, width, ratio, aligned = inputs
    ctx.shape, ctx.settings = features.shape, (scale, (height, width), ratio, aligned)


def _by_parts(maps: Tensor) -> bool:
    return maps.device.type == "cpu" and maps.shape[2] * maps.shape[3] >= _LARGE


def _parts(
    features: Tensor, rois: Tensor, scale: float, bins: Sequence[int], ratio: int, aligned: bool
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """For each region the part of its map that it reads, and the weights of rows and of columns in each bin."""
    for some in torch.split(rois, _AT_ONCE) if len(rois) else ():
        first, sides = corners_and_sides(some[:, 1:], scale, aligned)
        columns, rows = (
            _along(first[:, k], sides[:, k], bins[1 - k], ratio, features.shape[3 - k], features.dtype)
            for k in range(2)
        )
        for image, (high, row), (wide, column) in zip(some[:, 0].long().tolist(), rows, columns, strict=True):
            yield features[image, :, high, wide], row, column


def _along(
    start: Tensor, side: Tensor, bins: int, ratio: int, length: int, dtype: torch.dtype
) -> Iterator[tuple[slice, Tensor]]:
    """For each region the pixels that it reads along one axis of the map, and their weights in each bin."""
    weights = axis_weights(start, side, bins, ratio, length).to(dtype)
    low = start.floor().clamp(0, length - 1).long().tolist()
    high = ((start + side).floor().clamp(0, length - 1).long() + 2).tolist()
    for first, last, own in zip(low, high, weights, strict=True):
        yield slice(first, last), own[:, first:last]


def _whole(
    features: Tensor, rois: Tensor, scale: float, bins: Sequence[int], ratio: int, aligned: bool
) -> Iterator[tuple[int, Tensor, Tensor, Tensor]]:
    """For each map some of its regions: their places, and the weights of all its rows and columns in each bin."""
    for image in range(features.shape[0]):
        own = (rois[:, 0] == image).nonzero()[:, 0]
        for places in torch.split(own, _AT_ONCE) if len(own) else ():
            first, sides = corners_and_sides(rois[places, 1:], scale, aligned)
            columns, rows = (
                axis_weights(first[:, k], sides[:, k], bins[1 - k], ratio, features.shape[3 - k]).to(features.dtype)
                for k in range(2)
            )
            yield image, places, rows, columns


_library = torch.library.Library("prunekit", "FRAGMENT")  # it lasts as long as this
define(_library)

OPERATOR = torch.ops.prunekit.roi_align
"""``roi_align``, seen as one operator by whoever follows what a network does."""


@Register.register(RegisterType.OPERATOR_RULE, name=NAME)
def rule(call: Any) -> None:
    """What it does to channels: nothing; regions come in the batch's place, their coordinates in an order."""
    call.add(Opaque(reason="its numbers are places, told apart by their order"), [call.number(call["rois"])], [])
    call.simple(Pool(axes=(0, 2, 3)), "input")
