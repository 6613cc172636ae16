"""Reads the files that CIFAR-10 comes in. Nothing is ever unpickled."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.contract import DataError
from prunekit.core.file_nature import not_a_file, unpacks_to_far_more
from prunekit.core.read_errors import why_unreadable
from prunekit.registry.errors import one_line

_SIDE, _CLASSES = 32, 10
_RECORD = 1 + 3 * _SIDE * _SIDE  # a label byte, then the red, green and blue planes
_BINARY = {True: [f"data_batch_{number}.bin" for number in range(1, 6)], False: ["test_batch.bin"]}
_SUBFOLDER = "cifar-10-batches-bin"
_PICKLED = ("cifar-10-batches-py", "batches.meta", "data_batch_1", "test_batch", "cifar-10-python.tar.gz")


def read_images(folder: Path, *, train: bool) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the images [N, 32, 32, 3] and labels [N] of the training or the test file.

    Raises:
        DataError: The folder has none of the known files, or one of them is broken.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; data_path of Cifar10 names the folder that holds its files")
    names = _BINARY[train]
    for place in (folder, folder / _SUBFOLDER):
        if any((place / name).exists() for name in names):
            return _read_binary([place / name for name in names])
    pattern = "train*.npz" if train else "test*.npz"
    archives = sorted(folder.glob(pattern))
    if len(archives) > 1:
        found = ", ".join(path.name for path in archives)
        raise DataError(f"{folder} has more than one {pattern} ({found}); which is meant? Keep one in the folder")
    if archives:
        return _read_archive(archives[0])
    if any((folder / name).exists() for name in _PICKLED):
        raise DataError(
            f"{folder}: cifar-10-python holds pickles, which can run code; download the binary version"
            " (cifar-10-binary.tar.gz) and unpack it"
        )
    raise DataError(f"{folder} has neither {names[0]} (nor {_SUBFOLDER}/{names[0]}) nor a {pattern}")


def _read_binary(paths: list[Path]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    records = []
    for path in paths:
        try:
            raw = np.fromfile(path, dtype=np.uint8)
        except OSError as problem:
            raise DataError(f"{path} cannot be read: {problem.strerror}") from problem
        if not raw.size or raw.size % _RECORD:
            raise DataError(f"{path} has {raw.size} bytes, not a multiple of {_RECORD}; download it again")
        records.append(raw.reshape(-1, _RECORD))
    table = np.concatenate(records)
    images = table[:, 1:].reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), _checked(table[:, 0], paths[0])


def _read_archive(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    if (why := not_a_file(path)) is not None:  # a pipe would be waited for
        raise DataError(f"{path}{why}")
    try:
        if (why := unpacks_to_far_more(path)) is not None:
            raise DataError(f"{path}{why}")
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            images, labels = archive["x"], archive["y"]
    except DataError:
        raise
    except KeyError as problem:
        raise DataError(f"{path} must have the arrays 'x' and 'y'; it has no {problem.args[0]}") from problem
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as problem:
        raise DataError(
            f"{one_line(path)} cannot be read as an npz file of plain arrays: {why_unreadable(problem)}"
        ) from problem
    if images.dtype != np.uint8 or images.shape[1:] != (_SIDE, _SIDE, 3) or labels.shape != images.shape[:1]:
        raise DataError(
            f"{path}: x is {images.dtype} {list(images.shape)}, y is {list(labels.shape)};"
            " expected uint8 [N, 32, 32, 3] and [N]"
        )
    return images, _checked(labels, path)


def _checked(labels: NDArray[np.generic], path: Path) -> NDArray[np.int64]:
    if labels.dtype.kind not in "iu":
        raise DataError(f"{path}: the labels are {labels.dtype}; expected integers")
    whole = labels.astype(np.int64)
    if len(whole) and (whole.min() < 0 or whole.max() >= _CLASSES):
        raise DataError(f"{path}: labels go from {whole.min()} to {whole.max()}; CIFAR-10 has 0 to {_CLASSES - 1}")
    return whole
