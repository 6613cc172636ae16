"""Images in class folders: where the folders lie, what their labels are, and the paths of very many images."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.contract import DataError
from prunekit.plugins.datasets.images import EXTENSIONS
from prunekit.registry.errors import one_line

_EXPECTED = "expected are <data_path>/train/<class>/<image> and the same under val, or <data_path>/<class>/<image>"


@dataclass(frozen=True)
class Layout:
    """Where class folders lie.

    Attributes:
        train: The folder that holds those of the training images.
        val: The folder that holds those of the images for final figures; None if there is none.
    """

    train: Path
    val: Path | None

    @classmethod
    def of(cls, folder: Path) -> Layout:
        """Find out how a folder is laid out.

        Raises:
            DataError: In none of the known ways.
        """
        if not folder.is_dir():
            raise DataError(f"{one_line(folder)} is not a folder; {_EXPECTED}")
        names = set(class_names(folder))
        parts = names <= {"train", "val", "test"}
        if "train" not in names and "val" in names and parts:
            raise DataError(f"{one_line(folder)} has a folder val but no folder train; {_EXPECTED}")
        if "train" not in names or not (parts or _subfolders(folder / "train")):  # train may be a class among others
            return cls(folder, None)
        class_names(folder / "train")
        if "val" in names and not _subfolders(folder / "val"):
            raise DataError(
                f"{one_line(folder / 'val')} has no class folders ({_contents(folder / 'val')}); sort its images into"
                " folders named as those of train, or take all images from train:"
                f" data_path: {one_line(folder / 'train')}"
            )
        return cls(folder / "train", folder / "val" if "val" in names else None)


def class_names(folder: Path) -> list[str]:
    """Return the names of the class folders, sorted.

    Raises:
        DataError: There is none.
    """
    found = _subfolders(folder)
    if not found:
        raise DataError(f"{one_line(folder)} has no class folders ({_contents(folder)}); {_EXPECTED}")
    return found


class ImageFiles:
    """Paths of images with their labels; a million of them take 35 MB and are pickled at once.

    Args:
        folder: The folder that holds the class folders.
        classes: Names of the class folders.
        labels: The label of each class.
        owners: Of each image, the position of its class.
        names: Of each image, its file name.
    """

    def __init__(
        self,
        folder: Path,
        classes: Sequence[str],
        labels: Sequence[int],
        owners: NDArray[np.int32],
        names: Sequence[bytes],
    ) -> None:
        self._folder, self._classes, self._labels, self._owners = folder, tuple(classes), tuple(labels), owners
        self._text = b"".join(names)
        self._ends = np.cumsum(np.fromiter(map(len, names), np.int64, len(names)))

    @classmethod
    def listed(cls, folder: Path, labels: Mapping[str, int], *, sparse: bool) -> ImageFiles:
        """List the images of the class folders; none is opened, and hidden ones are left out.

        Args:
            folder: The folder that holds the class folders.
            labels: The classes' names and labels.
            sparse: Whether a class may have no image.

        Raises:
            DataError: There is no image, or a class has none.
        """
        names: list[bytes] = []
        counts = []
        for name in labels:
            found = _image_names(folder / name)
            if not found and not sparse:
                raise DataError(_without_images(folder / name))
            names += found
            counts.append(len(found))
        if not names:
            raise DataError(f"no class folder of {one_line(folder)} has an image; images end in {' '.join(EXTENSIONS)}")
        owners = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        return cls(folder, list(labels), list(labels.values()), owners, names)

    def take(self, chosen: NDArray[np.int64]) -> ImageFiles:
        """Return some of the images, in the order asked for."""
        names = [self._name(index) for index in chosen.tolist()]
        return ImageFiles(self._folder, self._classes, self._labels, self._owners[chosen], names)

    def __len__(self) -> int:
        return len(self._owners)

    def __getitem__(self, index: int, /) -> tuple[Path, int]:
        owner = int(self._owners[index])
        return self._folder / self._classes[owner] / os.fsdecode(self._name(index)), self._labels[owner]

    def _name(self, index: int) -> bytes:
        index = range(len(self))[index]
        return self._text[self._ends[index - 1] if index else 0 : self._ends[index]]


def _image_names(folder: Path) -> list[bytes]:
    names = _scan(folder, lambda entry: entry.name.lower().endswith(EXTENSIONS))
    return [os.fsencode(name) for name in names]


def _subfolders(folder: Path) -> list[str]:
    return _scan(folder, os.DirEntry.is_dir)


def _scan(folder: Path, wanted: Callable[[os.DirEntry[str]], bool]) -> list[str]:
    """Names of the wanted entries, sorted; files are not looked at one by one, which takes long for a million."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.name[0] != "." and wanted(entry))
    except OSError as problem:
        raise DataError(f"{one_line(folder)} cannot be read: {problem.strerror}") from problem


def _without_images(folder: Path) -> str:
    if "train" in _subfolders(folder):
        return f"{one_line(folder)} has no image but a folder train; should data_path be {one_line(folder)}?"
    return (
        f"{one_line(folder)} has no image ({_contents(folder)}); if it is a class, put its images there, else remove"
        f" it. Images end in {' '.join(EXTENSIONS)}; {_EXPECTED}"
    )


def _contents(folder: Path) -> str:
    """What a folder holds, for a message."""
    folders = _subfolders(folder)
    images = len(_image_names(folder))
    rest = len(_scan(folder, lambda _: True)) - images - len(folders)
    shown = ", ".join(map(one_line, folders[:3])) + (", ..." if len(folders) > 3 else "")
    return f"it holds {len(folders)} folders{f': {shown}' if folders else ''}, {images} images, {rest} other files"
