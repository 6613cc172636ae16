"""Boxes as what a network says of them: shifts and growths relative to boxes that are known (Girshick et al. 2014)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_LARGEST = math.log(1000 / 16)
"""Of a growth's logarithm: nothing becomes infinite where a network says nonsense."""


@dataclass(frozen=True)
class BoxCoding:
    """Shifts in widths and heights, and logarithms of growths, each multiplied by a weight.

    Attributes:
        shift: Weight of both shifts.
        growth: Weight of both growths.
    """

    shift: float = 1.0
    growth: float = 1.0

    def encode(self, boxes: Tensor, known: Tensor) -> Tensor:
        """What a network should say for boxes [n, 4], each relative to a known one [n, 4]."""
        (centers, sides), (places, lengths) = _centered(boxes), _centered(known)
        return torch.cat([self.shift * (centers - places) / lengths, self.growth * torch.log(sides / lengths)], 1)

    def decode(self, deltas: Tensor, known: Tensor) -> Tensor:
        """The boxes that a network means: for deltas [n, 4 k] and known boxes [n, 4] boxes [n, k, 4]."""
        precise = deltas.to(torch.promote_types(deltas.dtype, known.dtype))
        parts = precise.reshape(deltas.shape[0], -1, 4)
        places, lengths = (part[:, None] for part in _centered(known))
        centers = places + parts[..., :2] / self.shift * lengths
        halves = torch.exp((parts[..., 2:] / self.growth).clamp(max=_LARGEST)) * lengths / 2
        return torch.cat([centers - halves, centers + halves], -1)


def _centered(boxes: Tensor) -> tuple[Tensor, Tensor]:
    sides = boxes[:, 2:] - boxes[:, :2]
    return boxes[:, :2] + sides / 2, sides
