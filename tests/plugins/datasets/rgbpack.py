"""A user's module: a tiny network for colour images."""

from __future__ import annotations

import torch
from torch import nn

from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.NETWORK)
class RgbNet(nn.Module):
    def __init__(self, class_num: int = 2) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()
        )
        self.head = nn.Linear(8, class_num)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(images).mean((2, 3)))
