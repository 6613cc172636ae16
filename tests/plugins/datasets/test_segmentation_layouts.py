from __future__ import annotations

from pathlib import Path

import pytest

from prunekit.core.data import DataError
from prunekit.plugins.datasets.segmentation_layouts import CAMVID, CITYSCAPES, VOC, Layout


def made(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def pairs(folder: Path) -> dict[str, list[tuple[str, str]]]:
    sets = Layout.of(folder).sets
    return {
        name: [(str(image.relative_to(folder)), str(mask.relative_to(folder))) for image, mask in listed()]
        for name, listed in sets.items()
    }


def test_the_layout_of_camvid(tmp_path: Path) -> None:
    made(tmp_path, "train/a.jpg", "trainannot/a.png", "train/b.png", "trainannot/b.png", "val/c.jpg", "valannot/c.png")
    assert pairs(tmp_path) == {
        "train": [("train/a.jpg", "trainannot/a.png"), ("train/b.png", "trainannot/b.png")],
        "val": [("val/c.jpg", "valannot/c.png")],
    }
    assert Layout.of(tmp_path).classes == CAMVID and len(CAMVID) == 11


def test_the_layout_of_voc(tmp_path: Path) -> None:
    made(tmp_path, *(f"JPEGImages/{n}.jpg" for n in "abc"), *(f"SegmentationClass/{n}.png" for n in "ab"))
    lists = tmp_path / "ImageSets/Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("b\n")
    (lists / "val.txt").write_text("a\n")
    assert pairs(tmp_path) == {
        "train": [("JPEGImages/b.jpg", "SegmentationClass/b.png")],
        "val": [("JPEGImages/a.jpg", "SegmentationClass/a.png")],
    }
    assert Layout.of(tmp_path).classes == VOC and len(VOC) == 21
    (lists / "val.txt").write_text("c\n")
    with pytest.raises(DataError, match=r"c\.jpg has no mask of its name \(.*val\.txt\)"):
        pairs(tmp_path)
    (lists / "val.txt").write_text("d\n")
    with pytest.raises(DataError, match=r"val\.txt lists d, which JPEGImages does not have"):
        pairs(tmp_path)


def test_the_layout_of_cityscapes(tmp_path: Path) -> None:
    for name in ("train/aachen/a", "train/bochum/b", "val/ulm/u", "test/bonn/t"):
        made(tmp_path, f"leftImg8bit/{name}_leftImg8bit.png", f"gtFine/{name}_gtFine_labelIds.png")
    made(tmp_path, "gtFine/train/aachen/a_gtFine_color.png")
    assert pairs(tmp_path) == {
        "train": [
            (f"leftImg8bit/train/{n}_leftImg8bit.png", f"gtFine/train/{n}_gtFine_labelIds.png")
            for n in ("aachen/a", "bochum/b")
        ],
        "val": [("leftImg8bit/val/ulm/u_leftImg8bit.png", "gtFine/val/ulm/u_gtFine_labelIds.png")],
    }
    numbers = Layout.of(tmp_path).numbers
    assert Layout.of(tmp_path).classes == CITYSCAPES and len(CITYSCAPES) == 19 and numbers is not None
    known = {7: "road", 11: "building", 17: "pole", 19: "traffic light", 21: "vegetation", 24: "person", 26: "car"}
    assert {value: CITYSCAPES[numbers[value]] for value in known} == known and CITYSCAPES[numbers[33]] == "bicycle"
    assert all(numbers[value] == 255 for value in (0, 1, 4, 6, 9, 18, 29, 30, 34, 255)) and (numbers != 255).sum() == 19


def test_masks_of_training_numbers_go_first(tmp_path: Path) -> None:
    for kind in ("labelIds", "labelTrainIds"):
        made(tmp_path, "leftImg8bit/train/ulm/a_leftImg8bit.png", f"gtFine/train/ulm/a_gtFine_{kind}.png")
    assert pairs(tmp_path)["train"][0][1].endswith("labelTrainIds.png") and Layout.of(tmp_path).numbers is None


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["train/a.jpg"], "holds no images with masks; expected is one of: train with trainannot"),
        (["x/a.jpg"], "holds no images with masks"),
        (["train/a.jpg", "trainannot/b.png"], "a.jpg has no mask of its name"),
        (["train/a.jpg", "trainannot/a.png", "trainannot/b.png"], "b.png has no image of its name"),
        (["leftImg8bit/train/u/a_leftImg8bit.png"], "a_leftImg8bit.png has no mask"),
    ],
)
def test_what_is_laid_out_otherwise(tmp_path: Path, names: list[str], told: str) -> None:
    with pytest.raises(DataError) as raised:
        pairs(made(tmp_path, *names))
    assert told in str(raised.value)
