"""Which samples of a file are for training and which are held out: fixed once, the same in every run."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from prunekit.core.data.contract import DataError

Split: TypeAlias = Literal["train", "val", "test"]
TrainPortion: TypeAlias = Annotated[float, Field(gt=0, le=1)]  # so that a yml is refused before data is read
Samples: TypeAlias = Annotated[int, Field(ge=1)]
SPLITS = ("train", "val", "test")
SPLIT_SEED = 20220924  # of the one permutation; changing it would change which images every search has held out


def permuted(count: int) -> NDArray[np.int64]:
    """Return the fixed permutation of ``count`` samples, drawn from `SPLIT_SEED`."""
    return np.random.default_rng(SPLIT_SEED).permutation(count)


def take(order: NDArray[np.int64], split: str, train_portion: float, samples: int | None) -> NDArray[np.int64]:
    """Return the part of an order that belongs to a split.

    Args:
        order: The samples of the training file (for ``test``: of the test file) in their order.
        split: ``train`` is the first ``train_portion`` of the order, ``val`` the rest, ``test`` all of it.
        train_portion: Share for training, above 0 and at most 1.
        samples: At most so many, the first of the split; None takes all.

    Raises:
        DataError: An argument is out of its range, or the split has no sample.
    """
    if split not in SPLITS:
        raise DataError(f"no split {split!r}; there are {', '.join(SPLITS)}")
    if not 0 < train_portion <= 1:
        raise DataError(f"train_portion is {train_portion}; it must be above 0 and at most 1")
    if samples is not None and samples < 1:
        raise DataError(f"samples is {samples}; it must be at least 1, or left out for all")
    cut = round(len(order) * train_portion)
    part = {"train": order[:cut], "val": order[cut:], "test": order}[split][:samples]
    if not len(part):
        raise DataError(
            f"the split {split!r} has no sample: train_portion {train_portion} of {len(order)} puts {cut} into train"
        )
    return part
