"""What happens to images, boxes and masks on their way into a network, as a yml lists it, or by an object of a user's.

``transforms: [{type: LetterBox, size: 320}, {type: ToTensor}]``. Every step has a plain form, always the same, and
random ones vary in training. Random numbers come from the generator that is passed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import AfterValidator, BeforeValidator, Discriminator, TypeAdapter, ValidationError

from prunekit.core.data.contract import DataError
from prunekit.plugins.datasets.colour_variations import RandomBrightness, RandomHSV
from prunekit.plugins.datasets.scene import GREY, Scene
from prunekit.plugins.datasets.scene_steps import (
    LetterBox,
    Other,
    Pad,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    Resize,
    SceneStep,
)
from prunekit.plugins.datasets.scene_variations import Mosaic, RandomAffine, RandomScaleCrop
from prunekit.plugins.datasets.transforms import Normalize, Rng, Step, ToTensor, in_order, tidied, transformed
from prunekit.registry.errors import described

_KINDS = (
    Resize, LetterBox, Pad, RandomHorizontalFlip, RandomVerticalFlip, RandomScaleCrop, RandomAffine, Mosaic, RandomHSV,
    RandomBrightness, ToTensor, Normalize,
)  # fmt: skip
AnySceneStep: TypeAlias = Annotated[
    Resize
    | LetterBox
    | Pad
    | RandomHorizontalFlip
    | RandomVerticalFlip
    | RandomScaleCrop
    | RandomAffine
    | Mosaic
    | RandomHSV
    | RandomBrightness
    | ToTensor
    | Normalize,
    Discriminator("type"),
    BeforeValidator(tidied(_KINDS)),
]
SceneTransforms: TypeAlias = Annotated[tuple[AnySceneStep, ...], AfterValidator(in_order)]
Steps: TypeAlias = Sequence[Step]


@dataclass(frozen=True)
class Preparation:
    """Makes of what a file holds what a network is given.

    Attributes:
        plain: The steps of evaluation.
        varied: Those of training.
        own: An object of a user's that varies an image before the steps, in training only: it is called with ``image=``
            (uint8 [height, width, 3]), and ``bboxes=`` (left, top, right, bottom, label) or ``mask=``, and returns a
            dict of them. One that has ``set_random_seed`` is given a seed for each image.
    """

    plain: Steps
    varied: Steps
    own: Callable[..., Any] | None = None

    @classmethod
    def of(cls, transforms: Any, plain: Steps, varied: Steps) -> Preparation:
        """What a dataset's parameter asks for.

        Args:
            transforms: Steps, an object that varies images before the plain ones, or None.
            plain: The steps of evaluation where it says none.
            varied: Those of training.

        Raises:
            DataError: It is neither.
        """
        if transforms is None:
            return cls(plain, varied)
        if callable(transforms):
            return cls(plain, plain, transforms)
        try:
            steps = TypeAdapter(SceneTransforms).validate_python(transforms)
        except ValidationError as problem:
            lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in problem.errors(include_url=False)]
            raise DataError("\n".join(lines)) from problem
        return cls(steps, steps)

    def scene(self, scene: Scene, rng: Rng, other: Other) -> Scene:
        """A scene whose image is float32 [3, height, width]: varied by ``rng``, or plain where it is None.

        Raises:
            DataError: It cannot be brought to that form, or a user's object raises or returns something else.
        """
        if rng is None:
            return _prepared(scene, self.plain, None, other)
        if self.own is not None:
            scene = _changed(scene, self.own, rng)
        return _prepared(scene, self.varied, rng, other)

    def border(self) -> NDArray[np.float32]:
        """What the grey around an image becomes, [3, 1, 1]."""
        pixel = Image.new("RGB", (1, 1), (GREY,) * 3)
        tensor = next(place for place, step in enumerate(self.plain) if isinstance(step, ToTensor))
        return np.asarray(transformed(pixel, self.plain[tensor:]), dtype=np.float32)


def _prepared(scene: Scene, steps: Steps, rng: Rng, other: Other) -> Scene:
    for step in steps:
        if isinstance(step, SceneStep):
            scene = step.moved(scene, rng, other)
        else:
            scene = replace(scene, image=transformed(scene.image, [step], rng))
    return scene


def _changed(scene: Scene, own: Callable[..., Any], rng: np.random.Generator) -> Scene:
    """The scene as a user's object changes it."""
    given: dict[str, Any] = {"image": np.asarray(scene.image)}
    if scene.mask is None:
        given["bboxes"] = [
            (*box, label) for box, label in zip(scene.boxes.tolist(), scene.labels.tolist(), strict=True)
        ]
    else:
        given["mask"] = np.asarray(scene.mask)
    name = type(own).__name__
    try:
        seeded = getattr(own, "set_random_seed", None)
        if seeded is not None:
            seeded(int(rng.integers(2**31)))
        made = own(**given)
    except Exception as problem:  # its author's code
        raise DataError(f"transforms ({name}): {described(problem)}") from problem
    if not isinstance(made, Mapping) or not given.keys() <= made.keys():
        raise DataError(f"transforms ({name}) must return a dict with {' and '.join(given)}")
    image = np.asarray(made["image"])
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise DataError(
            f"transforms ({name}) must return the image as uint8 [height, width, 3], not {image.dtype}"
            f" {list(image.shape)}: scaling to 0 to 1 and Normalize come after it"
        )
    picture = Image.fromarray(image)
    if scene.mask is not None:
        mask = np.asarray(made["mask"], dtype=np.uint8)
        if mask.shape != image.shape[:2]:
            raise DataError(f"transforms ({name}): the mask {list(mask.shape)} is not of the image's size")
        return Scene(picture, mask=Image.fromarray(mask))
    rows = np.asarray([tuple(row)[:5] for row in made["bboxes"]], dtype=np.float64).reshape(-1, 5)
    labels = rows[:, 4].astype(np.int64)
    return Scene(picture, rows[:, :4], labels, np.zeros_like(labels)).clipped()
