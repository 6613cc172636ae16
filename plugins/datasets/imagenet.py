"""ImageNet, and any other images that lie in class folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from prunekit.core.data.contract import DataError, Sample
from prunekit.core.data.splits import Samples, Split, TrainPortion, permuted, take
from prunekit.plugins.datasets.class_folders import ImageFiles, Layout, class_names
from prunekit.plugins.datasets.imagenet_wnids import INDEX
from prunekit.plugins.datasets.images import read_image
from prunekit.plugins.datasets.set_choice import TestPortion, shared_with_test
from prunekit.plugins.datasets.transforms import (
    MEAN,
    STD,
    Colour,
    Deviation,
    Side,
    Step,
    Transforms,
    transformed,
    usual,
)
from prunekit.registry import Register, RegisterType
from prunekit.registry.errors import one_line

_HELD_OUT = 3000  # images that a search evaluates on, which it keeps decoded on disk: 1.8 GB of 224 x 224


@Register.register(RegisterType.DATASET)
class Imagenet:
    """Images in class folders, as normalized float32 [3, height, width].

    If every folder is named by one of ImageNet's 1,000 wnids, labels are the official class indices, whichever of the
    folders are there; else the folders are sorted by name and numbered.

    Search evaluates on ``val``: images held out of the training part by a fixed permutation
    (`prunekit.core.data.splits.SPLIT_SEED`). No image is in two splits.

    - ``<data_path>/train/<class>/`` and ``<data_path>/val/<class>/``: ``train`` and ``val`` share the images of the
      folder train by ``train_portion``; ``test`` is the folder val.
    - ``<data_path>/<class>/``, or no folder val: ``test`` is a ``test_portion`` of all images; ``train`` and ``val``
      share the others by ``train_portion``. So both 0.5 calibrate and search on one half, and report on the other.

    Args:
        data_path: The folder that holds train and val, or the class folders.
        split: ``train``, ``val`` or ``test``.
        train_portion: Share of the training part that is not held out for ``val``. Of the whole ImageNet 0.99 is
            plenty.
        test_portion: Share of the images that is for ``test`` where there is no folder val: 0.2 if not given.
        samples: At most so many images, drawn evenly from the split. None takes 3,000 for ``val``, enough for a
            search, and all for ``train`` and ``test``.
        image_size: Height and width.
        resize: Length of the shorter side before the middle is cut out; None is 8/7 of ``image_size``.
        mean: Of each colour channel, for values of 0 to 1.
        std: Of each colour channel.
        transforms: Steps in place of the four parameters above, ``[{type: Resize, size: 256}, ...]``. Random ones vary
            in training; elsewhere RandomResizedCrop and RandomCrop cut out the middle, and nothing is flipped.

    Attributes:
        num_classes: 1,000 for wnids, else the number of class folders.

    Raises:
        DataError: The folders are missing or laid out otherwise, an argument is out of its range, or later an image
            is broken.
    """

    targets = "labels"

    def __init__(
        self,
        data_path: Path,
        split: Split,
        train_portion: TrainPortion = 0.9,
        test_portion: TestPortion | None = None,
        samples: Samples | None = None,
        image_size: Side = 224,
        resize: Side | None = None,
        mean: Colour = MEAN,
        std: Deviation = STD,
        transforms: Transforms | None = None,
    ) -> None:
        self._plain, self._varied = _steps(transforms, image_size, resize, mean, std)
        layout = Layout.of(Path(data_path))
        labels = _labels(class_names(layout.train))
        self.num_classes = len(labels)
        folder, classes = layout.train, _present(layout.train, labels)
        if layout.val is not None:
            tested = _present(layout.val, labels)  # in every split: so that a search finds out before it starts
            folder, classes = (layout.val, tested) if split == "test" else (folder, classes)
        files = ImageFiles.listed(folder, classes, sparse=labels is INDEX or folder == layout.val)
        order = permuted(len(files))
        if layout.val is None:
            order = shared_with_test(order, split, test_portion)
        elif test_portion is not None:
            raise DataError(f"test_portion has no effect: {layout.val} is for final figures; leave it out")
        if samples is None and split == "val":
            samples = _HELD_OUT
        self._files = files.take(take(order, split, train_portion, samples))

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int, /) -> Sample:
        return self._sample(index, self._plain, None)

    def augmented(self, index: int, rng: np.random.Generator, /) -> Sample:
        """Read an image and vary it: a random part of it, resized, and half of the time mirrored."""
        return self._sample(index, self._varied, rng)

    def sample_name(self, index: int, /) -> str:
        """Return the path of an image."""
        return str(self._files[index][0])

    def _sample(self, index: int, steps: Sequence[Step], rng: np.random.Generator | None) -> Sample:
        path, label = self._files[index]
        image = read_image(path)
        try:
            return transformed(image, steps, rng), np.int64(label)
        except DataError as problem:
            raise DataError(f"{one_line(path)}: {problem}") from problem


def _labels(names: list[str]) -> dict[str, int]:
    return INDEX if INDEX.keys() >= set(names) else {name: number for number, name in enumerate(names)}


def _present(folder: Path, labels: dict[str, int]) -> dict[str, int]:
    names = class_names(folder)
    for name in names:
        if name not in labels:
            raise DataError(
                f"{one_line(folder / name)} is no class: the training images have no folder {one_line(name)}; remove it"
            )
    return {name: labels[name] for name in names}


def _steps(
    transforms: Any, image_size: int, resize: int | None, mean: Colour, std: Deviation
) -> tuple[Sequence[Step], Sequence[Step]]:
    """The steps of evaluation and those of training."""
    if transforms is not None and (image_size, resize, tuple(mean), tuple(std)) != (224, None, MEAN, STD):
        raise DataError("image_size, resize, mean and std have no effect beside transforms; give the one or the others")
    try:
        if transforms is None:
            return usual(image_size, resize, mean, std)
        steps = TypeAdapter(Transforms).validate_python(transforms)
        return steps, steps
    except ValidationError as problem:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in problem.errors(include_url=False)]
        raise DataError("\n".join(lines)) from problem
