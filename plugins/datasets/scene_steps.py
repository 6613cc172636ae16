"""Steps that move boxes and masks with an image, and are the same each time or a mirror image.

Their names, and what they mean, are those of torchvision, else of albumentations and the detectors' own programs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias

import numpy as np
from PIL import Image
from pydantic import Field, model_validator

from prunekit.core.data.contract import DataError
from prunekit.plugins.datasets.scene import GREY, Scene
from prunekit.plugins.datasets.transforms import Rng, Side, Size, Step, pair

Grey: TypeAlias = Annotated[int, Field(ge=0, le=255)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Other: TypeAlias = Callable[[np.random.Generator], Scene]
"""Draws another scene of the dataset."""


class SceneStep(Step):
    """A step that has to know of boxes and masks; what is called ``_apply`` in other steps sees the image alone."""

    def moved(self, scene: Scene, rng: Rng, other: Other) -> Scene:
        """The scene after this step.

        Args:
            scene: Before it.
            rng: Varies it; None asks for the plain form.
            other: Draws another scene of the dataset.
        """
        raise NotImplementedError


class Resize(SceneStep):
    """Scale an image (bilinear, antialiased; masks by the nearest pixel).

    Attributes:
        size: Height and width, or the length of the shorter side, and the shape stays.
        max_size: The longer side is at most so long; without ``size`` it is so long.
    """

    type: Literal["Resize"] = "Resize"
    size: Size | None = None
    max_size: Side | None = None

    @model_validator(mode="after")
    def _says_one_size(self) -> Resize:
        if self.size is None and self.max_size is None:
            raise ValueError("Resize needs size or max_size")
        if isinstance(self.size, tuple) and self.max_size is not None:
            raise ValueError("max_size has no effect beside a height and a width; leave one of them out")
        return self

    def moved(self, scene: Scene, rng: Rng, other: Other) -> Scene:  # noqa: D102
        if isinstance(self.size, tuple):
            return scene.scaled(*self.size)
        width, height = scene.image.size
        ratio = math.inf if self.size is None else self.size / min(width, height)
        if self.max_size is not None:
            ratio = min(ratio, self.max_size / max(width, height))
        return scene.scaled(*_scaled_sides(height, width, ratio))


class LetterBox(SceneStep):
    """Scale an image so that it just fits into a size, and put it into the middle of it.

    Attributes:
        size: Of a square, or height and width.
        fill: Grey value of the borders; masks are ignored there.
    """

    type: Literal["LetterBox"] = "LetterBox"
    size: Size
    fill: Grey = GREY

    def moved(self, scene: Scene, rng: Rng, other: Other) -> Scene:  # noqa: D102
        height, width = pair(self.size)
        fitting = fitted(scene, height, width)
        top, left = (height - fitting.image.height) // 2, (width - fitting.image.width) // 2
        return fitting.laid(height, width, top, left, self.fill)


class Pad(SceneStep):
    """Add borders at the right and at the bottom.

    Attributes:
        size: Of a square, or height and width, where the image is smaller.
        size_divisor: Height and width become multiples of this.
        fill: Grey value of the borders; masks are ignored there.
    """

    type: Literal["Pad"] = "Pad"
    size: Size | None = None
    size_divisor: Side = 1
    fill: Grey = GREY

    def moved(self, scene: Scene, rng: Rng, other: Other) -> Scene:  # noqa: D102
        least = (0, 0) if self.size is None else pair(self.size)
        sides = (scene.image.height, scene.image.width)
        height, width = (
            math.ceil(max(side, asked) / self.size_divisor) * self.size_divisor
            for side, asked in zip(sides, least, strict=True)
        )
        return scene.laid(height, width, 0, 0, self.fill)


class RandomHorizontalFlip(SceneStep):
    """Mirror an image with probability ``p``; plain: leave it as it is.

    Attributes:
        p: How probable it is.
    """

    type: Literal["RandomHorizontalFlip"] = "RandomHorizontalFlip"
    p: Share = 0.5

    def moved(self, scene: Scene, rng: Rng, other: Other) -> Scene:  # noqa: D102
        return scene.mirrored() if rng is not None and rng.random() < self.p else scene


class RandomVerticalFlip(SceneStep):
    """Turn an image upside down, as a mirror does, with probability ``p``; plain: leave it as it is.

    Attributes:
        p: How probable it is.
    """

    type: Literal["RandomVerticalFlip"] = "RandomVerticalFlip"
    p: Share = 0.5

    def moved(self, scene: Scene, rng: Rng, other: Other) -> Scene:  # noqa: D102
        return scene.mirrored(upside_down=True) if rng is not None and rng.random() < self.p else scene


def fitted(scene: Scene, height: int, width: int) -> Scene:
    """The scene scaled so that it just fits into a height and a width."""
    ratio = min(height / scene.image.height, width / scene.image.width)
    sides = _scaled_sides(scene.image.height, scene.image.width, ratio)
    return scene.scaled(min(sides[0], height), min(sides[1], width))


def zoomed(scene: Scene, ratio: float) -> Scene:
    """The scene with both sides multiplied by a ratio."""
    return scene.scaled(*_scaled_sides(scene.image.height, scene.image.width, ratio))


def _scaled_sides(height: int, width: int, ratio: float) -> tuple[int, int]:
    sides = max(1, round(height * ratio)), max(1, round(width * ratio))
    if sides[0] * sides[1] > (Image.MAX_IMAGE_PIXELS or math.inf):
        raise DataError(f"{width} x {height} pixels scaled to {sides[1]} x {sides[0]} are too many")
    return sides
