"""Boxes as ``(x1, y1, x2, y2)`` in pixels."""

from __future__ import annotations

import torch
from torch import Tensor


def areas(boxes: Tensor) -> Tensor:
    """Of boxes [..., 4]; negative where a box is turned inside out along one axis."""
    return (boxes[..., 2:] - boxes[..., :2]).prod(-1)


def iou(boxes: Tensor, others: Tensor) -> Tensor:
    """Intersection over union of every box [n, 4] with every other one [m, 4]: [n, m], NaN where both are empty."""
    sides = torch.minimum(boxes[:, None, 2:], others[:, 2:]) - torch.maximum(boxes[:, None, :2], others[:, :2])
    common = sides.clamp(min=0).prod(-1)
    return common / (areas(boxes)[:, None] + areas(others) - common)


def clipped(boxes: Tensor, height: int, width: int) -> Tensor:
    """The part of each box [..., 4] that lies within a picture."""
    x, y = boxes[..., 0::2].clamp(0, width), boxes[..., 1::2].clamp(0, height)
    return torch.stack([x[..., 0], y[..., 0], x[..., 1], y[..., 1]], -1)


def large_enough(boxes: Tensor, side: float) -> Tensor:
    """Which boxes [n, 4] have sides of at least so many pixels."""
    return ((boxes[:, 2:] - boxes[:, :2]) >= side).all(1)
