"""The operators of torchvision that its networks use, for builds of torch beside which its own are missing.

torchvision is compiled for one build of torch. Beside another it finds none of its operators, and its import fails
where it describes them. These are slower and compute the same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from prunekit.model_zoo.detection.pytorch.suppression import suppressed

_BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_ALIGN = (
    "(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width,"
    " int sampling_ratio, bool aligned) -> Tensor"
)
_AT_ONCE = 64  # regions whose weights are computed together
_defined: list[torch.library.Library] = []  # it lasts as long as this


def missing(problem: RuntimeError) -> bool:
    """Whether an import failed for want of torchvision's operators."""
    return "torchvision::" in str(problem) and not _defined


def define() -> None:
    """Define them, before torchvision is imported again."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]  # what is left of the import that failed
    made = torch.library.Library("torchvision", "DEF")
    made.define(f"nms{_BOXES}")
    made.define(f"qnms{_BOXES}")
    made.define(f"roi_align{_ALIGN}")
    made.impl("nms", suppressed, "CompositeExplicitAutograd")
    made.impl("roi_align", roi_align, "CompositeExplicitAutograd")
    _defined.append(made)
    torch.library.register_autograd("torchvision::roi_align", _backward, setup_context=_remember, lib=made)


def use() -> None:
    """Let torchvision, once imported, call them."""
    for name in ("torchvision.extension", "torchvision.ops.roi_align"):
        vars(sys.modules[name])["_has_ops"] = lambda: True


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
    bins = (pooled_height, pooled_width)
    regions = _regions(input, rois, spatial_scale, bins, sampling_ratio, aligned)
    for out, (part, rows, columns) in zip(found, regions, strict=True):
        out[:] = rows @ part @ columns.T
    return found


def _regions(
    features: Tensor, rois: Tensor, scale: float, bins: Sequence[int], ratio: int, aligned: bool
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """For each region the part of its map that it reads, and the weights of rows and of columns in each bin."""
    for some in rois.split(_AT_ONCE) if len(rois) else ():
        first, last = (some[:, 1:] * scale - aligned / 2).split(2, 1)
        sides = last - first if aligned else (last - first).clamp(min=1.0)
        columns, rows = (_along(first[:, k], sides[:, k], bins[1 - k], ratio, features.shape[3 - k]) for k in range(2))
        for image, (high, row), (wide, column) in zip(some[:, 0].long().tolist(), rows, columns, strict=True):
            yield features[image, :, high, wide], row, column


def _along(start: Tensor, side: Tensor, bins: int, ratio: int, length: int) -> Iterator[tuple[slice, Tensor]]:
    """For each region the pixels that it reads along one axis of the map, and their weights in each bin."""
    points = torch.full_like(side, ratio) if ratio > 0 else (side / bins).ceil().clamp(min=0)
    grid = torch.arange(int(points.max()), device=side.device)
    offsets = (grid + 0.5) / points[:, None]  # within a bin, in bins
    places = torch.arange(bins, device=side.device)[:, None] + offsets[:, None, :]
    places = start[:, None, None] + places * (side / bins)[:, None, None]
    counts = (places >= -1) & (places <= length) & (grid < points[:, None])[:, None, :]
    pixels = torch.arange(length, device=side.device)
    near = 1 - (places.clamp(0, length - 1)[..., None] - pixels).abs()
    weights = (near.clamp(min=0) * counts[..., None]).sum(2) / points.clamp(min=1)[:, None, None]
    low = start.floor().clamp(0, length - 1).long().tolist()
    high = ((start + side).floor().clamp(0, length - 1).long() + 2).tolist()
    for first, last, own in zip(low, high, weights, strict=True):
        yield slice(first, last), own[:, first:last]


def _remember(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    features, ctx.rois, scale, height, width, ratio, aligned = inputs
    ctx.shape, ctx.settings = features.shape, (scale, (height, width), ratio, aligned)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    found = gradient.new_zeros(ctx.shape)
    for part, (place, rows, columns) in zip(gradient, _regions(found, ctx.rois, *ctx.settings), strict=True):
        place += rows.T @ part @ columns  # a view of what is returned
    return found, None, None, None, None, None, None
