from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from voc_folder import picture

from prunekit.core.data import DataError, DataWarning
from prunekit.plugins.datasets.yolo_detection import YoloDetection

LINE = "1 0.25 0.5 0.1 0.2\n"  # the box 8 8 12 12 of 40 x 20 pixels


def write(folder: Path, pictures: str, labels: str, texts: dict[str, str | None]) -> None:
    (folder / labels).mkdir(parents=True, exist_ok=True)
    for stem, text in texts.items():
        picture(folder / pictures / f"{stem}.png", [])
        if text is not None:
            (folder / labels / f"{stem}.txt").write_text(text)


@pytest.fixture(params=[("images/{}", "labels/{}"), ("{}/images", "{}/labels")], ids=["sets below", "sets above"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    for name, texts in {
        "train": {f"t{n}": LINE for n in range(8)},
        "val": {"v0": LINE + "0 0.5 0.5 1 1\n", "v1": "", "v2": None},
    }.items():
        write(tmp_path, request.param[0].format(name), request.param[1].format(name), texts)
    (tmp_path / "data.yaml").write_text("names: [cat, dog]\nnc: 2\n")
    return tmp_path


def of(folder: Path, split: Any = "test", **given: Any) -> YoloDetection:
    return YoloDetection(folder, split, image_size=(20, 40), **given)


def boxes(dataset: YoloDetection) -> dict[str, Any]:
    found = range(len(dataset))
    return {Path(dataset.sample_name(index)).stem: dataset[index][1]["boxes"].tolist() for index in found}


def test_shares_become_pixels(folder: Path) -> None:
    found = boxes(of(folder))
    assert {name: len(each) for name, each in found.items()} == {"v0": 2, "v1": 0, "v2": 0}
    assert found["v0"] == [pytest.approx([8, 8, 12, 12], abs=1e-5), pytest.approx([0, 0, 40, 20])]
    assert of(folder).class_names == ("cat", "dog")


def test_sets_are_kept_apart(folder: Path) -> None:
    train, val = boxes(of(folder, "train", train_portion=0.75)), boxes(of(folder, "val", train_portion=0.75))
    assert len(train) == 6 and sorted([*train, *val]) == [f"t{n}" for n in range(8)]


def test_one_folder_without_sets_is_shared_out(tmp_path: Path) -> None:
    write(tmp_path, "images", "labels", {f"t{n}": LINE for n in range(10)})
    (tmp_path / "labels/classes.txt").write_text("cat\ndog\n")
    parts = [list(boxes(of(tmp_path, split, train_portion=0.5))) for split in ("train", "val", "test")]
    assert [len(part) for part in parts] == [4, 4, 2]
    assert sorted(name for part in parts for name in part) == [f"t{n}" for n in range(10)]


def test_the_folder_valid_is_the_set_val(tmp_path: Path) -> None:
    write(tmp_path, "train/images", "train/labels", {"a": LINE})
    write(tmp_path, "valid/images", "valid/labels", {"b": LINE})
    assert list(boxes(of(tmp_path, classes=["x", "y"]))) == ["b"]


@pytest.mark.parametrize(
    ("name", "text", "names"),
    [
        ("data.yaml", "names: {0: cat, 1: dog}", ("cat", "dog")), ("data.yml", "names:\n- x\n- 7", ("x", "7")),
        ("classes.txt", "one thing\nanother\n", ("one thing", "another")),
    ],
)  # fmt: skip
def test_names_are_found(folder: Path, name: str, text: str, names: tuple[str, ...]) -> None:
    (folder / "data.yaml").unlink()
    (folder / name).write_text(text)
    assert of(folder).class_names == names and of(folder, classes=["b", "a"]).class_names == ("b", "a")


@pytest.mark.parametrize("text", ["nc: 2", "names: {0: cat, 2: dog}", "names: cat", "- a", "names: []"])
def test_names_that_are_none(folder: Path, text: str) -> None:
    (folder / "data.yaml").write_text(text)
    with pytest.raises(DataError, match=r"data\.yaml has no list of names"):
        of(folder)


def test_without_names_they_are_asked_for(folder: Path) -> None:
    (folder / "data.yaml").unlink()
    with pytest.raises(DataError, match=r"has neither data\.yaml nor classes\.txt; say classes"):
        of(folder)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 0.2 0.2 0.1", "v0.txt, box 1 has 4 numbers; expected are class, middle"),
        (LINE + "1 0.2 0.2 0.1 0.1 0.3 0.3", "v0.txt, box 2 has 7 numbers"),
        ("1 0.2 0.2 wide 0.1", "v0.txt, box 1: could not convert"),
        ("2 0.2 0.2 0.1 0.1", "v0.txt, box 1 has the class 2; there are 0 to 1"),
        ("-1 0.2 0.2 0.1 0.1", "v0.txt, box 1 has the class -1"),
        ("1.5 0.2 0.2 0.1 0.1", "v0.txt, box 1 has the class 1.5"),
        ("1 20 10 4 4", "v0.txt, box 1 is 20 10 4 4; expected are shares of the image, between 0 and 1"),
        ("1 nan 0.2 0.1 0.1", "v0.txt, box 1 is nan 0.2"),
    ],
)
def test_a_bad_line_is_named(folder: Path, text: str, told: str) -> None:
    next(folder.rglob("v0.txt")).write_text(text)
    with pytest.raises(DataError) as raised:
        of(folder)
    assert told in str(raised.value)


def test_boxes_are_mended_and_counted(folder: Path) -> None:
    next(folder.rglob("v0.txt")).write_text("0 0 0.5 0.5 1\n1 0.5 0.5 0 0.1\n")
    with pytest.warns(DataWarning, match=r"of 2 boxes 1 without area dropped \(v0.png\); 1 that reached"):
        dataset = of(folder)
    assert boxes(dataset)["v0"] == [[0, 0, 10, 20]]


def test_files_that_are_not_there(folder: Path) -> None:
    with pytest.raises(DataError, match="has no folder of images; expected is images/train"):
        of(folder / "gone", classes=["x"])
    next(folder.rglob("v1.png")).unlink()
    with pytest.raises(DataError, match=r"v1\.txt has no image: .* has no v1\.jpg"):
        of(folder)
    labels = next(folder.rglob("v1.txt")).parent
    labels.rename(labels.with_name("elsewhere"))
    with pytest.raises(DataError, match="is not a folder; it should hold the boxes of"):
        of(folder)


def test_two_folders_of_one_set(folder: Path) -> None:
    (folder / "images/valid").mkdir(parents=True)
    with pytest.raises(DataError, match="are both of the set val"):
        of(folder)
