"""Anchors: boxes of fixed sizes at every place of a map, without a framework."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]


def shapes(sizes: Sequence[float], ratios: Sequence[float]) -> Boxes:
    """Boxes around the origin, whole pixels: for each ratio of height to width one of each size.

    Args:
        sizes: Square roots of the areas.
        ratios: Heights divided by widths.
    """
    roots = np.sqrt(np.asarray(ratios, dtype=np.float32))
    lengths = np.asarray(sizes, dtype=np.float32)
    widths, heights = ((1 / roots)[:, None] * lengths).ravel(), (roots[:, None] * lengths).ravel()
    return np.round(np.stack([-widths, -heights, widths, heights], axis=1) / 2)


def grid(around_origin: Boxes, rows: int, columns: int, stride: int) -> Boxes:
    """Those boxes at each place of a map, row by row: of shape (rows * columns * boxes, 4)."""
    y, x = np.meshgrid(np.arange(rows) * stride, np.arange(columns) * stride, indexing="ij")
    places = np.stack([x, y, x, y], axis=-1).reshape(-1, 1, 4)
    return (places + around_origin).reshape(-1, 4).astype(np.float32)
