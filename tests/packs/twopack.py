"""A user's module: a network of two inputs, and a dataset that gives them by position or by name."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from anynet import BatchNorm2d, Conv2d, Embedding, Linear, Module, ReLU, Sequential, cat, relu
from tinypack import SIZES

from prunekit.registry import Register, RegisterType

WORDS, CLASSES = 12, 4


@Register.register(RegisterType.NETWORK)
class TwoNet(Module):
    """Looks at an image and reads a few words."""

    def __init__(self) -> None:
        super().__init__()
        self.see = Sequential(Conv2d(1, 8, 3), BatchNorm2d(8), ReLU())
        self.look = Sequential(Conv2d(8, 12, 3), ReLU())
        self.embed = Embedding(WORDS, 6)
        self.read = Linear(6, 10)
        self.head = Linear(22, CLASSES)

    def forward(self, image: Any, words: Any) -> Any:
        seen = self.look(self.see(image)).mean((2, 3))
        return self.head(cat([seen, relu(self.read(self.embed(words))).mean(1)], 1))


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
