from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from prunekit.core.data import DataError, DataWarning
from prunekit.core.data.batches import batches
from prunekit.plugins.datasets.segmentation_folders import SegmentationFolders

REAL = Path(__file__).parents[4] / "shared" / "data" / "camvid"
CLASSES = ["ground", "tree", "sky"]


def write(folder: Path, name: str, stem: str, mask: Any, mode: str = "L") -> None:
    """An image whose red is 80 times its mask."""
    values = np.asarray(mask, np.uint8)
    for kind in ("", "annot"):
        (folder / f"{name}{kind}").mkdir(parents=True, exist_ok=True)
    red = np.stack(
        [np.minimum(values * 80.0, 255).astype(np.uint8), np.zeros_like(values), np.zeros_like(values)], axis=2
    )
    Image.fromarray(red).save(folder / name / f"{stem}.png")
    image = Image.fromarray(values)
    if mode == "P":
        image = Image.frombytes("P", image.size, values.tobytes())
        image.putpalette([9, 9, 9, 200, 0, 0, 0, 200, 0] + [0] * 759)
    image.convert(mode).save(folder / f"{name}annot" / f"{stem}.png")


def mask(value: int = 1) -> Any:
    made = np.zeros((10, 20), np.uint8)
    made[2:6, 4:12] = value
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, count in (("train", 8), ("val", 3), ("test", 2)):
        for number in range(count):
            write(tmp_path, name, f"{name}{number}", mask(1 + number % 2))
    return tmp_path


def of(folder: Path, split: Any = "test", **given: Any) -> SegmentationFolders:
    return SegmentationFolders(folder, split, **{"classes": CLASSES, "image_size": (10, 20), **given})


def names(dataset: SegmentationFolders) -> list[str]:
    return sorted(Path(dataset.sample_name(index)).stem for index in range(len(dataset)))


def test_what_a_sample_is(folder: Path) -> None:
    dataset = of(folder, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    for index in range(2):
        image, target = dataset[index]
        assert image.shape == (3, 10, 20) and image.dtype == np.float32 and target.dtype == np.int64
        value = 1 + int(dataset.sample_name(index)[-5])
        assert (target == mask(value)).all()
        np.testing.assert_allclose(image[0], target * 80 / 255, rtol=1e-6)
    assert (dataset.targets, dataset.metric, dataset.ignore_index) == ("masks", "mIoU", 255)
    assert dataset.class_names == tuple(CLASSES) and dataset.num_classes == 3


def test_values_are_normalized_as_imagenets(folder: Path) -> None:
    image, _ = of(folder)[0]
    np.testing.assert_allclose(image[:, 0, 0], [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225], rtol=1e-5)


def test_sets_are_kept_apart(folder: Path) -> None:
    train, val = of(folder, "train", train_portion=0.75), of(folder, "val", train_portion=0.75)
    assert len(train) == 6 and sorted(names(train) + names(val)) == [f"train{n}" for n in range(8)]
    assert names(of(folder)) == ["test0", "test1"]
    assert names(of(folder, test_sets=["val", "test"])) == ["test0", "test1", "val0", "val1", "val2"]
    assert len(of(folder, "val", train_portion=0.5, samples=3)) == 3


def test_an_ignored_value_becomes_255_and_borders_do_too(folder: Path) -> None:
    write(folder, "test", "test1", mask(11))
    dataset = of(folder, ignore_index=11, image_size=(20, 20))
    where = names(dataset).index("test1")
    index = next(index for index in range(2) if "test1" in dataset.sample_name(index))
    target = dataset[index][1]
    assert where == 1 and (target[7:11, 4:12] == 255).all() and (target[:5] == 255).all() and (target[15:] == 255).all()
    assert target[5:15].tolist() == np.where(mask(11) == 11, 255, 0).tolist()


def test_a_palette_is_only_colours(folder: Path) -> None:
    write(folder, "test", "test0", mask(2), "P")
    dataset = of(folder)
    index = next(index for index in range(2) if "test0" in dataset.sample_name(index))
    assert (dataset[index][1] == mask(2)).all()


def test_image_and_mask_are_varied_together(folder: Path) -> None:
    dataset = of(folder, "train", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    for seed in range(20):
        image, target = dataset.augmented(seed % 7, np.random.default_rng(seed))
        assert image.shape == (3, 10, 20) and set(np.unique(target)) <= {0, 1, 2, 255}
        inside = (target == 1) | (target == 2)
        assert image[0][inside].mean() > image[0][target == 0].mean() if inside.sum() > 8 else True
    again = [dataset.augmented(3, np.random.default_rng(5)) for _ in range(2)]
    assert (again[0][0] == again[1][0]).all() and (again[0][1] == again[1][1]).all()


def test_batches_are_stacked(folder: Path) -> None:
    images, target = next(batches(of(folder, "train"), 4, augment=True))
    assert images.shape == (4, 3, 10, 20) and target.shape == (4, 10, 20)


def test_a_mosaic_of_masks(folder: Path) -> None:
    steps: Any = [{"type": "Mosaic", "size": [10, 20]}, {"type": "ToTensor"}]
    dataset = SegmentationFolders(folder, "train", CLASSES, transforms=steps)
    image, target = dataset.augmented(0, np.random.default_rng(0))
    assert image.shape == (3, 10, 20) and (np.rint(image[0] * 255 / 80)[target != 255] == target[target != 255]).all()


@pytest.mark.parametrize(
    ("value", "given", "told"),
    [
        (7, {}, "test1.png has the value 7, but classes are 0 to 2, and 255 is ignored; mend ignore_index or classes"),
        (255, {"ignore_index": None}, "test1.png has the value 255, but classes are 0 to 2, and no value is ignored"),
        (255, {"ignore_index": 11}, "test1.png has the value 255, but classes are 0 to 2, and 11 is ignored"),
        (2, {"classes": ["one", "two"]}, "has the value 2, but classes are 0 to 1"),
    ],
)
def test_a_mask_of_unknown_classes_is_named_before_any_training(
    folder: Path, value: int, given: dict[str, Any], told: str
) -> None:
    write(folder, "test", "test1", mask(value))
    with pytest.raises(DataError) as raised:
        of(folder, **given)
    assert told in str(raised.value)


def test_a_mask_of_another_size_is_named(folder: Path) -> None:
    Image.new("L", (20, 11)).save(folder / "testannot/test1.png")
    with pytest.raises(DataError, match=r"testannot/test1\.png has 20 x 11 pixels, but .*test1\.png has 20 x 10"):
        of(folder)


def test_a_colour_mask_is_refused(folder: Path) -> None:
    write(folder, "test", "test1", mask(1), "RGB")
    with pytest.raises(DataError, match=r"testannot/test1\.png has several channels; a mask has one, which holds"):
        of(folder)


@pytest.mark.parametrize("kind", ["test", "testannot"])
def test_a_broken_file_is_named(folder: Path, kind: str) -> None:
    (folder / kind / "test1.png").write_bytes(b"GIF89a")
    with pytest.raises(DataError, match=rf"{kind}/test1\.png is no image"):
        of(folder)


def test_settings_that_cannot_be(folder: Path) -> None:
    with pytest.raises(DataError, match="image_size, mean and std have no effect beside transforms"):
        of(folder, transforms=[{"type": "ToTensor"}])
    with pytest.raises(DataError, match="classes has 256 names; masks of 8 bits tell 255 apart from none"):
        of(folder, classes=[str(number) for number in range(256)])


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real images in {REAL}")
def test_camvid() -> None:
    given: dict[str, Any] = {"ignore_index": 11, "image_size": (180, 240)}
    parts = {split: SegmentationFolders(REAL, split, train_portion=0.75, **given) for split in ("train", "val", "test")}
    assert {name: len(part) for name, part in parts.items()} == {"train": 90, "val": 30, "test": 60}
    assert len(SegmentationFolders(REAL, "test", test_sets=["val", "test"], **given)) == 100
    image, target = parts["test"][0]
    assert image.shape == (3, 180, 240) and target.shape == (180, 240) and parts["test"].num_classes == 11
    assert set(np.unique(target)) <= {*range(11), 255}
    with pytest.raises(DataError, match="has the value 11, but classes are 0 to 10"):
        SegmentationFolders(REAL, "test")


@pytest.mark.parametrize(("value", "told"), [(255, "only the class 0 occurs"), (0, "only the class 0 occurs")])
def test_masks_of_one_class_are_told(tmp_path: Path, value: int, told: str) -> None:
    """As those of 0 and 255, in which an object would count for nothing."""
    for name in ("train", "val"):
        write(tmp_path, name, "a", mask(value))
    with pytest.warns(DataWarning, match=rf"\(val\): {told} in the masks; the value 255 is ignored, see ignore_index"):
        of(tmp_path)
