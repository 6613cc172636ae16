"""What happens to an image on its way into a network, as a yml lists it: ``transforms: [{type: Resize, size: 256}]``.

Every step has a plain form, always the same, and random ones vary in training. The steps calculate what those of
torchvision do that have the same names, to the last bit; but random numbers come from the generator that is passed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field

from prunekit.core.config.typed_block import given_params
from prunekit.core.data.contract import DataError
from prunekit.registry import did_you_mean

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, for values of 0 to 1
_TRIES = 10  # at a random part that fits, as torchvision


def ascending(limits: tuple[float, float]) -> tuple[float, float]:
    """The two limits, of which the lower one comes first."""
    if limits[0] > limits[1]:
        raise ValueError(f"{list(limits)}: the lower limit comes first")
    return limits


Side: TypeAlias = Annotated[int, Field(ge=1, le=4096)]
Size: TypeAlias = Side | tuple[Side, Side]  # of a square, or height and width
Positive: TypeAlias = Annotated[float, Field(gt=0)]
Colour: TypeAlias = tuple[float, float, float]
Deviation: TypeAlias = tuple[Positive, Positive, Positive]
Range: TypeAlias = Annotated[tuple[Positive, Positive], AfterValidator(ascending)]
Rng: TypeAlias = np.random.Generator | None  # None asks for the plain form


class Step(BaseModel):
    """One step."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def _apply(self, value: Any, rng: Rng) -> Any:
        raise NotImplementedError


class Resize(Step):
    """Scale an image (bilinear, antialiased); one number is the length of the shorter side, and the shape stays.

    Attributes:
        size: Length of the shorter side, or height and width.
    """

    type: Literal["Resize"] = "Resize"
    size: Size

    def _apply(self, value: Image.Image, rng: Rng) -> Image.Image:
        if isinstance(self.size, tuple):
            return _scaled(value, *self.size)
        longer = int(self.size * max(value.size) / min(value.size))
        if self.size * longer > (Image.MAX_IMAGE_PIXELS or math.inf):
            raise DataError(f"{value.width} x {value.height} pixels scaled to {self.size} x {longer} are too many")
        return _scaled(value, longer, self.size) if value.height > value.width else _scaled(value, self.size, longer)


class CenterCrop(Step):
    """Cut out the middle; an image that is too small gets black borders.

    Attributes:
        size: Of a square, or height and width.
    """

    type: Literal["CenterCrop"] = "CenterCrop"
    size: Size

    def _apply(self, value: Image.Image, rng: Rng) -> Image.Image:
        height, width = pair(self.size)
        left, top = _middle(value.width, width), _middle(value.height, height)
        return value.crop((left, top, left + width, top + height))


class RandomCrop(Step):
    """Cut out a part at random, after adding black borders of ``padding`` pixels; plain: the middle.

    Attributes:
        size: Of a square, or height and width.
        padding: Pixels of black border on each side.
    """

    type: Literal["RandomCrop"] = "RandomCrop"
    size: Size
    padding: Annotated[int, Field(ge=0, le=4096)] = 0

    def _apply(self, value: Image.Image, rng: Rng) -> Image.Image:
        if rng is None:
            return CenterCrop(size=self.size)._apply(value, rng)
        height, width = pair(self.size)
        left, top = self._start(value.width, width, rng), self._start(value.height, height, rng)
        return value.crop((left, top, left + width, top + height))

    def _start(self, side: int, cut: int, rng: np.random.Generator) -> int:
        room = side + 2 * self.padding - cut
        return int(rng.integers(room + 1)) - self.padding if room >= 0 else _middle(side, cut)


class RandomResizedCrop(Step):
    """Cut out a part of random place, area and shape, and scale it; plain: `Resize` to 8/7 of the size, `CenterCrop`.

    Attributes:
        size: Height and width of what comes out.
        scale: Least and greatest area of the part, as a share of the image.
        ratio: Least and greatest ratio of its width to its height.
    """

    type: Literal["RandomResizedCrop"] = "RandomResizedCrop"
    size: Side
    scale: Range = (0.08, 1.0)
    ratio: Range = (3 / 4, 4 / 3)

    def _apply(self, value: Image.Image, rng: Rng) -> Image.Image:
        if rng is None:
            whole = Resize(size=_before_crop(self.size))._apply(value, rng)
            return CenterCrop(size=self.size)._apply(whole, rng)
        width, height = self._part(*value.size, rng)
        left, top = (int(start) for start in rng.integers((value.width - width + 1, value.height - height + 1)))
        return _scaled(value.crop((left, top, left + width, top + height)), self.size, self.size)

    def _part(self, width: int, height: int, rng: np.random.Generator) -> tuple[int, int]:
        narrow, wide = self.ratio
        for _ in range(_TRIES):
            area = width * height * rng.uniform(*self.scale)
            ratio = math.exp(rng.uniform(math.log(narrow), math.log(wide)))
            part = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < part[0] <= width and 0 < part[1] <= height:
                return part
        # an image too long for that: the largest part of an allowed shape
        return max(1, min(width, round(height * wide))), max(1, min(height, round(width / narrow)))


class RandomHorizontalFlip(Step):
    """Mirror an image with probability ``p``; plain: leave it as it is.

    Attributes:
        p: How probable it is.
    """

    type: Literal["RandomHorizontalFlip"] = "RandomHorizontalFlip"
    p: Annotated[float, Field(ge=0, le=1)] = 0.5

    def _apply(self, value: Image.Image, rng: Rng) -> Image.Image:
        flip = rng is not None and rng.random() < self.p
        return value.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flip else value


class ToTensor(Step):
    """Turn an image into a float32 array [3, height, width] of values from 0 to 1."""

    type: Literal["ToTensor"] = "ToTensor"

    def _apply(self, value: Image.Image, rng: Rng) -> NDArray[np.float32]:
        channels = np.ascontiguousarray(np.asarray(value).transpose(2, 0, 1))
        return channels.astype(np.float32) / np.float32(255)


class Normalize(Step):
    """Subtract the mean of each colour channel and divide by its deviation.

    Attributes:
        mean: Of each colour channel, for values of 0 to 1.
        std: Of each colour channel.
    """

    type: Literal["Normalize"] = "Normalize"
    mean: Colour = MEAN
    std: Deviation = STD

    def _apply(self, value: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
        mean, std = (np.asarray(numbers, dtype=np.float32)[:, None, None] for numbers in (self.mean, self.std))
        return (value - mean) / std


def tidied(kinds: Sequence[type[Step]]) -> Callable[[Any], Any]:
    """For a list of steps: brings vega's ``{type, params: {size: 256}}`` to ``{type, size: 256}``.

    Args:
        kinds: The steps that there are; for any other name the nearest of theirs is told.
    """

    def tidy(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        name, known = value.get("type"), [step.__name__ for step in kinds]
        if name not in known:
            what = "the transform has no type" if name is None else f"no transform {name!r}"
            raise ValueError(f"{what}.{did_you_mean(name, known) or ' There are ' + ', '.join(known)}")
        params = given_params(value)
        if not isinstance(params, (Mapping, type(None))):
            raise ValueError(f"params of {name} must be a block of keys, not {params!r}")
        return {"type": name, **(params or {})}

    return tidy


def in_order(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps, of which one turns the image into an array, and only those of arrays come after it.

    Raises:
        ValueError: They stand in another order.
    """
    names = [type(step).__name__ for step in steps]
    if names.count("ToTensor") != 1:
        raise ValueError(f"transforms need ToTensor once, they have it {names.count('ToTensor')} times")
    tensor = names.index("ToTensor")
    for place, name in enumerate(names):
        if place != tensor and (place > tensor) != (name == "Normalize"):
            raise ValueError(f"{name} must come {'before' if place > tensor else 'after'} ToTensor")
    return steps


AnyStep: TypeAlias = Annotated[
    Resize | CenterCrop | RandomCrop | RandomResizedCrop | RandomHorizontalFlip | ToTensor | Normalize,
    Discriminator("type"),
    BeforeValidator(
        tidied((Resize, CenterCrop, RandomCrop, RandomResizedCrop, RandomHorizontalFlip, ToTensor, Normalize))
    ),
]
Transforms: TypeAlias = Annotated[tuple[AnyStep, ...], AfterValidator(in_order)]


def transformed(image: Image.Image, steps: Sequence[Step], rng: np.random.Generator | None = None) -> Any:
    """Apply the steps one after the other: varied by ``rng`` where they can, or all plain if it is None.

    Raises:
        DataError: The image cannot be brought to that form.
    """
    value: Any = image
    for step in steps:
        value = step._apply(value, rng)
    return value


def usual(
    image_size: int, resize: int | None, mean: Colour, std: Deviation
) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """The steps that networks for ImageNet are evaluated with, and those that they are trained with.

    Args:
        image_size: Height and width of what a network is given.
        resize: Length of the shorter side before the middle is cut out; None is 8/7 of ``image_size``.
        mean: Of each colour channel.
        std: Of each colour channel.

    Raises:
        DataError: ``resize`` is smaller than ``image_size``.
    """
    shorter = _before_crop(image_size) if resize is None else resize
    if shorter < image_size:
        raise DataError(f"resize is {shorter}; it must be at least image_size, {image_size}")
    last = (ToTensor(), Normalize(mean=mean, std=std))
    plain = (Resize(size=shorter), CenterCrop(size=image_size), *last)
    return plain, (RandomResizedCrop(size=image_size), RandomHorizontalFlip(), *last)


def _before_crop(size: int) -> int:
    return round(size * 8 / 7)  # 256 for 224


def _scaled(image: Image.Image, height: int, width: int) -> Image.Image:
    return image if image.size == (width, height) else image.resize((width, height), Image.Resampling.BILINEAR)


def pair(size: Size) -> tuple[int, int]:
    """Height and width."""
    return size if isinstance(size, tuple) else (size, size)


def _middle(side: int, cut: int) -> int:
    return round((side - cut) / 2) if side >= cut else -((cut - side) // 2)
