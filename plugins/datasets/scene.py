"""An image with what is in it, boxes or a mask, which move with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

IGNORED = 255
"""The value of a mask's pixels that belong to no class."""
GREY = 114
"""The value that detectors are used to around an image."""

Boxes = NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """An image with its boxes or its mask.

    Attributes:
        image: 8-bit RGB; an array [3, height, width] once it was turned into one.
        boxes: [n, 4], left, top, right and bottom edge in pixels: one of the first pixel alone is 0 0 1 1.
        labels: Class of each box.
        crowd: For each box 1 if it counts neither as found nor as missed, else 0.
        mask: Class of each pixel, `IGNORED` for none, of the image's size; None if there is none.
    """

    image: Any
    boxes: Boxes = field(default_factory=lambda: np.zeros((0, 4)))
    labels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    crowd: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    mask: Image.Image | None = None

    def scaled(self, height: int, width: int) -> Scene:
        """The scene in another size: the image bilinear and antialiased, the mask by the nearest pixel."""
        if self.image.size == (width, height):
            return self
        ratio = np.tile([width / self.image.width, height / self.image.height], 2)
        image = self.image.resize((width, height), Image.Resampling.BILINEAR)
        mask = self.mask and self.mask.resize((width, height), Image.Resampling.NEAREST)
        return replace(self, image=image, mask=mask, boxes=self.boxes * ratio)

    def mirrored(self, *, upside_down: bool = False) -> Scene:
        """The scene with left and right exchanged, or top and bottom."""
        way = Image.Transpose.FLIP_TOP_BOTTOM if upside_down else Image.Transpose.FLIP_LEFT_RIGHT
        low, high, side = (1, 3, self.image.height) if upside_down else (0, 2, self.image.width)
        boxes = self.boxes.copy()
        boxes[:, low], boxes[:, high] = side - self.boxes[:, high], side - self.boxes[:, low]
        return replace(self, image=self.image.transpose(way), mask=self.mask and self.mask.transpose(way), boxes=boxes)

    def laid(self, height: int, width: int, top: int, left: int, fill: int, least: float = 0.0) -> Scene:
        """The scene on a canvas: with borders where that is larger, and cut where it is smaller.

        Args:
            height: Of the canvas.
            width: Of the canvas.
            top: Where the scene's first row comes; negative cuts rows off.
            left: Where its first column comes.
            fill: Grey value of the borders; the mask is ignored there.
            least: Boxes of which less than this share stays are dropped.
        """
        if (top, left, self.image.size) == (0, 0, (width, height)):
            return self
        image = Image.new("RGB", (width, height), (fill, fill, fill))
        image.paste(self.image, (left, top))
        mask = None
        if self.mask is not None:
            mask = Image.new("L", (width, height), IGNORED)
            mask.paste(self.mask, (left, top))
        moved = replace(self, image=image, mask=mask, boxes=self.boxes + np.tile([left, top], 2))
        return moved.clipped(least)

    def clipped(self, least: float = 0.0) -> Scene:
        """The scene with boxes that end where the image does; those of which less than a share stays are dropped."""
        inside = clipped(self.boxes, *self.image.size)
        stays = area(inside)
        return replace(self, boxes=inside).chosen((stays > 0) & (stays >= least * area(self.boxes)))

    def chosen(self, keep: NDArray[np.bool_]) -> Scene:
        """The scene with some of its boxes."""
        return replace(self, boxes=self.boxes[keep], labels=self.labels[keep], crowd=self.crowd[keep])


def area(boxes: Boxes) -> NDArray[np.float64]:
    """Area of each box; 0 where its edges are the wrong way round."""
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None)
    return np.asarray(sides[:, 0] * sides[:, 1])


def clipped(boxes: Boxes, width: Any, height: Any) -> Boxes:
    """Boxes that end where the image does; width and height are those of all boxes, or of each of them."""
    limits = np.stack(np.broadcast_arrays(width, height, width, height), axis=-1)
    return np.clip(boxes, 0, limits)
