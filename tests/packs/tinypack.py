"""A user's module: a network and a dataset so small that a whole pipeline takes a second."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import nn

from prunekit.registry import Register, RegisterType

CLASSES = 4
SIZES = {"train": 96, "val": 64, "test": 64}


@Register.register(RegisterType.NETWORK)
class TinyNet(nn.Module):
    """Three convolutions and a linear layer."""

    def __init__(self, class_num: int = CLASSES, widths: tuple[int, ...] = (8, 12, 16)) -> None:
        super().__init__()
        assert isinstance(widths, tuple)  # JSON has no tuples: a reloaded network must be given one all the same
        layers: list[nn.Module] = []
        for before, after in zip((1, *widths[:-1]), widths, strict=True):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(widths[-1], class_num)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(images).mean((2, 3)))


@Register.register(RegisterType.DATASET)
class TinyLights:
    """Noisy 8 x 8 images; the class says how bright they are."""

    def __init__(self, split: Literal["train", "val", "test"], noise: float = 1.0) -> None:
        random = np.random.default_rng(list(SIZES).index(split))
        self.labels = random.integers(0, CLASSES, SIZES[split])
        noisy = random.normal(0, noise, (SIZES[split], 1, 8, 8)) + self.labels[:, None, None, None]
        self.images = noisy.astype(np.float32)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int, /) -> tuple[np.ndarray, np.int64]:
        return self.images[index], self.labels[index]
