"""Inputs of the golden numbers, the same wherever they are made: of NumPy's generator, with ties and boxes outside."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

FILE = Path(__file__).with_name("torchvision_0_29_1.npz")
THRESHOLDS = (0.3, 0.5, 0.7)
STRIDES = (4, 8, 16, 32)
IMAGE = (128, 160)


def boxes(count: int, seed: int, rounded: bool) -> tuple[Array, Array, NDArray[np.int64]]:
    """Boxes, scores and labels; rounded ones have many equal scores and equal overlaps."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-10, 120, (count, 2))
    found, scores = np.hstack([corners, corners + 2 ** rng.uniform(1, 6.5, (count, 2))]), rng.random(count)
    if rounded:
        found, scores = found.round(), scores.round(1)
    return found.astype(np.float32), scores.astype(np.float32), rng.integers(0, 4, count)


def maps(seed: int) -> list[Array]:
    """Maps of two images at four strides."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((2, 3, IMAGE[0] // s, IMAGE[1] // s)).astype(np.float32) for s in STRIDES]


def rois(count: int, seed: int) -> list[Array]:
    """Regions of two images, of all sizes."""
    return [boxes(count, seed + image, rounded=False)[0] * np.float32(1 + image) for image in range(2)]


CLASSES = 4


def weight(name: str, shape: tuple[int, ...]) -> Array:
    """A parameter or statistic of a detector, the same in every one that has it under this name."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith(("running_var", "bn1.weight", "bn2.weight", "bn3.weight", "downsample.1.weight")):
        return rng.uniform(0.5, 1.0, shape).astype(np.float32)
    if len(shape) < 2:
        return rng.uniform(-0.1, 0.1, shape).astype(np.float32)
    bound = (3 / np.prod(shape[1:])) ** 0.5
    return (rng.uniform(-bound, bound, shape)).astype(np.float32)


def images() -> Array:
    """Two images."""
    return np.random.default_rng(9).uniform(0, 1, (2, 3, *IMAGE)).astype(np.float32)


def objects() -> list[tuple[Array, NDArray[np.int64]]]:
    """Boxes and labels of what the images show, the first class being 0; in the second one there is nothing."""
    boxes = [[10, 12, 70, 90], [60, 5, 150, 60], [100, 80, 130, 120]]
    nothing = np.zeros((0, 4), dtype=np.float32), np.zeros(0, dtype=np.int64)
    return [(np.array(boxes, dtype=np.float32), np.array([0, 3, 1])), nothing]
