"""Which of the boxes that a network looks at learn which object, and which of them a step looks at."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from prunekit.model_zoo.detection.pytorch.boxes import iou

BACKGROUND, NEITHER = -1, -2


@dataclass(frozen=True)
class Assignment:
    """Assigns objects by overlap.

    Attributes:
        positive: From what overlap on a box learns the object that it overlaps most.
        negative: Below what overlap with every object it learns that there is none; in between it learns nothing.
        each: Whether every object is also learnt by the boxes that overlap it most, however little that is.
    """

    positive: float
    negative: float
    each: bool = False

    def of(self, boxes: Tensor, objects: Tensor) -> Tensor:
        """For each box [n, 4] the position of its object, ``BACKGROUND`` or ``NEITHER``."""
        if not objects.shape[0]:
            return torch.full((boxes.shape[0],), BACKGROUND, device=boxes.device)
        overlaps = iou(objects, boxes).nan_to_num()
        best, nearest = overlaps.max(0)
        found = torch.where(best < self.negative, BACKGROUND, torch.where(best < self.positive, NEITHER, nearest))
        if self.each:
            largest = overlaps.max(1, keepdim=True).values
            found = torch.where(((overlaps == largest) & (largest > 0)).any(0), nearest, found)
        return found


@dataclass(frozen=True)
class Sampling:
    """Draws the boxes that one image's step looks at, from torch's generator.

    Attributes:
        count: How many at most.
        positive_share: How much of them at most are of objects.
    """

    count: int
    positive_share: float

    def of(self, assigned: Tensor) -> tuple[Tensor, Tensor]:
        """Positions of those with an object and of those without, at random."""
        positive, negative = (assigned >= 0).nonzero()[:, 0], (assigned == BACKGROUND).nonzero()[:, 0]
        positive = _some(positive, int(self.count * self.positive_share))
        return positive, _some(negative, self.count - positive.shape[0])


def _some(positions: Tensor, count: int) -> Tensor:
    drawn = torch.randperm(positions.shape[0], device=positions.device)[:count]
    return positions[drawn]
