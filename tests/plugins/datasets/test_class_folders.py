"""What `Imagenet` says of folders that are laid out otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from prunekit.core.data import DataError
from prunekit.core.data.splits import Split
from prunekit.plugins.datasets.imagenet import Imagenet

Paint = Callable[..., Path]
EXPECTED = "expected are <data_path>/train/<class>/<image> and the same under val, or <data_path>/<class>/<image>"
ENDINGS = "Images end in .jpg .jpeg .png .ppm .bmp .pgm .tif .tiff .webp"


def refused(folder: Path, split: Split = "train") -> str:
    with pytest.raises(DataError) as caught:
        Imagenet(folder, split)
    return str(caught.value)


def test_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a.tar").touch()
    for name in ("nowhere", "a.tar"):
        assert refused(tmp_path / name) == f"{tmp_path / name} is not a folder; {EXPECTED}"


def test_no_class_folders(tmp_path: Path, paint: Paint) -> None:
    for number in range(3):
        paint(tmp_path / f"{number}.jpg")
    (tmp_path / "notes.txt").touch()
    expected = f"{tmp_path} has no class folders (it holds 0 folders, 3 images, 1 other files); {EXPECTED}"
    assert refused(tmp_path) == expected


def test_one_level_too_high(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "CLS-LOC" / "train" / "n01440764" / "1.JPEG")
    (tmp_path / "CLS-LOC" / "val").mkdir()
    place = tmp_path / "CLS-LOC"
    assert refused(tmp_path) == f"{place} has no image but a folder train; should data_path be {place}?"


def test_a_class_without_images(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "cat" / "1.png")
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / "1.heic").touch()
    assert refused(tmp_path) == (
        f"{tmp_path / 'dog'} has no image (it holds 0 folders, 0 images, 1 other files); if it is a class, put its"
        f" images there, else remove it. {ENDINGS}; {EXPECTED}"
    )


def test_wnids_without_any_image(tmp_path: Path) -> None:
    for wnid in ("n01440764", "n01443537"):
        (tmp_path / wnid).mkdir()
    assert refused(tmp_path).startswith(f"no class folder of {tmp_path} has an image; images end in .jpg")


def test_val_without_train(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "val" / "cat" / "1.png")
    assert refused(tmp_path) == f"{tmp_path} has a folder val but no folder train; {EXPECTED}"


@pytest.mark.parametrize("split", ["train", "val", "test"])  # at once, not when the search has ended
def test_val_as_it_is_downloaded(tmp_path: Path, paint: Paint, split: Split) -> None:
    paint(tmp_path / "train" / "n01440764" / "1.png")
    paint(tmp_path / "val" / "ILSVRC2012_val_00000001.JPEG")
    assert refused(tmp_path, split) == (
        f"{tmp_path / 'val'} has no class folders (it holds 0 folders, 1 images, 0 other files); sort its images into"
        f" folders named as those of train, or take all images from train: data_path: {tmp_path / 'train'}"
    )


def test_train_without_class_folders(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "train" / "1.png")
    paint(tmp_path / "val" / "cat" / "1.png")
    assert refused(tmp_path).startswith(f"{tmp_path / 'train'} has no class folders (it holds 0 folders, 1 images")


def test_a_class_that_training_does_not_know(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "train" / "cat" / "1.png")
    paint(tmp_path / "val" / "dog" / "1.png")
    assert refused(tmp_path, "test") == (
        f"{tmp_path / 'val' / 'dog'} is no class: the training images have no folder dog; remove it"
    )


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paint: Paint) -> None:
    paint(tmp_path / "cat" / "1.png")

    def forbidden(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("os.scandir", forbidden)
    assert re.fullmatch(rf"{tmp_path} cannot be read: Permission denied", refused(tmp_path))
