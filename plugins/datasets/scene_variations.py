"""Steps that vary where things are in an image; boxes and masks follow."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import AfterValidator, Field

from prunekit.plugins.datasets.scene import GREY, IGNORED, Boxes, Scene
from prunekit.plugins.datasets.scene_steps import Grey, LetterBox, Other, SceneStep, Share, fitted, zoomed
from prunekit.plugins.datasets.transforms import Range, Rng, Size, ascending, pair

_Shares: TypeAlias = Annotated[tuple[Share, Share], AfterValidator(ascending)]


class _Cutting(SceneStep):
    """A step that cuts boxes.

    Attributes:
        fill: Grey value of what no image covers; masks are ignored there.
        min_visibility: Boxes of which less than this share stays are dropped.
    """

    fill: Grey = GREY
    min_visibility: Share = 0.1


class RandomScaleCrop(_Cutting):
    """Scale an image at random and cut out a part of a fixed size; plain: `LetterBox`, all of it in that size.

    Attributes:
        size: Of a square, or height and width.
        scale: Least and greatest factor of both sides.
        fill: Grey value of what no image covers; masks are ignored there.
        min_visibility: Boxes of which less than this share stays are dropped.
    """

    type: Literal["RandomScaleCrop"] = "RandomScaleCrop"
    size: Size
    scale: Range = (0.5, 2.0)

    def moved(self, scene: Scene, rng: Rng, other: Other) -> Scene:  # noqa: D102
        if rng is None:
            return LetterBox(size=self.size, fill=self.fill).moved(scene, rng, other)
        height, width = pair(self.size)
        larger = zoomed(scene, rng.uniform(*self.scale))
        top, left = _start(larger.image.height, height, rng), _start(larger.image.width, width, rng)
        return larger.laid(height, width, top, left, self.fill, self.min_visibility)


class RandomAffine(_Cutting):
    """Turn, shift, scale and slant an image around its middle, all at random; plain: leave it as it is.

    Attributes:
        degrees: Turn by at most so many degrees, in either direction.
        translate: Shift by at most these shares of width and height.
        scale: Least and greatest factor of both sides.
        shear: Slant by at most so many degrees, in either direction.
        fill: Grey value of what no image covers; masks are ignored there.
        min_visibility: Boxes of which less than this share stays are dropped.
    """

    type: Literal["RandomAffine"] = "RandomAffine"
    degrees: Annotated[float, Field(ge=0, le=180)] = 0.0
    translate: tuple[Share, Share] = (0.0, 0.0)
    scale: Range = (1.0, 1.0)
    shear: Annotated[float, Field(ge=0, le=80)] = 0.0

    def moved(self, scene: Scene, rng: Rng, other: Other) -> Scene:  # noqa: D102
        if rng is None:
            return scene
        size = scene.image.size
        forward = self._drawn(size[0], size[1], rng)
        back = tuple(np.linalg.inv(forward)[:2].ravel())
        way, grey = Image.Transform.AFFINE, (self.fill,) * 3
        image = scene.image.transform(size, way, back, Image.Resampling.BILINEAR, fillcolor=grey)
        mask = scene.mask and scene.mask.transform(size, way, back, Image.Resampling.NEAREST, fillcolor=IGNORED)
        turned = replace(scene, image=image, mask=mask, boxes=_around(scene.boxes, forward))
        return turned.clipped(self.min_visibility)

    def _drawn(self, width: int, height: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Where a point of the image goes, as a matrix for (x, y, 1)."""
        angle, slant = np.radians(rng.uniform(-1, 1, 2) * (self.degrees, self.shear))
        shift = rng.uniform(-1, 1, 2) * self.translate * (width, height)
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        linear = turn @ np.array([[1, math.tan(slant)], [0, 1]]) * rng.uniform(*self.scale)
        middle = np.array([width, height]) / 2
        matrix = np.eye(3)
        matrix[:2, :2], matrix[:2, 2] = linear, middle + shift - linear @ middle
        return matrix


class Mosaic(_Cutting):
    """Put four images around a point, three of them drawn from the dataset; plain: leave the image as it is.

    Each is scaled as `LetterBox` does, so that it just fits into the size, and cut where it goes beyond.

    Attributes:
        size: Of a square, or height and width.
        center_range: Where the point may be, as shares of height and width.
        p: How probable it is; otherwise the image is left as it is.
        fill: Grey value of what no image covers; masks are ignored there.
        min_visibility: Boxes of which less than this share stays are dropped.
    """

    type: Literal["Mosaic"] = "Mosaic"
    size: Size
    center_range: _Shares = (0.25, 0.75)
    p: Share = 1.0

    def moved(self, scene: Scene, rng: Rng, other: Other) -> Scene:  # noqa: D102
        if rng is None or rng.random() >= self.p:
            return scene
        height, width = pair(self.size)
        low, high = self.center_range
        y, x = (round(side * rng.uniform(low, high)) for side in (height, width))
        canvas = Scene(Image.new("RGB", (width, height), (self.fill,) * 3))
        if scene.mask is not None:
            canvas = replace(canvas, mask=Image.new("L", (width, height), IGNORED))
        for place in range(4):
            part = fitted(scene if not place else other(rng), height, width)
            down, right = divmod(place, 2)
            top, left = (y if down else y - part.image.height), (x if right else x - part.image.width)
            corner = (x if right else 0, y if down else 0, width if right else x, height if down else y)
            canvas = self._with(canvas, part, (left, top), corner)
        return canvas

    def _with(self, canvas: Scene, part: Scene, start: tuple[int, int], corner: tuple[int, int, int, int]) -> Scene:
        """The canvas with a part in one of its corners."""
        left, top = start
        area = corner[3] - corner[1], corner[2] - corner[0]
        if not all(area):
            return canvas
        placed = part.laid(*area, top - corner[1], left - corner[0], self.fill, self.min_visibility)
        canvas.image.paste(placed.image, corner[:2])
        if canvas.mask is not None and placed.mask is not None:
            canvas.mask.paste(placed.mask, corner[:2])
        return replace(
            canvas,
            boxes=np.concatenate([canvas.boxes, placed.boxes + np.tile(corner[:2], 2)]),
            labels=np.concatenate([canvas.labels, placed.labels]),
            crowd=np.concatenate([canvas.crowd, placed.crowd]),
        )


def _start(side: int, cut: int, rng: np.random.Generator) -> int:
    """Where a side starts on a canvas: anywhere that covers the canvas, or that lies in it."""
    room = cut - side
    return int(rng.integers(min(room, 0), max(room, 0) + 1))


def _around(boxes: Boxes, matrix: NDArray[np.float64]) -> Boxes:
    """The upright boxes around boxes that were moved by a matrix."""
    corners: Any = boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]] @ matrix[:2, :2].T + matrix[:2, 2]
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
