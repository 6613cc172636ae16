"""Steps that vary the colours of an image and leave everything where it is."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from prunekit.plugins.datasets.transforms import Rng, Step

_HUES = 256  # Pillow's values around the circle


class RandomHSV(Step):
    """Vary hue, saturation and brightness; plain: leave the image as it is.

    Attributes:
        hgain: Shift the hue by at most this share of the circle, in either direction.
        sgain: Multiply the saturation by 1 minus this to 1 plus this.
        vgain: Multiply the brightness by 1 minus this to 1 plus this.
    """

    type: Literal["RandomHSV"] = "RandomHSV"
    hgain: Annotated[float, Field(ge=0, le=0.5)] = 0.015
    sgain: Annotated[float, Field(ge=0, le=1)] = 0.7
    vgain: Annotated[float, Field(ge=0, le=1)] = 0.4

    def _apply(self, value: Image.Image, rng: Rng) -> Image.Image:
        if rng is None:
            return value
        shift, *factors = rng.uniform(-1, 1, 3) * (self.hgain, self.sgain, self.vgain)
        tables = [(np.arange(_HUES) + round(shift * _HUES)) % _HUES, *(_multiplied(1 + each) for each in factors)]
        return value.convert("HSV").point(np.concatenate(tables).tolist()).convert("RGB")


class RandomBrightness(Step):
    """Multiply all values of an image with one number; plain: leave it as it is.

    Attributes:
        limit: The number is 1 minus this to 1 plus this.
        p: How probable it is.
    """

    type: Literal["RandomBrightness"] = "RandomBrightness"
    limit: Annotated[float, Field(ge=0, le=1)] = 0.2
    p: Annotated[float, Field(ge=0, le=1)] = 0.5

    def _apply(self, value: Image.Image, rng: Rng) -> Image.Image:
        if rng is None or rng.random() >= self.p:
            return value
        return value.point(np.tile(_multiplied(1 + rng.uniform(-1, 1) * self.limit), 3).tolist())


def _multiplied(factor: float) -> NDArray[np.int64]:
    """For each 8-bit value the one that takes its place."""
    return np.asarray(np.rint(np.arange(256) * factor).clip(0, 255), dtype=np.int64)
