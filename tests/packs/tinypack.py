"""A user's module: a network and a dataset so small that a whole pipeline takes a second."""

from __future__ import annotations

import os
from typing import Literal

import numpy as np
from faultydata import FAULTS

from prunekit.registry import Register, RegisterType

if os.environ["PRUNEKIT_TEST_BACKEND"] == "mindspore":
    from tinynet_mindspore import TinyNet
else:
    from tinynet_pytorch import TinyNet

__all__ = ["CLASSES", "SIZES", "TinyLights", "TinyNet"]

CLASSES = 4
SIZES = {"train": 96, "val": 64, "test": 64}


@Register.register(RegisterType.DATASET)
class TinyLights:
    """Noisy 8 x 8 images; the class says how bright they are."""

    def __init__(self, split: Literal["train", "val", "test"], noise: float = 1.0, fault: str | None = None) -> None:
        self.fault = fault
        random = np.random.default_rng(list(SIZES).index(split))
        self.labels = random.integers(0, CLASSES, SIZES[split])
        noisy = random.normal(0, noise, (SIZES[split], 1, 8, 8)) + self.labels[:, None, None, None]
        self.images = noisy.astype(np.float32)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int, /) -> tuple[np.ndarray, np.int64]:
        if self.fault is not None and index == 40:
            given: tuple[np.ndarray, np.int64] = FAULTS[self.fault]()
            return given
        return self.images[index], self.labels[index]
