"""A small MindSpore network and images for it, which the tests of several exporters write to files."""

from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

IMAGES = np.random.default_rng(0).normal(size=(2, 3, 8, 8)).astype(np.float32)


class Small(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3, pad_mode="pad", padding=1), nn.BatchNorm2d(4)
        self.dropout, self.head = nn.Dropout(p=0.5), nn.Dense(4, 5)

    def construct(self, x: Tensor) -> Tensor:
        return self.finish(x, ops.relu(self.norm(self.conv(x))))

    def finish(self, x: Tensor, y: Tensor) -> Tensor:
        return self.head(self.dropout(y.mean((2, 3))))
