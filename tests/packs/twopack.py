"""A user's module: a network of two inputs, and a dataset that gives them by position or by name."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from tinypack import SIZES
from torch import nn

from prunekit.registry import Register, RegisterType

WORDS, CLASSES = 12, 4


@Register.register(RegisterType.NETWORK)
class TwoNet(nn.Module):
    """Looks at an image and reads a few words."""

    def __init__(self) -> None:
        super().__init__()
        self.see = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.look = nn.Sequential(nn.Conv2d(8, 12, 3, padding=1), nn.ReLU())
        self.embed = nn.Embedding(WORDS, 6)
        self.read = nn.Linear(6, 10)
        self.head = nn.Linear(22, CLASSES)

    def forward(self, image: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        seen = self.look(self.see(image)).mean((2, 3))
        return self.head(torch.cat([seen, torch.relu(self.read(self.embed(words))).mean(1)], 1))


@Register.register(RegisterType.DATASET)
class Captioned:
    """Noisy images, and words of which every first one tells half of the class."""

    def __init__(self, split: Literal["train", "val", "test"], named: bool = False) -> None:
        random = np.random.default_rng(list(SIZES).index(split))
        self.labels = random.integers(0, CLASSES, SIZES[split])
        noise = random.normal(0, 0.5, (len(self.labels), 1, 8, 8))
        self.images = (noise + (self.labels // 2)[:, None, None, None]).astype(np.float32)
        self.words = random.integers(2, WORDS, (len(self.labels), 5))
        self.words[:, 0] = self.labels % 2
        self.named = named

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int, /) -> tuple[object, np.int64]:
        image, words = self.images[index], self.words[index]
        return ({"words": words, "image": image} if self.named else (image, words)), self.labels[index]
