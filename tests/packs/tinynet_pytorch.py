"""The network of tinypack in PyTorch."""

from __future__ import annotations

import torch
from torch import nn

from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.NETWORK)
class TinyNet(nn.Module):
    """Three convolutions and a linear layer."""

    def __init__(self, class_num: int = 4, widths: tuple[int, ...] = (8, 12, 16)) -> None:
        super().__init__()
        assert isinstance(widths, tuple)  # JSON has no tuples: a reloaded network must be given one all the same
        layers: list[nn.Module] = []
        for before, after in zip((1, *widths[:-1]), widths, strict=True):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(widths[-1], class_num)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(images).mean((2, 3)))
