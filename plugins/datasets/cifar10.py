"""CIFAR-10, from the official binary files or from npz files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.contract import DataError, Sample
from prunekit.core.data.splits import Samples, Split, TrainPortion, permuted, take
from prunekit.plugins.datasets.cifar10_files import read_images
from prunekit.registry import Register, RegisterType

_PAD = 4  # pixels on each side before the random crop


@Register.register(RegisterType.DATASET)
class Cifar10:
    """CIFAR-10: 32x32 colour images of 10 classes, as normalized float32 [3, 32, 32].

    Search evaluates on ``val``: images held out of the training file by a fixed permutation
    (`prunekit.core.data.splits.SPLIT_SEED`). ``train`` and ``val`` are disjoint and together the training file;
    ``test`` is the test file in its own order.

    Args:
        data_path: Folder with ``data_batch_1.bin`` ... ``test_batch.bin`` (or a ``cifar-10-batches-bin`` folder of
            them), or with one ``train*.npz`` and one ``test*.npz`` (``x`` uint8 [N, 32, 32, 3], ``y`` [N]).
        split: ``train``, ``val`` or ``test``.
        train_portion: Share of the training file that is not held out.
        samples: At most so many images, the first of the split.
        mean: Of each colour channel, for values of 0 to 1.
        std: Of each colour channel.

    Raises:
        DataError: The files are missing or broken, or an argument is out of its range.
    """

    num_classes = 10
    targets = "labels"

    def __init__(
        self,
        data_path: Path,
        split: Split,
        train_portion: TrainPortion = 0.9,
        samples: Samples | None = None,
        mean: Sequence[float] = (0.485, 0.456, 0.406),
        std: Sequence[float] = (0.229, 0.224, 0.225),
    ) -> None:
        if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
            raise DataError(f"mean {list(mean)} and std {list(std)} must have 3 numbers each, those of std above 0")
        images, labels = read_images(Path(data_path), train=split != "test")
        order = np.arange(len(labels)) if split == "test" else permuted(len(labels))
        chosen = take(order, split, train_portion, samples)
        self._images: NDArray[np.uint8] = images[chosen]
        self._labels: NDArray[np.int64] = labels[chosen]
        deviation = np.asarray(std, dtype=np.float64)[:, None, None]
        self._scale = (1 / (255 * deviation)).astype(np.float32)
        self._shift = (-np.asarray(mean, dtype=np.float64)[:, None, None] / deviation).astype(np.float32)

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int, /) -> Sample:
        image = np.ascontiguousarray(self._images[index].transpose(2, 0, 1))
        return image * self._scale + self._shift, self._labels[index]

    def augment(self, sample: Sample, rng: np.random.Generator, /) -> Sample:
        """Pad by 4 pixels of the mean colour, crop 32x32 at random, flip half of the images."""
        image, label = sample
        top, left, flip = rng.integers(0, (2 * _PAD + 1, 2 * _PAD + 1, 2))
        padded = np.pad(image, ((0, 0), (_PAD, _PAD), (_PAD, _PAD)))
        image = padded[:, top : top + image.shape[1], left : left + image.shape[2]]
        return np.ascontiguousarray(image[:, :, ::-1] if flip else image), label
