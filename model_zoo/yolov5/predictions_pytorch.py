"""What the raw maps of YOLOv5 mean, in PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor


def split(raw: Tensor, anchors: int) -> Tensor:
    """[N, anchors (5 + classes), H, W] to [N, anchors, H, W, 5 + classes]."""
    images, _, height, width = raw.shape
    return raw.view(images, anchors, -1, height, width).permute(0, 1, 3, 4, 2)


def placed(values: Tensor, cells: Tensor, anchors: Tensor) -> Tensor:
    """Boxes that values mean: centre x and y, width and height, in cells of their map.

    Args:
        values: [..., 4], raw.
        cells: [..., 2], column and row of the cell that each belongs to.
        anchors: [..., 2], width and height of the anchor, in cells.
    """
    centre, size = (2 * values.sigmoid()).chunk(2, -1)
    return torch.cat((centre - 0.5 + cells, size.square() * anchors), -1)
