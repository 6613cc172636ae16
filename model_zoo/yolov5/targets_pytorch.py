"""Which anchors of which cells have to find which boxes, in PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_LARGEST_RATIO = 4.0  # of a side of a box and the same side of an anchor, either way
_STEPS = ((0, 0), (-1, 0), (0, -1), (1, 0), (0, 1))  # x and y, to a box's own cell and its neighbours


@dataclass(frozen=True)
class Boxes:
    """All boxes of a batch.

    Attributes:
        image: [n], which image each is of.
        label: [n], its class.
        box: [n, 4], its centre x and y, width and height, in pixels of the input.
    """

    image: Tensor
    label: Tensor
    box: Tensor

    @classmethod
    def of(cls, target: list[dict[str, Tensor]], like: Tensor) -> Boxes:
        """Those of a list with ``boxes`` (x1, y1, x2, y2) and ``labels`` for each image."""
        corners = torch.cat([each["boxes"] for each in target]).to(like)
        counts = torch.tensor([len(each["boxes"]) for each in target], device=like.device)
        low, high = corners.chunk(2, 1)
        return cls(
            torch.arange(len(target), device=like.device).repeat_interleave(counts),
            torch.cat([each["labels"] for each in target]).to(like.device),
            torch.cat(((low + high) / 2, high - low), 1),
        )


@dataclass(frozen=True)
class Assigned:
    """Places on one map that have to find a box; a box has several, and a place may have several boxes.

    Attributes:
        box: [k], which of the boxes.
        anchor: [k], which of the map's anchors.
        row: [k], of the cell.
        column: [k], of the cell.
    """

    box: Tensor
    anchor: Tensor
    row: Tensor
    column: Tensor


def assign(boxes: Tensor, anchors: Tensor, height: int, width: int) -> Assigned:
    """All places of one map that have to find a box.

    A box goes to every anchor whose width and height are within a factor of four of its own, in the cell of its centre
    and in the two cells beside and above or below that its centre is nearest to.

    Args:
        boxes: [n, 4], centre x and y, width and height, in cells of the map.
        anchors: [a, 2], width and height in cells.
        height: Cells of the map.
        width: Cells of the map.
    """
    ratio = boxes[None, :, 2:] / anchors[:, None]
    fits = torch.maximum(ratio, 1 / ratio).amax(2) < _LARGEST_RATIO  # [anchors, boxes]
    limits = torch.tensor([width, height], device=boxes.device)
    own = torch.minimum(boxes[:, :2].long().clamp(min=0), limits - 1)
    within = boxes[:, :2] - own
    steps = torch.tensor(_STEPS, device=boxes.device)[:, None]
    cells = own + steps  # [steps, boxes, 2]
    leans = ((within - 0.5) * steps > 0).any(2)
    near = (leans | (steps == 0).all(2)) & ((cells >= 0) & (cells < limits)).all(2)
    anchor, step, box = (fits[:, None] & near).nonzero(as_tuple=True)
    column, row = cells[step, box].unbind(1)
    return Assigned(box, anchor, row, column)
