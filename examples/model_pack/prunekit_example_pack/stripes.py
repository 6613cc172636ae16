"""Images that need no download: noisy stripes in four directions."""

from __future__ import annotations

from typing import Literal

import numpy as np

from prunekit import Register, RegisterType

DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
SPLITS = ("train", "val", "test")


@Register.register(RegisterType.DATASET)
class Stripes:
    """Grey images of 12 x 12 pixels; the class is the direction of the stripes.

    Args:
        split: Which part; prunekit itself gives it.
        images: How many images the part has.
        noise: Standard deviation of the noise; the stripes lie between -1 and 1.
    """

    def __init__(self, split: Literal["train", "val", "test"], images: int = 256, noise: float = 1.5) -> None:
        random = np.random.default_rng(SPLITS.index(split))
        self.labels = random.integers(0, len(DIRECTIONS), images)
        rows, columns = np.mgrid[0:12, 0:12]
        self.images = random.normal(0.0, noise, (images, 1, 12, 12)).astype(np.float32)
        for image, label, phase in zip(self.images, self.labels, random.uniform(0, 2 * np.pi, images), strict=True):
            down, right = DIRECTIONS[label]
            image += np.sin(1.5 * (down * rows + right * columns) + phase)

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.labels)

    def __getitem__(self, index: int, /) -> tuple[np.ndarray, np.int64]:
        """An image and its class."""
        return self.images[index], self.labels[index]
