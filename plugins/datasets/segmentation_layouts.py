"""How folders of images and masks are laid out, and which classes the well-known ones have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.contract import DataError
from prunekit.plugins.datasets.image_lists import found_images, listed_names
from prunekit.plugins.datasets.scene import IGNORED
from prunekit.registry.errors import one_line

Pairs: TypeAlias = list[tuple[Path, Path]]
"""Images and their masks."""

CAMVID = (
    "sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian", "bicyclist",
)  # fmt: skip
VOC = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
CITYSCAPES = (
    "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation", "terrain",
    "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
)  # fmt: skip
_CITYSCAPES_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)  # in files, of those
_EXPECTED = (
    "expected is one of: train with trainannot; JPEGImages, SegmentationClass and ImageSets/Segmentation/train.txt;"
    " leftImg8bit/train with gtFine/train; and the same for val"
)


@dataclass(frozen=True)
class Layout:
    """How a folder is laid out.

    Attributes:
        sets: For each set there is, what lists its images and masks.
        classes: The classes of the data set that the layout is named after.
        numbers: The class of each value in a mask, where files have others; None where they are the same.
    """

    sets: Mapping[str, Callable[[], Pairs]]
    classes: tuple[str, ...]
    numbers: NDArray[np.uint8] | None = None

    @classmethod
    def of(cls, folder: Path) -> Layout:
        """Find out how a folder is laid out.

        Raises:
            DataError: In none of the known ways.
        """
        if (folder / "leftImg8bit").is_dir():
            return _cityscapes(folder)
        if (folder / "SegmentationClass").is_dir():
            return _voc(folder)
        sets = {name: _camvid(folder, name) for name in ("train", "val", "test") if (folder / name).is_dir()}
        if not sets or not (folder / "trainannot").is_dir():
            raise DataError(f"{one_line(folder)} holds no images with masks; {_EXPECTED}")
        return cls(sets, CAMVID)


def _camvid(folder: Path, name: str) -> Callable[[], Pairs]:
    return lambda: _paired(found_images(folder / name), found_images(folder / f"{name}annot"))


def _voc(folder: Path) -> Layout:
    lists = folder / "ImageSets" / "Segmentation"

    def listed(path: Path) -> Pairs:
        names = listed_names(path)
        images, masks = found_images(folder / "JPEGImages"), found_images(folder / "SegmentationClass")
        missing = [name for name in names if name not in images]
        if missing:
            raise DataError(f"{one_line(path)} lists {one_line(missing[0])}, which JPEGImages does not have")
        return _paired({name: images[name] for name in names}, masks, path)

    def of(path: Path) -> Callable[[], Pairs]:
        return lambda: listed(path)

    found = {name: lists / f"{name}.txt" for name in ("train", "val", "test")}
    return Layout({name: of(path) for name, path in found.items() if path.is_file()}, VOC)


def _cityscapes(folder: Path) -> Layout:
    """The masks of its test images are not public, so there is no such set."""
    suffix = "labelIds"
    if next((folder / "gtFine").glob("train/*/*_gtFine_labelTrainIds.png"), None) is not None:
        suffix = "labelTrainIds"

    def listed(name: str) -> Pairs:
        pairs = []
        for image in sorted((folder / "leftImg8bit" / name).glob("*/*_leftImg8bit.png")):
            stem = image.name.removesuffix("_leftImg8bit.png")
            mask = folder / "gtFine" / name / image.parent.name / f"{stem}_gtFine_{suffix}.png"
            if not mask.is_file():
                raise DataError(f"{one_line(image)} has no mask {one_line(mask)}")
            pairs.append((image, mask))
        return pairs

    def of(name: str) -> Callable[[], Pairs]:
        return lambda: listed(name)

    sets = {name: of(name) for name in ("train", "val") if (folder / "leftImg8bit" / name).is_dir()}
    numbers = np.full(256, IGNORED, np.uint8)
    numbers[list(_CITYSCAPES_IDS)] = np.arange(len(_CITYSCAPES_IDS))
    return Layout(sets, CITYSCAPES, numbers if suffix == "labelIds" else None)


def _paired(images: Mapping[str, Path], masks: Mapping[str, Path], where: Path | None = None) -> Pairs:
    for name, image in images.items():
        if name not in masks:
            raise DataError(f"{one_line(image)} has no mask of its name{f' ({one_line(where)})' if where else ''}")
    if where is None:
        for name, mask in masks.items():
            if name not in images:
                raise DataError(f"{one_line(mask)} has no image of its name")
    return [(image, masks[name]) for name, image in images.items()]
