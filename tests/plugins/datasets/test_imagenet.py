from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pytest
from PIL import Image

from prunekit.core.data import AugmentedLoading, DataError, batches
from prunekit.core.data.splits import Split
from prunekit.plugins.datasets.imagenet import Imagenet
from prunekit.plugins.datasets.imagenet_wnids import INDEX, WNIDS

Paint = Callable[..., Path]
REAL = Path(__file__).parents[4] / "shared" / "data" / "imagenet500"
MEAN, STD = 0.485, 0.229  # of red
SPLITS: tuple[Split, ...] = get_args(Split)


@pytest.fixture
def flat(tmp_path: Path, paint: Paint) -> Path:
    """60 images of the values 0 to 59 in three class folders."""
    for value in range(60):
        paint(tmp_path / "flat" / WNIDS[(value % 3) * 400] / f"{value:02}.JPEG", value)
    return tmp_path / "flat"


@pytest.fixture
def nested(tmp_path: Path, paint: Paint) -> Path:
    """60 images in two class folders for training, and 20 of the values 100 to 119 in one for final figures."""
    for value in range(80):
        part, number = ("train", value) if value < 60 else ("val", value + 40)
        paint(tmp_path / "nested" / part / ("cat", "dog")[value % 2] / f"{number}.png", number)
    return tmp_path / "nested"


def small(folder: Path, split: Split, **given: Any) -> Imagenet:
    return Imagenet(folder, split, image_size=4, **given)


def values(dataset: Imagenet) -> list[int]:
    return [round(float(dataset[i][0][0, 0, 0] * STD + MEAN) * 255) for i in range(len(dataset))]


def labels(dataset: Imagenet) -> list[int]:
    return [int(dataset[i][1]) for i in range(len(dataset))]


def test_the_list_of_classes() -> None:
    assert len(WNIDS) == len(INDEX) == 1000 and list(WNIDS) == sorted(WNIDS)
    assert all(len(wnid) == 9 and wnid[0] == "n" and wnid[1:].isdigit() for wnid in WNIDS)
    known = {0: "n01440764", 1: "n01443537", 207: "n02099601", 281: "n02123045", 817: "n04285008", 999: "n15075141"}
    assert {index: WNIDS[index] for index in known} == known  # tench, goldfish, retriever, tabby, sports car, tissue


def test_one_set_of_images_is_shared_out(flat: Path) -> None:
    parts = {split: small(flat, split) for split in SPLITS}
    assert {split: len(part) for split, part in parts.items()} == {"train": 43, "val": 5, "test": 12}
    assert sorted(value for part in parts.values() for value in values(part)) == list(range(60))
    for part in parts.values():
        assert labels(part) == [value % 3 * 400 for value in values(part)] and part.num_classes == 1000


def test_search_on_one_half_and_report_on_the_other(flat: Path) -> None:
    parts = [small(flat, split, train_portion=0.5, test_portion=0.5) for split in SPLITS]
    assert [len(part) for part in parts] == [15, 15, 30]
    assert sorted(value for part in parts for value in values(part)) == list(range(60))


def test_a_folder_of_its_own_for_final_figures(nested: Path) -> None:
    train, val, test = (small(nested, split, train_portion=0.8) for split in SPLITS)
    assert sorted(values(train) + values(val)) == list(range(60)) and len(val) == 12
    assert sorted(values(test)) == list(range(100, 120)) and test.num_classes == 2
    assert labels(test) == [value % 2 for value in values(test)]


def test_training_images_alone_are_shared_out(nested: Path) -> None:
    (nested / "val").rename(nested / "elsewhere")
    parts = [small(nested, split, test_portion=0.5) for split in SPLITS]
    assert [len(part) for part in parts] == [27, 3, 30]
    assert sorted(value for part in parts for value in values(part)) == list(range(60))


def test_samples_are_a_mixture_of_the_split(nested: Path) -> None:
    few = small(nested, "test", samples=8)
    assert values(few) == values(small(nested, "test"))[:8] and set(labels(few)) == {0, 1}


def test_a_search_holds_out_3000_images_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for number in range(3500):
        (tmp_path / "a" / f"{number}.jpg").touch()
    given: dict[str, Any] = {"train_portion": 0.1, "test_portion": 0.02}
    assert [len(Imagenet(tmp_path, split, **given)) for split in SPLITS] == [343, 3000, 70]
    assert len(Imagenet(tmp_path, "val", samples=3050, **given)) == 3050


def test_other_names_are_sorted_and_numbered(tmp_path: Path, paint: Paint) -> None:
    names = ["zebra", WNIDS[7], "Ant", WNIDS[3]]
    for value, name in enumerate(names):
        paint(tmp_path / name / "1.png", value)
    dataset = small(tmp_path, "train", test_portion=0.25, train_portion=1.0)
    order = ["Ant", WNIDS[3], WNIDS[7], "zebra"]
    assert dataset.num_classes == 4 and len(dataset) == 3
    assert labels(dataset) == [order.index(names[value]) for value in values(dataset)]


def test_hidden_and_other_files_are_left_alone(flat: Path, paint: Paint) -> None:
    paint(flat / ".cache" / "1.png")
    paint(flat / WNIDS[0] / "._1.jpg")
    (flat / WNIDS[0] / "notes.txt").touch()
    (flat / WNIDS[9]).mkdir()  # a class without images, as when it was not downloaded
    assert sum(len(small(flat, split)) for split in SPLITS) == 60


def test_names_that_are_no_utf8(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "a" / "\udcff1.png", 5)
    paint(tmp_path / "a" / "é.PNG", 6)
    assert sorted(v for split in ("train", "test") for v in values(_halves(tmp_path, split))) == [5, 6]


def _halves(folder: Path, split: Literal["train", "test"]) -> Imagenet:
    return small(folder, split, test_portion=0.5, train_portion=1.0)


def test_a_class_of_trains(tmp_path: Path, paint: Paint) -> None:
    paint(tmp_path / "train" / "1.png")
    paint(tmp_path / "plane" / "1.png")
    assert labels(_halves(tmp_path, "train")) + labels(_halves(tmp_path, "test")) in ([0, 1], [1, 0])


def test_samples_are_the_evaluated_crop_and_variations_are_of_the_whole(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for number in range(2):
        whole = np.zeros((40, 60, 3), np.uint8)
        whole[..., 0], whole[..., 1] = np.arange(60) * 4, np.arange(40)[:, None] * 6
        Image.fromarray(whole).save(tmp_path / "a" / f"{number}.png")
    dataset = Imagenet(tmp_path, "train", 1.0, 0.5, image_size=28, mean=(0, 0, 0), std=(1, 1, 1))
    assert isinstance(dataset, AugmentedLoading)
    image, label = dataset[0]
    resized = Image.fromarray(whole).resize((48, 32), Image.Resampling.BILINEAR)
    expected = np.asarray(resized)[2:30, 10:38].transpose(2, 0, 1) / np.float32(255)
    assert label.dtype == np.int64 and np.array_equal(image, expected)
    varied = [dataset.augmented(0, np.random.default_rng(seed))[0] for seed in range(20)]
    assert np.array_equal(varied[3], dataset.augmented(0, np.random.default_rng(3))[0])
    red = [float(each[0].max()) * 255 for each in varied]
    assert all(each.shape == (3, 28, 28) for each in varied) and max(red) > image[0].max() * 255 + 8
    assert {bool(each[0, 0, 0] < each[0, 0, -1]) for each in varied} == {True, False}  # mirrored or not


def test_transforms_of_a_yml(flat: Path) -> None:
    listed = [{"type": "Resize", "params": {"size": [6, 10]}}, {"type": "ToTensor"}]
    dataset = Imagenet(flat, "train", transforms=listed)  # type: ignore[arg-type]
    assert dataset[0][0].shape == (3, 6, 10) and 0 <= dataset[0][0].min() <= dataset[0][0].max() < 1
    assert np.array_equal(dataset[0][0], dataset.augmented(0, np.random.default_rng(0))[0])
    random = [{"type": "RandomResizedCrop", "size": 4}, {"type": "RandomHorizontalFlip"}, {"type": "ToTensor"}]
    random.append({"type": "Normalize"})
    for split in SPLITS:
        asked = Imagenet(flat, split, transforms=random)  # type: ignore[arg-type]
        assert np.array_equal(asked[0][0], small(flat, split, resize=5)[0][0])


def test_workers_give_the_same_batches(flat: Path) -> None:
    dataset = small(flat, "train")
    here, there = (list(batches(dataset, 9, shuffle=True, augment=True, workers=n)) for n in (0, 1))
    assert all(np.array_equal(a, b) for x, y in zip(here, there, strict=True) for a, b in zip(x, y, strict=True))
    plain = np.concatenate([inputs for inputs, _ in batches(dataset, 9)])
    assert np.array_equal(plain, np.stack([dataset[i][0] for i in range(len(dataset))]))


def test_many_images_take_little_room_and_time(tmp_path: Path) -> None:
    for name in map(str, range(10)):
        (tmp_path / name).mkdir()
        for number in range(200):
            (tmp_path / name / f"n00000000_{number}.JPEG").touch()
    start = time.perf_counter()
    dataset = Imagenet(tmp_path, "train")
    assert time.perf_counter() - start < 2
    assert len(pickle.dumps(dataset)) < 40 * len(dataset)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"train_portion": 1.5}, "train_portion is 1.5; it must be above 0 and at most 1"),
        ({"test_portion": 0.0}, "test_portion is 0.0; it must be above 0 and below 1"),
        ({"test_portion": 0.001}, "test_portion 0.001 of 60 images puts 0 into test"),
        ({"samples": 0}, "samples is 0"),
        ({"resize": 3}, "resize is 3; it must be at least image_size, 4"),
        ({"std": (0, 1, 1)}, "std.0: Input should be greater than 0"),
        ({"transforms": [{"type": "ToTensor"}]}, "have no effect beside transforms"),
        (
            {"transforms": [{"type": "Totensor"}], "image_size": 224},
            "no transform 'Totensor'. Did you mean 'ToTensor'?",
        ),
    ],
)
def test_wrong_arguments(flat: Path, given: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        Imagenet(flat, "train", **{"image_size": 4, **given})
    assert message in str(caught.value)


def test_a_portion_beside_the_folder_val_is_refused(nested: Path) -> None:
    with pytest.raises(DataError, match=rf"test_portion has no effect: {nested / 'val'} is for final figures"):
        small(nested, "train", test_portion=0.5)


def test_train_portion_of_one_leaves_nothing_to_search_on(nested: Path) -> None:
    with pytest.raises(DataError, match=r"the split 'val' has no sample: train_portion 1.0 of 60 puts 60 into train"):
        small(nested, "val", train_portion=1.0)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no ImageNet images at {REAL}")
def test_real_images() -> None:
    parts = [Imagenet(REAL, split, train_portion=0.5, test_portion=0.5) for split in SPLITS]
    assert [len(part) for part in parts] == [125, 125, 250] and {part.num_classes for part in parts} == {1000}
    found = [part._files[index] for part in parts for index in range(len(part))]
    assert sorted(label for _, label in found) == list(range(0, 1000, 2))
    assert all(path.stem == f"{label:04}" for path, label in found)
    assert parts[0][0][0].shape == (3, 224, 224)
