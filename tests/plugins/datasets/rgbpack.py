"""A user's module: a tiny network for colour images."""

from __future__ import annotations

from typing import Any

from anynet import Conv2d, Linear, Module, ReLU, Sequential

from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.NETWORK)
class RgbNet(Module):
    def __init__(self, class_num: int = 2) -> None:
        super().__init__()
        self.features = Sequential(Conv2d(3, 8, 3), ReLU(), Conv2d(8, 8, 3), ReLU())
        self.head = Linear(8, class_num)

    def forward(self, images: Any) -> Any:
        return self.head(self.features(images).mean((2, 3)))
