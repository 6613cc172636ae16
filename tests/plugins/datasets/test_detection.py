from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from voc_folder import annotation, picture, write_voc

from prunekit.core.data import Collating, DataError
from prunekit.core.data.batch_cache import CachedBatches
from prunekit.core.data.batch_size import batch_size
from prunekit.core.data.batches import batches
from prunekit.plugins.datasets.scene import GREY
from prunekit.plugins.datasets.voc_detection import VocDetection

SETS: dict[str, Any] = {
    "train": {f"t{n}": [("dog", n, 2, n + 8, 10)] for n in range(6)},
    "val": {"v0": [("dog", 0, 0, 10, 10)], "v1": []},
}
LAST: list[dict[str, Any]] = [{"type": "ToTensor"}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_voc(tmp_path / "voc", SETS)


def test_images_of_one_size_are_stacked_with_a_list_of_targets(folder: Path) -> None:
    dataset = VocDetection(folder, "test", image_size=(20, 40))
    images, targets = dataset.collate([dataset[0], dataset[1]])
    assert isinstance(dataset, Collating) and images.shape == (2, 3, 20, 40) and type(targets) is list
    assert sorted(len(target["boxes"]) for target in targets) == [0, 1]


@pytest.mark.parametrize(("multiple", "shape"), [(32, (64, 64)), (1, (40, 60)), (7, (42, 63))])
def test_images_of_unlike_sizes_are_padded_with_grey(multiple: int, shape: tuple[int, int], folder: Path) -> None:
    steps: Any = [*LAST, {"type": "Normalize", "mean": [0.5, 0, 0], "std": [1, 1, 1]}]
    dataset = VocDetection(folder, "test", transforms=steps, pad_multiple=multiple)
    targets: list[Any] = [{"boxes": np.zeros((0, 4))}, {"boxes": np.ones((1, 4))}]
    given = [np.ones((3, 40, 30), np.float32), np.zeros((3, 20, 60), np.float32)]
    images, made = dataset.collate(list(zip(given, targets, strict=True)))
    assert images.shape == (2, 3, *shape) and images.dtype == np.float32 and made == targets
    assert (images[0, :, :40, :30] == 1).all() and (images[1, :, :20, :60] == 0).all()
    np.testing.assert_allclose(images[0, :, 0, 30], [GREY / 255 - 0.5, GREY / 255, GREY / 255], rtol=1e-6)
    assert (images[1, :, 20:] == images[0, :, :1, 30:31]).all()


def test_batches_vary_by_their_seed_alone(folder: Path) -> None:
    dataset = VocDetection(folder, "train", image_size=(32, 32))

    def made(seed: int, size: int = 3) -> list[Any]:
        passed = batches(dataset, size, shuffle=True, augment=True, seed=seed)
        return [
            (image.tobytes(), t["boxes"].tobytes())
            for images, ts in passed
            for image, t in zip(images, ts, strict=True)
        ]

    assert made(0) == made(0) == made(0, 2) and made(0) != made(1)


def test_varied_boxes_are_around_what_is_white(folder: Path) -> None:
    dataset = VocDetection(
        folder, "train", train_portion=1.0,
        transforms=[{"type": "RandomAffine", "translate": [0.2, 0.2]}, {"type": "RandomHorizontalFlip"}, *LAST],
    )  # fmt: skip
    for index in range(len(dataset)):
        image, target = dataset.augmented(index, np.random.default_rng(index))
        rows, columns = np.nonzero(image[0] > 0.7)
        white = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert np.abs(target["boxes"][0] - white).max() <= 1 and (target["boxes"] >= 0).all()
        np.testing.assert_allclose(target["area"], (target["boxes"][0, 2:] - target["boxes"][0, :2]).prod(), rtol=1e-5)


def test_a_step_that_cannot_be_names_the_file(folder: Path) -> None:
    picture(folder / "JPEGImages/v0.png", [], (2000, 1))
    xml = folder / "Annotations/v0.xml"
    xml.write_text(annotation([], (2000, 1)))
    dataset = VocDetection(folder, "test", transforms=[{"type": "Resize", "size": 4096}, *LAST], classes=["dog"])
    index = next(index for index in range(2) if "v0" in dataset.sample_name(index))
    with pytest.raises(DataError, match=r"v0\.png: 2000 x 1 pixels scaled to"):
        dataset[index]


def test_parameters_without_effect_are_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="image_size, mean and std have no effect beside transforms"):
        VocDetection(folder, "test", image_size=320, transforms=LAST)


def test_batches_are_decoded_once_into_the_cache(folder: Path, tmp_path: Path) -> None:
    """A search looks at them again and again."""
    dataset, made = VocDetection(folder, "train", image_size=(20, 40), train_portion=1.0), list[int]()

    def make(number: int) -> Any:
        made.append(number)
        return batches(dataset, 4, indices=range(number * 4, len(dataset)))

    told = list[str]()
    cached = CachedBatches(make, tmp_path / "cache", 1e9, told.append)
    passes = [list(cached) for _ in range(3)]
    assert made == [0] and told == [] and [batch_size(inputs) for inputs, _ in passes[2]] == [4, 2]
    for (images, targets), (first, firsts) in zip(passes[2], passes[0], strict=True):
        assert images.tobytes() == first.tobytes() and type(targets) is list and len(targets) == len(firsts)
        for target, before in zip(targets, firsts, strict=True):
            assert target.keys() == before.keys() and target["image_id"] == before["image_id"]
            for key in ("boxes", "labels", "area", "iscrowd", "size"):
                assert target[key].dtype == before[key].dtype and target[key].tobytes() == before[key].tobytes()
        targets[0]["boxes"] += 1  # belongs to whoever gets it


def test_other_processes_make_the_same_batches(folder: Path) -> None:
    dataset = VocDetection(folder, "train", image_size=(32, 32))

    def made(workers: int) -> list[bytes]:
        return [images.tobytes() for images, _ in batches(dataset, 2, augment=True, workers=workers)]

    assert made(2) == made(0)
