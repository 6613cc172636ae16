"""Which pixels a region of a feature map reads: the weights of rows and columns in each bin, and products with them."""

from __future__ import annotations

import torch
from torch import Tensor


def corners_and_sides(boxes: Tensor, scale: float, aligned: bool) -> tuple[Tensor, Tensor]:
    """The first corner and the sides of regions, in pixels of the map.

    Args:
        boxes: As ``(x1, y1, x2, y2)``, of shape (k, 4).
        scale: Size of the map relative to the boxes' coordinates.
        aligned: Whether coordinates are those of the pixels' centres; sides are at least one pixel if not.
    """
    first, last = torch.split(boxes * scale - aligned / 2, 2, 1)
    return first, last - first if aligned else (last - first).clamp(min=1.0)


def axis_weights(start: Tensor, side: Tensor, bins: int, ratio: int, length: int) -> Tensor:
    """Weights of a map's pixels along one axis, in each bin of each region: of shape (k, bins, length).

    A bin is the mean over its points, at which the map is interpolated linearly. In two dimensions the weight of a
    pixel is the product of its weights along both axes.

    Args:
        start: Where each region begins, of shape (k,).
        side: How long each is.
        bins: In how many parts each is divided.
        ratio: Points in a bin; as many as it has pixels if not positive.
        length: Pixels of the map along this axis.
    """
    points = torch.full_like(side, ratio) if ratio > 0 else (side / bins).ceil().clamp(min=0)
    grid = torch.arange(ratio if ratio > 0 else int(points.max()), device=side.device)
    offsets = (grid + 0.5) / points[:, None]  # within a bin, in bins
    places = torch.arange(bins, device=side.device)[:, None] + offsets[:, None, :]
    places = start[:, None, None] + places * (side / bins)[:, None, None]
    counts = (places >= -1) & (places <= length) & (grid < points[:, None])[:, None, :]
    pixels = torch.arange(length, device=side.device)
    near = 1 - (places.clamp(0, length - 1)[..., None] - pixels).abs()
    return (near.clamp(min=0) * counts[..., None]).sum(2) / points.clamp(min=1)[:, None, None]


def products(feature_map: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Regions of a map [c, h, w], given weights [k, bins, h] and [k, bins, w]: of shape (k, c, bins, bins)."""
    channels, height, width = feature_map.shape
    bins = rows.shape[1], columns.shape[1]
    # one product over all regions, then one for each: [k, bins, c, w] and [k, bins, c, bins]
    found = torch.matmul(rows, feature_map.permute(1, 0, 2).reshape(height, channels * width))
    found = found.reshape(rows.shape[0], bins[0] * channels, width) @ columns.transpose(1, 2)
    return found.reshape(rows.shape[0], bins[0], channels, bins[1]).permute(0, 2, 1, 3)


def spread(gradient: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The gradient of the map from that of its regions."""
    count, channels, high, wide = gradient.shape
    found = gradient.permute(0, 2, 1, 3).reshape(count, high * channels, wide) @ columns
    found = rows.permute(2, 0, 1).reshape(-1, count * high) @ found.reshape(count * high, -1)
    return found.reshape(-1, channels, columns.shape[2]).permute(1, 0, 2)
