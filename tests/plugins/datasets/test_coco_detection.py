from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from voc_folder import picture

from prunekit.core.data import DataError, DataWarning
from prunekit.plugins.datasets.coco_detection import CocoDetection

CATEGORIES = [{"id": 7, "name": "dog", "supercategory": "animal"}, {"id": 3, "name": "cat"}]
Content = dict[str, Any]


def content(first: int, count: int) -> Content:
    """Images of one box each, dogs (7) and cats (3) in turn."""
    images = [
        {"id": first + n, "file_name": f"{first + n:04}.png", "width": 40, "height": 20, "license": 1}
        for n in range(count)
    ]
    annotations = [
        {"id": n, "image_id": first + n, "category_id": (7, 3)[n % 2], "bbox": [n, 2, 8, 6], "area": 48, "iscrowd": 0,
         "segmentation": [[0, 0, 1, 1]]} for n in range(count)
    ]  # fmt: skip
    return {"info": {}, "images": images, "annotations": annotations, "categories": deepcopy(CATEGORIES)}


def write(folder: Path, json_path: str, images: str, made: Content) -> None:
    path = folder / json_path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made))
    for each in made["images"]:
        picture(folder / images / each["file_name"], [])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "annotations/instances_train2017.json", "train2017", content(100, 8))
    write(tmp_path, "annotations/instances_val2017.json", "val2017", content(200, 4))
    return tmp_path


def of(folder: Path, split: Any = "test", **given: Any) -> CocoDetection:
    return CocoDetection(folder, split, image_size=(20, 40), **given)


def samples(dataset: CocoDetection) -> dict[int, Any]:
    return {target["image_id"]: target for _, target in (dataset[index] for index in range(len(dataset)))}


def test_what_a_sample_is(folder: Path) -> None:
    dataset = of(folder)
    found = samples(dataset)
    assert sorted(found) == [200, 201, 202, 203] and dataset.class_names == ("cat", "dog")
    assert found[203]["boxes"].tolist() == [[3, 2, 11, 8]] and found[203]["labels"].tolist() == [0]
    assert found[202]["labels"].tolist() == [1] and found[202]["area"].tolist() == [48]
    assert {Path(dataset.sample_name(index)).parent.name for index in range(4)} == {"val2017"}


def test_sets_are_kept_apart(folder: Path) -> None:
    train, val = samples(of(folder, "train", train_portion=0.75)), samples(of(folder, "val", train_portion=0.75))
    assert len(train) == 6 and sorted([*train, *val]) == list(range(100, 108))
    write(folder, "annotations/instances_test.json", "images", content(300, 2))
    assert sorted(samples(of(folder))) == [300, 301]
    assert sorted(samples(of(folder, test_sets=["val", "test"]))) == [200, 201, 202, 203, 300, 301]


def test_the_layout_with_annotations_beside_the_images(tmp_path: Path) -> None:
    for name, first in (("train", 100), ("valid", 200), ("test", 300)):
        write(tmp_path, f"{name}/_annotations.coco.json", name, content(first, 2))
    assert sorted(samples(of(tmp_path))) == [300, 301]
    assert sorted(samples(of(tmp_path, test_sets=["val"]))) == [200, 201]


@pytest.mark.parametrize("place", ["val2017", "images/val2017", "val", "images/val", "images"])
def test_images_lie_in_one_of_several_places(folder: Path, place: str) -> None:
    target = folder / "moved" / place
    target.parent.mkdir(parents=True)
    (folder / "val2017").rename(target)
    for each in sorted((folder / "moved").iterdir()):
        each.rename(folder / each.name)
    assert sorted(samples(of(folder))) == [200, 201, 202, 203]


def test_named_classes_have_that_order(folder: Path) -> None:
    dataset = of(folder, classes=["cow", "dog", "cat"])
    assert samples(dataset)[200]["labels"].tolist() == [1] and dataset.num_classes == 3


def test_classes_may_be_numbered_by_their_ids(folder: Path) -> None:
    dataset = of(folder, numbering="ids")
    assert samples(dataset)[203]["labels"].tolist() == [2] and samples(dataset)[202]["labels"].tolist() == [6]
    assert (dataset.num_classes, dataset.class_names[2], dataset.class_names[6]) == (7, "cat", "dog")
    assert dataset.class_names[0] == "no class 1"
    with pytest.raises(DataError, match="classes and numbering: ids both number the classes"):
        of(folder, numbering="ids", classes=["dog", "cat"])


def test_categories_are_those_of_the_training_set_by_name(folder: Path) -> None:
    made = content(200, 4)
    made["categories"] = [{"id": 3, "name": "dog"}, {"id": 7, "name": "cat"}]
    write(folder, "annotations/instances_val2017.json", "val2017", made)
    assert samples(of(folder))[200]["labels"].tolist() == [0]


def test_a_crowd_counts_for_nothing(folder: Path) -> None:
    made = content(200, 4)
    made["annotations"][0]["iscrowd"] = 1
    write(folder, "annotations/instances_val2017.json", "val2017", made)
    dataset = of(folder)
    assert samples(dataset)[200]["iscrowd"].tolist() == [1]
    varied = [dataset.augmented(index, np.random.default_rng(0))[1] for index in range(4)]
    assert all((target["iscrowd"] == 0).all() for target in varied)


def test_boxes_are_mended_and_counted(folder: Path) -> None:
    made = content(200, 4)
    made["annotations"][0]["bbox"], made["annotations"][1]["bbox"] = [-5, 0, 10, 10], [3, 3, 0, 4]
    write(folder, "annotations/instances_val2017.json", "val2017", made)
    with pytest.warns(
        DataWarning, match=r"val2017\.json: of 4 boxes 1 without area dropped \(0201.png\); 1 that reached"
    ):
        dataset = of(folder)
    assert samples(dataset)[200]["boxes"].tolist() == [[0, 0, 5, 10]] and len(samples(dataset)[201]["boxes"]) == 0


def changed(change: Callable[[Content], object]) -> str:
    made = content(200, 4)
    change(made)
    return json.dumps(made)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "the file: Invalid JSON: EOF while parsing"), ("[]", "the file: Input should be an object"),
        (changed(lambda made: made.pop("images")), "images: Field required"),
        (changed(lambda made: made["images"][1].pop("width")), "images.1.width: Field required"),
        (changed(lambda made: made["annotations"][2].update(bbox=[1, 2, 3])), "annotations.2.bbox.3: Field required"),
        (changed(lambda made: made["annotations"][0].update(bbox=[1, 2, float("nan"), 3])), "annotations.0.bbox.2"),
        (changed(lambda made: made["annotations"][0].update(image_id=5)), "annotations.0 is of image 5, which is not"),
        (changed(lambda made: made["annotations"][0].update(category_id=5)), "annotations.0 is of category 5, which"),
        (changed(lambda made: made["images"].append(made["images"][0])), "has two images of one id"),
        (changed(lambda made: made["categories"][0].update(name="eel")), "a box of the class eel in 0200.png; classes"),
        (changed(lambda made: made["images"][3].update(file_name="x.png")), "lists x.png, which is not in"),
        (changed(lambda made: made["images"][0].update(file_name="x.png")), "which is in none of the folders val2017,"),
        (changed(lambda made: made["images"].clear() or made["annotations"].clear()), "lists no image"),
        (changed(lambda made: made["images"][3].update(width=41)), "0203.png has 40 x 20 pixels, but its boxes were"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named(folder: Path, text: str, told: str) -> None:
    (folder / "annotations/instances_val2017.json").write_text(text)
    with pytest.raises(DataError) as raised:
        of(folder)
    assert told in str(raised.value) and (
        "instances_val2017.json" in str(raised.value) or "0203.png" in str(raised.value)
    )


def test_files_that_are_not_there(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DataError, match=r"gone is not a folder; expected is annotations/instances_train"):
        of(tmp_path / "gone")
    with pytest.raises(DataError, match="has no annotations; expected is"):
        of(tmp_path / "val2017")
    write(folder, "annotations/instances_val2014.json", "val2014", content(0, 1))
    with pytest.raises(DataError, match=r"val2014\.json and .*val2017\.json are both of the set val"):
        of(folder)
    (folder / "annotations/instances_train2017.json").unlink()
    (folder / "annotations/instances_val2014.json").unlink()
    with pytest.raises(DataError, match="has no set train"):
        of(folder)
