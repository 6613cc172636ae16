"""Images with a mask each, whose pixels are class numbers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from prunekit.core.data.contract import DataError, DataWarning, Sample
from prunekit.core.data.splits import Samples, Split, TrainPortion
from prunekit.plugins.datasets.box_table import class_numbers
from prunekit.plugins.datasets.colour_variations import RandomBrightness
from prunekit.plugins.datasets.images import read_image, read_mask, read_size
from prunekit.plugins.datasets.scene import IGNORED, Scene
from prunekit.plugins.datasets.scene_steps import LetterBox, RandomHorizontalFlip
from prunekit.plugins.datasets.scene_transforms import Preparation, SceneTransforms, Steps
from prunekit.plugins.datasets.scene_variations import RandomScaleCrop
from prunekit.plugins.datasets.segmentation_layouts import Layout
from prunekit.plugins.datasets.set_choice import SetChoice, TestPortion, TestSets
from prunekit.plugins.datasets.transforms import MEAN, STD, Colour, Deviation, Normalize, Size, ToTensor
from prunekit.registry import Register, RegisterType
from prunekit.registry.errors import one_line

Value: TypeAlias = Annotated[int, Field(ge=0, le=255)]
_IMAGE_SIZE = 513
_LOOKED_AT = 500  # masks whose classes are looked at when a dataset is made: about 2 s; the others when they come


@Register.register(RegisterType.DATASET)
class SegmentationFolders:
    """Images with masks, in one of three layouts.

    - CamVid's: ``<data_path>/train/<name>.jpg`` (or png, ...) with ``trainannot/<name>.png``, and the same for val and
      test.
    - PASCAL VOC's: ``JPEGImages``, ``SegmentationClass``, and the names in ``ImageSets/Segmentation/train.txt``,
      val.txt.
    - Cityscapes': ``leftImg8bit/train/<city>/<name>_leftImg8bit.png`` with
      ``gtFine/train/<city>/<name>_gtFine_labelTrainIds.png`` (or labelIds, which are translated), and the same for val.

    A sample is an image float32 [3, height, width] and its mask int64 [height, width]: class numbers, and 255 where a
    pixel counts for nothing, whatever value files have there. Search evaluates on ``val``: images held out of the set
    train by a fixed permutation.

    Args:
        data_path: The folder that is laid out in one of these ways.
        split: ``train``, ``val`` or ``test``.
        classes: Names of the classes in the order of their numbers; if not given, those of the data set that the layout
            is named after.
        ignore_index: The value that stands for no class in the files' masks; None if there is none.
        train_portion: Share of the set train that is not held out for ``val``.
        test_portion: Share of the images that is for ``test`` where the set train is the only one: 0.2 if not given.
        test_sets: The sets that ``test`` takes, ``[val, test]`` for both: if not given the set test, or the set val
            where there is no other.
        samples: At most so many images, drawn evenly from the split. None takes 1,000 for ``val`` and all for
            ``train`` and ``test``.
        image_size: Of a square, or height and width: what a network is given. An image is scaled so that it just fits.
        mean: Of each colour channel, for values of 0 to 1.
        std: Of each colour channel.
        transforms: Steps for image and mask in place of ``image_size``, ``mean`` and ``std``, ``[{type: Resize,
            size: [180, 240]}, ...]``. Random ones vary in training.

    Attributes:
        num_classes: Number of classes.
        class_names: Name of each class.

    Raises:
        DataError: A file is missing or broken, an argument is out of its range, or a class is unknown.
    """

    targets: ClassVar[str] = "masks"
    metric: ClassVar[str] = "mIoU"
    ignore_index: ClassVar[int] = IGNORED

    def __init__(
        self,
        data_path: Path,
        split: Split,
        classes: Sequence[str] | None = None,
        ignore_index: Value | None = IGNORED,
        train_portion: TrainPortion = 0.9,
        test_portion: TestPortion | None = None,
        test_sets: TestSets | None = None,
        samples: Samples | None = None,
        image_size: Size = _IMAGE_SIZE,
        mean: Colour = MEAN,
        std: Deviation = STD,
        transforms: SceneTransforms | None = None,
    ) -> None:
        self._preparation = _steps(transforms, image_size, mean, std)
        layout = Layout.of(Path(data_path))
        self.class_names = tuple(class_numbers(classes, lambda: layout.classes, one_line(data_path)))
        self.num_classes = len(self.class_names)
        if self.num_classes > IGNORED:
            raise DataError(f"classes has {self.num_classes} names; masks of 8 bits tell {IGNORED} apart from none")
        self._numbers, self._ignored = layout.numbers, ignore_index
        choice = SetChoice(split, train_portion, test_portion, test_sets, samples)
        sets = choice.sets(layout.sets, one_line(data_path))
        pairs = [pair for name in sets for pair in layout.sets[name]()]
        if not pairs:
            raise DataError(f"{one_line(data_path)} has no image in {' and '.join(sets)}")
        self._pairs = [pairs[place] for place in choice.order(len(pairs), len(layout.sets) > 1)]
        for image, mask in self._pairs:
            _same_size(read_size(image), read_size(mask), image, mask)
        there = sum(np.array(self._mask(mask).histogram())[: self.num_classes] for _, mask in self._pairs[:_LOOKED_AT])
        _tell_if_all_alike(np.flatnonzero(there), ignore_index, Path(data_path), sets)

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, index: int, /) -> Sample:
        return self._sample(index, None)

    def augmented(self, index: int, rng: np.random.Generator, /) -> Sample:
        """Read an image and its mask and vary both in the same way."""
        return self._sample(index, rng)

    def sample_name(self, index: int, /) -> str:
        """Return the path of an image."""
        return str(self._pairs[index][0])

    def _sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        try:
            made = self._preparation.scene(self._scene(index), rng, self._drawn)
        except DataError as problem:
            raise DataError(f"{one_line(self._pairs[index][0])}: {problem}") from problem
        return made.image, np.asarray(made.mask, dtype=np.int64)

    def _drawn(self, rng: np.random.Generator) -> Scene:
        return self._scene(int(rng.integers(len(self))))

    def _scene(self, index: int) -> Scene:
        path, mask_path = self._pairs[index]
        image, mask = read_image(path), self._mask(mask_path)
        _same_size(image.size, mask.size, path, mask_path)
        return Scene(image, mask=mask)

    def _mask(self, path: Path) -> Image.Image:
        """The mask with the numbers of classes, and 255 for none."""
        mask = read_mask(path)
        there = np.array(mask.histogram()) > 0
        if self._numbers is not None:
            return mask.point(self._numbers.tolist())
        if self._ignored is not None:
            there[self._ignored] = False
        if there[self.num_classes :].any():
            raise DataError(self._unknown(path, np.flatnonzero(there)))
        return mask if self._ignored in (None, IGNORED) else mask.point(_replaced(self._ignored))

    def _unknown(self, path: Path, values: NDArray[np.int64]) -> str:
        wrong = values[values >= self.num_classes].tolist()
        ignored = "no value is ignored" if self._ignored is None else f"{self._ignored} is ignored"
        return (
            f"{one_line(path)} has the value{'s' * (len(wrong) > 1)} {', '.join(map(str, wrong[:5]))}, but classes are"
            f" 0 to {self.num_classes - 1}, and {ignored}; mend ignore_index or classes"
        )


def _tell_if_all_alike(found: NDArray[np.int64], ignored: int | None, folder: Path, sets: Sequence[str]) -> None:
    """Masks of 0 and 255 for background and object would else be taken for background and nothing."""
    if len(found) < 2:
        classes = f"only the class {found[0]} occurs" if len(found) else "no class occurs"
        told = f"{one_line(folder)} ({' and '.join(sets)}): {classes} in the masks"
        warnings.warn(f"{told}; the value {ignored} is ignored, see ignore_index", DataWarning, stacklevel=3)


def _same_size(image_size: tuple[int, int], mask_size: tuple[int, int], image: Path, mask: Path) -> None:
    if image_size != mask_size:
        raise DataError(
            f"{one_line(mask)} has {mask_size[0]} x {mask_size[1]} pixels, but {one_line(image)} has"
            f" {image_size[0]} x {image_size[1]}; they must be the same"
        )


def _replaced(value: int | None) -> list[int]:
    return [IGNORED if each == value else each for each in range(256)]


def _steps(transforms: Any, image_size: Size, mean: Colour, std: Deviation) -> Preparation:
    if isinstance(transforms, (list, tuple)) and (image_size, tuple(mean), tuple(std)) != (_IMAGE_SIZE, MEAN, STD):
        raise DataError("image_size, mean and std have no effect beside transforms; give the one or the others")
    box, last = LetterBox(size=image_size), (ToTensor(), Normalize(mean=mean, std=std))
    varied: Steps = (box, RandomScaleCrop(size=image_size), RandomHorizontalFlip(), RandomBrightness(), *last)
    return Preparation.of(transforms, (box, *last), varied)
