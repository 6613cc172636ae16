from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from prunekit.core.data import DataError
from prunekit.plugins.datasets.cifar10 import Cifar10

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
REAL = Path(__file__).parents[4] / "shared" / "data" / "cifar10"


class Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> object:
        return (Path.touch, (self.marker,))


def images(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
    x[:, 0, 0, 0] = np.arange(count)  # tells the images apart
    return x, (np.arange(count) % 10).astype(np.uint8)


def numbers(dataset: Cifar10) -> list[int]:
    return [round(float((dataset[i][0][0, 0, 0] * STD[0] + MEAN[0]) * 255)) for i in range(len(dataset))]


def write_binary(folder: Path, x: np.ndarray, y: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    records = np.concatenate([y[:, None], x.transpose(0, 3, 1, 2).reshape(len(x), -1)], axis=1)
    for number, part in enumerate(np.array_split(records, 5), 1):
        part.tofile(folder / f"data_batch_{number}.bin")
    records[:7].tofile(folder / "test_batch.bin")


def test_npz_splits_and_values(tmp_path: Path) -> None:
    x, y = images(50)
    np.savez(tmp_path / "train50.npz", x=x, y=y)
    np.savez(tmp_path / "test50.npz", x=x[:9], y=y[:9])
    train, val, test = (Cifar10(tmp_path, split, train_portion=0.8) for split in ("train", "val", "test"))
    assert sorted(numbers(train) + numbers(val)) == list(range(50))
    assert (len(train), len(val), len(test)) == (40, 10, 9)
    assert numbers(test) == list(range(9))
    image, label = test[3]
    assert image.shape == (3, 32, 32) and image.dtype == np.float32 and label == 3 and image.flags.c_contiguous
    np.testing.assert_allclose(image, ((x[3] / 255 - MEAN) / STD).transpose(2, 0, 1), atol=1e-5)
    assert numbers(Cifar10(tmp_path, "train", 0.8, samples=5)) == numbers(train)[:5]


@pytest.mark.parametrize("sub", ["", "cifar-10-batches-bin"])
def test_binary_gives_what_npz_gives(tmp_path: Path, sub: str) -> None:
    x, y = images(50)
    write_binary(tmp_path / sub, x, y)
    (tmp_path / "npz").mkdir()
    np.savez(tmp_path / "npz" / "train.npz", x=x, y=y)
    binary, archive = Cifar10(tmp_path, "val"), Cifar10(tmp_path / "npz", "val")
    assert len(binary) == len(archive) == 5
    for index in range(5):
        assert np.array_equal(binary[index][0], archive[index][0]) and binary[index][1] == archive[index][1]
    assert len(Cifar10(tmp_path, "test")) == 7


def test_augment_crops_and_flips_by_the_generator(tmp_path: Path) -> None:
    x, y = images(2)
    np.savez(tmp_path / "test.npz", x=x, y=y)
    dataset = Cifar10(tmp_path, "test")
    padded = np.pad(dataset[0][0], ((0, 0), (4, 4), (4, 4)))
    windows = [padded[:, top : top + 32, left : left + 32] for top in range(9) for left in range(9)]
    flips = set()
    for seed in range(30):
        image, label = dataset.augment(dataset[0], np.random.default_rng(seed))
        again, _ = dataset.augment(dataset[0], np.random.default_rng(seed))
        assert np.array_equal(image, again) and label == 0 and image.flags.c_contiguous
        plain = any(np.array_equal(image, window) for window in windows)
        flipped = any(np.array_equal(image, window[:, :, ::-1]) for window in windows)
        assert plain != flipped
        flips.add(flipped)
    assert flips == {True, False}


def test_nothing_there_names_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither data_batch_1.bin .* nor a train\*.npz"):
        Cifar10(tmp_path, "train")
    with pytest.raises(DataError, match="nowhere is not a folder"):
        Cifar10(tmp_path / "nowhere", "train")


def test_one_binary_file_missing_is_named(tmp_path: Path) -> None:
    write_binary(tmp_path, *images(50))
    (tmp_path / "data_batch_3.bin").unlink()
    with pytest.raises(DataError, match=r"data_batch_3.bin cannot be read"):
        Cifar10(tmp_path, "train")


def test_pickled_version_is_refused_and_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    for path in (tmp_path, folder):
        with pytest.raises(DataError, match=r"cifar-10-python holds pickles.*download the binary version"):
            Cifar10(path, "train")
    assert not (tmp_path / "ran").exists()


def test_pickle_inside_npz_is_refused_and_not_read(tmp_path: Path) -> None:
    bomb = np.empty(1, dtype=object)
    bomb[0] = Bomb(tmp_path / "ran")
    np.savez(tmp_path / "test.npz", x=bomb, y=np.zeros(1, np.uint8))
    with pytest.raises(DataError, match=r"test.npz cannot be read as an npz file of plain arrays"):
        Cifar10(tmp_path, "test")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((2, 3, 32, 32), np.uint8), "y": np.zeros(2, int)}, r"x is uint8 \[2, 3, 32, 32\]"),
        ({"x": np.zeros((2, 32, 32, 3), np.uint8), "y": np.array([0, 10])}, "labels go from 0 to 10"),
        ({"x": np.zeros((2, 32, 32, 3), np.uint8)}, "must have the arrays 'x' and 'y'"),
    ],
)
def test_wrong_arrays(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "test.npz", **arrays)
    with pytest.raises(DataError, match=message):
        Cifar10(tmp_path, "test")


def test_broken_files(tmp_path: Path) -> None:
    (tmp_path / "test.npz").write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(DataError, match=r"test.npz cannot be read"):
        Cifar10(tmp_path, "test")
    (tmp_path / "test_batch.bin").write_bytes(b"x" * 3000)
    with pytest.raises(DataError, match="3000 bytes, not a multiple of 3073"):
        Cifar10(tmp_path, "test")


def test_two_training_archives_are_ambiguous(tmp_path: Path) -> None:
    for name in ("train1", "train2"):
        np.savez(tmp_path / f"{name}.npz", x=images(3)[0], y=images(3)[1])
    with pytest.raises(DataError, match=r"more than one train\*.npz \(train1.npz, train2.npz\)"):
        Cifar10(tmp_path, "val")


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no CIFAR-10 images at {REAL}")
def test_real_images() -> None:
    train, val, test = (Cifar10(REAL, split) for split in ("train", "val", "test"))
    assert (len(train), len(val), len(test)) == (9000, 1000, 10000)
    assert sorted({int(test[i][1]) for i in range(200)}) == list(range(10))
