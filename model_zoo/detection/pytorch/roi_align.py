"""Regions of feature maps as maps of one size (He et al. 2017, RoIAlign), from one map or from several levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from prunekit.model_zoo.detection.pytorch import roi_align_operator, torchvision_operators
from prunekit.model_zoo.detection.pytorch.boxes import areas
from prunekit.model_zoo.detection.pytorch.roi_weights import axis_weights, corners_and_sides, products


def roi_align(maps: Tensor, rois: Tensor, scale: float, bins: int, ratio: int, plain: bool = False) -> Tensor:
    """Regions averaged over a grid of bins, by bilinear interpolation; coordinates are those of pixels' corners.

    Args:
        maps: Of shape (n, c, h, w).
        rois: Regions as ``(which map, x1, y1, x2, y2)``, of shape (k, 5).
        scale: Size of the maps relative to the regions' coordinates.
        bins: Along either axis.
        ratio: Points in a bin along either axis, at least 1.
        plain: Whether by operators that every runtime has, for a graph that is exported; of one map then. The products
            are over all of it, which costs much more than what regions cover.

    Returns:
        Of shape (k, c, bins, bins).
    """
    if plain:
        first, sides = corners_and_sides(rois[:, 1:], scale, aligned=False)
        rows = axis_weights(first[:, 1], sides[:, 1], bins, ratio, maps.shape[2])
        return products(maps[0], rows, axis_weights(first[:, 0], sides[:, 0], bins, ratio, maps.shape[3]))
    if (operators := torchvision_operators.own()) is not None:
        pooled: Tensor = operators.roi_align(maps, rois, bins, scale, ratio, aligned=False)
        return pooled
    pooled = roi_align_operator.OPERATOR(maps, rois.to(maps.dtype), scale, bins, bins, ratio, False)
    return pooled


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
    maps: Sequence[Tensor], rois: Tensor, levels: Levels, bins: int, ratio: int, plain: bool = False
) -> Tensor:
    """The same where each region is read from the map of its level; images come first in ``rois``' columns."""
    level = levels.of(rois[:, 1:])
    places = [(level == number).nonzero()[:, 0] for number in range(len(maps))]
    pooled = [
        roi_align(m, rois[p], 1 / stride, bins, ratio, plain)
        for m, p, stride in zip(maps, places, levels.strides, strict=True)
    ]
    return torch.cat(pooled).index_select(0, torch.cat(places).argsort())
