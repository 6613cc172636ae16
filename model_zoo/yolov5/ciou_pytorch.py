"""The complete intersection over union of boxes in PyTorch (Zheng et al. 2020, equations 10 to 12)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_EPSILON = 1e-7


def ciou(boxes: Tensor, others: Tensor) -> Tensor:
    """How well each box agrees with its other: 1 where they are the same, at least about -1.5.

    From the share that they have in common goes the squared distance of their centres relative to the diagonal of
    what encloses both, and what their shapes differ by. Boxes are [n, 4]: centre x and y, width and height.
    """
    centre, size = boxes.chunk(2, 1)
    other_centre, other_size = others.chunk(2, 1)
    low, high = centre - size / 2, centre + size / 2
    other_low, other_high = other_centre - other_size / 2, other_centre + other_size / 2
    common = (torch.minimum(high, other_high) - torch.maximum(low, other_low)).clamp(min=0).prod(1)
    iou = common / (size.prod(1) + other_size.prod(1) - common + _EPSILON)
    around = torch.maximum(high, other_high) - torch.minimum(low, other_low)
    distance = (centre - other_centre).square().sum(1) / (around.square().sum(1) + _EPSILON)
    shape = (_angle(size) - _angle(other_size)).square() * (4 / math.pi**2)
    with torch.no_grad():
        weight = shape / (1 - iou + shape + _EPSILON)
    agreement: Tensor = iou - distance - weight * shape
    return agreement


def _angle(size: Tensor) -> Tensor:
    return torch.atan(size[:, 0] / (size[:, 1] + _EPSILON))
