from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from voc_folder import annotation, write_voc

from prunekit.core.data import DataError, DataWarning
from prunekit.plugins.datasets.voc_detection import VocDetection

REAL = Path(__file__).parents[4] / "shared" / "data" / "bccd_voc"
SETS: dict[str, Any] = {
    "train": {f"t{n}": [("dog", n, 2, n + 8, 10), ("cat", 20, 4, 30, 12)] for n in range(8)} | {"bare": []},
    "val": {"v0": [("cat", 0, 0, 10, 10)], "v1": [("dog", 0, 0, 10, 10)]},
    "test": {"e0": [("eel", 0, 0, 10, 10)]},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_voc(tmp_path, SETS)


def names(dataset: VocDetection) -> list[str]:
    return [Path(dataset.sample_name(index)).stem for index in range(len(dataset))]


def of(folder: Path, split: Any = "train", **given: Any) -> VocDetection:
    return VocDetection(folder, split, image_size=(20, 40), **given)


def test_what_a_sample_is(folder: Path) -> None:
    dataset = of(folder, train_portion=1.0)
    place = names(dataset).index("t3")
    image, target = dataset[place]
    assert image.shape == (3, 20, 40) and image.dtype == np.float32 and (image[:, 2:10, 3:11] == 1).all()
    assert target["boxes"].tolist() == [[3, 2, 11, 10], [20, 4, 30, 12]] and target["boxes"].dtype == np.float32
    assert target["labels"].tolist() == [1, 0] and target["labels"].dtype == np.int64
    assert target["area"].tolist() == [64, 80] and target["iscrowd"].tolist() == [0, 0]
    assert target["size"].tolist() == [20, 40] and isinstance(target["image_id"], int)
    assert dataset.class_names == ("cat", "dog", "eel") and dataset.num_classes == 3
    assert (dataset.targets, dataset.metric) == ("boxes", "mAP")
    _, bare = dataset[names(dataset).index("bare")]
    assert bare["boxes"].shape == (0, 4) and bare["labels"].shape == (0,)


def test_sets_are_kept_apart(folder: Path) -> None:
    train, val = of(folder, train_portion=0.7), of(folder, "val", train_portion=0.7)
    assert len(train) == 6 and sorted(names(train) + names(val)) == sorted(SETS["train"])
    assert names(of(folder, "test")) == ["e0"]
    assert sorted(names(of(folder, "test", test_sets=["val", "test"]))) == ["e0", "v0", "v1"]
    (folder / "ImageSets/Main/test.txt").unlink()
    assert sorted(names(of(folder, "test"))) == ["v0", "v1"]
    assert names(of(folder, "val", train_portion=0.5, samples=2)) == names(of(folder, "val", train_portion=0.5))[:2]


def test_ids_are_one_for_each_image(folder: Path) -> None:
    dataset = of(folder, "test", test_sets=["val", "test"])
    assert len({dataset[index][1]["image_id"] for index in range(len(dataset))}) == 3


def test_named_classes_have_that_order(folder: Path) -> None:
    dataset = of(folder, classes=["eel", "dog", "cat", "cow"], train_portion=1.0)
    assert dataset[names(dataset).index("t1")][1]["labels"].tolist() == [1, 2] and dataset.num_classes == 4


def test_what_is_difficult_counts_for_nothing(folder: Path) -> None:
    (folder / "Annotations/e0.xml").write_text(annotation([("eel", 0, 0, 10, 10)], difficult=1))
    dataset = of(folder, "test")
    assert dataset[0][1]["iscrowd"].tolist() == [1]
    assert len(dataset.augmented(0, np.random.default_rng(0))[1]["boxes"]) == 0


BOX = ("eel", 0, 0, 10, 10)


@pytest.mark.parametrize(
    ("xml", "told"),
    [
        ("<annotation>", "is no XML"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "declares a document type"),
        ("<annotation/>", "has no size/width in its annotation"),
        (annotation([("", 0, 0, 1, 1)]), "has no name in its object"),
        (annotation([BOX]).replace("<xmin>0</xmin>", ""), "has no bndbox/xmin in its object"),
        (annotation([BOX]).replace("<ymax>10<", "<ymax>ten<"), "bndbox/ymax is ten, which is no number"),
        (annotation([BOX]).replace("<ymax>10<", "<ymax>nan<"), "a box has an edge that is no number"),
        (annotation([("fish", 0, 0, 1, 1)]), "an object of the class fish, which is not in classes: cat, dog, eel"),
        (annotation([BOX], size=(41, 20)), "has 40 x 20 pixels, but its boxes were made for 41 x 20"),
    ],
)
def test_a_bad_annotation_is_named(folder: Path, xml: str, told: str) -> None:
    (folder / "Annotations/e0.xml").write_text(xml)
    with pytest.raises(DataError) as raised:
        of(folder, "test", classes=["cat", "dog", "eel"])
    assert told in str(raised.value) and "e0." in str(raised.value)


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        ("JPEGImages/e0.png", "e0.xml has no image: e0.jpg, or the like, is not in JPEGImages"),
        ("Annotations/e0.xml", "e0.xml cannot be read: No such file"),
        ("ImageSets/Main/train.txt", "Main has no set train (it has val, test)"),
    ],
)
def test_a_missing_file_is_named(folder: Path, gone: str, told: str) -> None:
    (folder / gone).unlink()
    with pytest.raises(DataError) as raised:
        of(folder, "test")
    assert told in str(raised.value)


def test_a_folder_of_another_kind_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no folder JPEGImages; expected are JPEGImages, Annotations and"):
        of(tmp_path)


def test_a_broken_image_is_named_before_any_training(folder: Path) -> None:
    (folder / "JPEGImages/e0.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"e0\.png is no image"):
        of(folder, "test")


def test_an_image_that_ends_early_is_named_when_it_is_read(folder: Path) -> None:
    path = folder / "JPEGImages/e0.png"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"e0\.png cannot be decoded"):
        of(folder, "test")[0]


def test_boxes_are_mended_and_counted(folder: Path) -> None:
    boxes = [("eel", -4, 0, 10, 10), ("eel", 3, 3, 3, 9), ("eel", 35, 15, 44, 22)]
    (folder / "Annotations/e0.xml").write_text(annotation(boxes))
    with pytest.warns(DataWarning, match=r"of 3 boxes 1 without area dropped \(e0.png\); 2 that reached") as caught:
        dataset = of(folder, "test")
    assert len(caught) == 1 and dataset[0][1]["boxes"].tolist() == [[0, 0, 10, 10], [35, 15, 40, 20]]


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real images in {REAL}")
def test_bccd() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        counts = {
            split: len(VocDetection(REAL, split, train_portion=0.8, test_sets=sets))
            for split, sets in {"train": None, "val": None, "test": ["val", "test"]}.items()
        }
        val = VocDetection(REAL, "test", test_sets=["val"])
    assert counts == {"train": 164, "val": 41, "test": 159} and len(val) == 87
    assert val.class_names == ("Platelets", "RBC", "WBC")
    said = {str(each.message).partition(": ")[2] for each in caught}
    assert said >= {
        "of 2,805 boxes 1 without area dropped (BloodImage_00343.jpg)",
        "of 2,083 boxes 1 without area dropped (BloodImage_00338.jpg)",
    }  # 4,888 in all
    image, target = val[0]
    assert image.shape == (3, 640, 640) and (target["boxes"] <= 640).all() and target["size"].tolist() == [480, 640]
