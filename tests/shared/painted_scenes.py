"""Scenes whose rectangle is white in the image, a class in the mask, and a box: all three must move together."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from prunekit.plugins.datasets.scene import Scene


def painted(width: int, height: int, box: tuple[int, int, int, int], label: int = 1) -> Scene:
    """A black image of class 0 with a white rectangle of another class, and the rectangle's box."""
    pixels, mask = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8)
    left, top, right, bottom = box
    pixels[top:bottom, left:right], mask[top:bottom, left:right] = 255, label
    return Scene(
        Image.fromarray(pixels), np.float64([box]), np.array([label]), np.array([0]), mask=Image.fromarray(mask)
    )


def found(where: Any) -> list[int]:
    """The box around what is true."""
    rows, columns = np.nonzero(where)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def assert_together(scene: Scene, box: list[float], label: int = 1) -> None:
    """Box, white pixels and mask are all where they should be."""
    assert scene.boxes.tolist() == [box] and scene.mask is not None and scene.mask.size == scene.image.size
    assert found(np.asarray(scene.image)[:, :, 0] > 127) == box == found(np.asarray(scene.mask) == label)


def nothing(rng: np.random.Generator) -> Scene:
    """Of steps that need no other image."""
    raise AssertionError("no other image is needed")
