from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Paint = Callable[..., Path]


@pytest.fixture(scope="session")
def paint() -> Paint:
    """Write an image of one grey value, lossless, and return its path."""

    def write(path: Path, value: int = 0, size: tuple[int, int] = (8, 8)) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (value, value, value)).save(path, "PNG")
        return path

    return write


@pytest.fixture(scope="session")
def noise() -> Callable[[int, int], Image.Image]:
    """An image of random pixels, of a width and a height."""

    def make(width: int, height: int) -> Image.Image:
        rng = np.random.default_rng([width, height])
        return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))

    return make
