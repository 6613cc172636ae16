from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.data import DataError
from prunekit.core.data.splits import permuted, take


def test_train_and_val_are_disjoint_and_whole() -> None:
    order = permuted(101)
    train, val = take(order, "train", 0.9, None), take(order, "val", 0.9, None)
    assert len(train) == 91 and len(val) == 10
    assert sorted(np.concatenate([train, val])) == list(range(101))


def test_permutation_is_fixed_for_good() -> None:
    assert permuted(10).tolist() == [4, 6, 2, 0, 8, 1, 9, 5, 3, 7]


def test_samples_takes_the_first_and_does_not_move_the_cut() -> None:
    order = permuted(100)
    assert take(order, "val", 0.9, 4).tolist() == take(order, "val", 0.9, None)[:4].tolist()
    assert len(take(order, "val", 0.9, 500)) == 10


@pytest.mark.parametrize(
    ("split", "portion", "samples", "message"),
    [
        ("valid", 0.9, None, "no split 'valid'; there are train, val, test"),
        ("val", 1.0, None, "'val' has no sample: train_portion 1.0"),
        ("train", 0.0, None, "train_portion is 0.0"),
        ("train", 0.9, 0, "samples is 0"),
    ],
)
def test_mistakes(split: str, portion: float, samples: int | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        take(permuted(10), split, portion, samples)
