"""What every dataset of boxes does once it knows its images: reads them, prepares them, and makes batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from prunekit.core.data.contract import Batch, DataError, Sample
from prunekit.plugins.datasets.box_table import BoxTable
from prunekit.plugins.datasets.colour_variations import RandomHSV
from prunekit.plugins.datasets.images import read_image
from prunekit.plugins.datasets.scene import Scene, area
from prunekit.plugins.datasets.scene_steps import LetterBox, RandomHorizontalFlip
from prunekit.plugins.datasets.scene_transforms import Preparation, Steps
from prunekit.plugins.datasets.scene_variations import Mosaic, RandomAffine
from prunekit.plugins.datasets.transforms import Colour, Deviation, Normalize, Size, ToTensor
from prunekit.registry.errors import one_line

IMAGE_SIZE = 640
NO_MEAN, NO_STD = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


class DetectionImages:
    """Images with boxes.

    A sample is an image float32 [3, height, width] and a dict: ``boxes`` float32 [n, 4] (left, top, right and bottom
    edge in pixels of that image), ``labels`` int64 [n], ``image_id``, ``area`` float32 [n] (of the boxes), ``iscrowd``
    int64 [n], ``size`` int64 [2] (height and width of the file's image). A batch is the images [N, 3, height, width],
    those that are smaller padded at the right and at the bottom, and the list of the dicts.

    Args:
        images: All images of the sets that the split takes from.
        chosen: Which of them it takes.
        class_names: Name of each class.
        preparation: What happens to an image.
        pad_multiple: Height and width of a batch whose images differ in size are multiples of this.

    Attributes:
        num_classes: Number of classes, the background not counted.
        class_names: Name of each class.
    """

    targets: ClassVar[str] = "boxes"
    metric: ClassVar[str] = "mAP"

    def __init__(
        self,
        images: BoxTable,
        chosen: NDArray[np.int64],
        class_names: Sequence[str],
        preparation: Preparation,
        pad_multiple: int,
    ) -> None:
        self.class_names, self.num_classes = tuple(class_names), len(class_names)
        self._images, self._chosen, self._preparation = images, chosen, preparation
        self._pad_multiple, self._border = pad_multiple, preparation.border()

    def __len__(self) -> int:
        return len(self._chosen)

    def __getitem__(self, index: int, /) -> Sample:
        return self._sample(index, None)

    def augmented(self, index: int, rng: np.random.Generator, /) -> Sample:
        """Read an image and vary it; boxes of crowds, which are nothing to learn from, are left out."""
        return self._sample(index, rng)

    def sample_name(self, index: int, /) -> str:
        """Return the path of an image."""
        return str(self._images[int(self._chosen[index])].path)

    def collate(self, samples: Sequence[Sample], /) -> Batch:
        """Put images in the top left corner of what holds the largest of them; the targets stay a list."""
        images = [image for image, _ in samples]
        shapes = np.array([image.shape for image in images])
        targets = [target for _, target in samples]
        if (shapes == shapes[0]).all():
            return np.stack(images), targets
        height, width = -(-shapes[:, 1:].max(axis=0) // self._pad_multiple) * self._pad_multiple
        batch = np.empty((len(images), 3, height, width), np.float32)
        batch[:] = self._border
        for place, image in zip(batch, images, strict=True):
            place[:, : image.shape[1], : image.shape[2]] = image
        return batch, targets

    def _sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        place = int(self._chosen[index])
        scene = self._scene(place)
        width, height = scene.image.size
        if rng is not None:
            scene = scene.chosen(scene.crowd == 0)
        try:
            made = self._preparation.scene(scene, rng, self._drawn)
        except DataError as problem:
            raise DataError(f"{one_line(self._images[place].path)}: {problem}") from problem
        target: dict[str, Any] = {
            "boxes": made.boxes.astype(np.float32),
            "labels": made.labels,
            "image_id": self._images[place].number,
            "area": area(made.boxes).astype(np.float32),
            "iscrowd": made.crowd,
            "size": np.array([height, width]),
        }
        return made.image, target

    def _drawn(self, rng: np.random.Generator) -> Scene:
        scene = self._scene(int(self._chosen[rng.integers(len(self))]))
        return scene.chosen(scene.crowd == 0)

    def _scene(self, place: int) -> Scene:
        entry = self._images[place]
        image: Image.Image = read_image(entry.path)
        if image.size != entry.size:
            raise DataError(
                f"{one_line(entry.path)} has {image.width} x {image.height} pixels, but its boxes were made for"
                f" {entry.size[0]} x {entry.size[1]}; mend the size in the annotations, or scale the image"
            )
        return Scene(image, np.asarray(entry.boxes), np.asarray(entry.labels), np.asarray(entry.crowd))


def detection_steps(transforms: Any, image_size: Size, mean: Colour, std: Deviation) -> Preparation:
    """What happens to images for a detector.

    Args:
        transforms: By the user; None takes `LetterBox`, and in training before it a `Mosaic` half of the time,
            `RandomAffine`, and after it `RandomHSV` and a mirror image half of the time.
        image_size: Of what a network is given.
        mean: Of each colour channel.
        std: Of each colour channel.

    Raises:
        DataError: A parameter has no effect beside ``transforms``, or they are none.
    """
    if isinstance(transforms, (list, tuple)) and (image_size, tuple(mean), tuple(std)) != (IMAGE_SIZE, NO_MEAN, NO_STD):
        raise DataError("image_size, mean and std have no effect beside transforms; give the one or the others")
    box, last = LetterBox(size=image_size), (ToTensor(), Normalize(mean=mean, std=std))
    moving = (Mosaic(size=image_size, p=0.5), RandomAffine(translate=(0.1, 0.1), scale=(0.6, 1.4)))
    varied: Steps = (*moving, box, RandomHSV(), RandomHorizontalFlip(), *last)
    return Preparation.of(transforms, (box, *last), varied)
