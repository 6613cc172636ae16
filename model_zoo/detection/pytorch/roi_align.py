"""Regions of feature maps as maps of one size (He et al. 2017, RoIAlign), from one map or from several levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from prunekit.model_zoo.detection.pytorch import torchvision_operators
from prunekit.model_zoo.detection.pytorch.boxes import areas
from prunekit.model_zoo.detection.pytorch.roi_weights import axis_weights, corners_and_sides

_AT_ONCE = 64  # regions between whose two products something is held


def roi_align(maps: Tensor, rois: Tensor, scale: float, bins: int, ratio: int, bounded: bool = True) -> Tensor:
    """Regions averaged over a grid of bins, by bilinear interpolation; coordinates are those of pixels' corners.

    Args:
        maps: Of shape (n, c, h, w).
        rois: Regions as ``(which map, x1, y1, x2, y2)``, of shape (k, 5).
        scale: Size of the maps relative to the regions' coordinates.
        bins: Along either axis.
        ratio: Points in a bin along either axis, at least 1.
        bounded: Whether memory is, by computing regions in parts; a graph that is exported would have as many parts as
            its example.

    Returns:
        Of shape (k, c, bins, bins).
    """
    if (operators := torchvision_operators.own()) is not None:
        pooled: Tensor = operators.roi_align(maps, rois, bins, scale, ratio, aligned=False)
        return pooled
    if maps.shape[0] == 1:
        return _of_one(maps[0], rois[:, 1:], scale, bins, ratio, bounded)
    places = [(rois[:, 0] == image).nonzero()[:, 0] for image in range(maps.shape[0])]
    parts = [_of_one(m, rois[p, 1:], scale, bins, ratio, bounded) for m, p in zip(maps, places, strict=True)]
    return _in_order(parts, places)


@dataclass(frozen=True)
class Levels:
    """Which of several maps a region is taken from, by its size (Lin et al. 2017, equation 1).

    Attributes:
        strides: Of the maps, each twice the one before.
        size: Side of the square whose regions come from the map of stride 16.
    """

    strides: tuple[int, ...]
    size: float = 224.0

    def of(self, boxes: Tensor) -> Tensor:
        """Positions of maps for boxes [k, 4]."""
        finest = self.strides[0].bit_length() - 1
        levels = torch.floor(4 + torch.log2(areas(boxes).sqrt() / self.size) + 1e-6)
        return levels.clamp(finest, finest + len(self.strides) - 1) - finest


def roi_align_of_levels(
    maps: Sequence[Tensor], rois: Tensor, levels: Levels, bins: int, ratio: int, bounded: bool = True
) -> Tensor:
    """The same where each region is read from the map of its level; images come first in ``rois``' columns."""
    level = levels.of(rois[:, 1:])
    places = [(level == number).nonzero()[:, 0] for number in range(len(maps))]
    pooled = [
        roi_align(m, rois[p], 1 / stride, bins, ratio, bounded)
        for m, p, stride in zip(maps, places, levels.strides, strict=True)
    ]
    return _in_order(pooled, places)


def _in_order(parts: Sequence[Tensor], places: Sequence[Tensor]) -> Tensor:
    """The rows of all parts, each where its place says."""
    return torch.cat(list(parts)).index_select(0, torch.cat(list(places)).argsort())


def _of_one(feature_map: Tensor, boxes: Tensor, scale: float, bins: int, ratio: int, bounded: bool) -> Tensor:
    """Regions of one map: weights of rows times the map times weights of columns."""
    channels, height, width = feature_map.shape
    if bounded and len(boxes) > _AT_ONCE:
        parts = torch.split(boxes, _AT_ONCE)
        return torch.cat([_of_one(feature_map, part, scale, bins, ratio, False) for part in parts])
    first, sides = corners_and_sides(boxes, scale, aligned=False)
    columns = axis_weights(first[:, 0], sides[:, 0], bins, ratio, width)
    rows = axis_weights(first[:, 1], sides[:, 1], bins, ratio, height)
    # one product over all regions, then one for each: [k, bins, c, w] and [k, bins, c, bins]
    found = torch.matmul(rows, feature_map.permute(1, 0, 2).reshape(height, channels * width))
    found = found.reshape(boxes.shape[0], bins * channels, width) @ columns.transpose(1, 2)
    return found.reshape(boxes.shape[0], bins, channels, bins).permute(0, 2, 1, 3)
