"""What is not finite in data of any form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from prunekit.core.data import DataError
from prunekit.core.data.finite import finite_batches, not_finite, wrong_in

MASK = np.array([[0, -np.inf], [0, 0]], np.float32)


@pytest.mark.parametrize(
    ("leaf", "wrong"),
    [
        (np.array([1.0, np.nan, np.inf]), "NaN"),
        (np.array([1.0, -np.inf]), "infinite values"),
        (np.array([np.inf], np.float16), "infinite values"),
        (np.array([1 + np.nan * 1j]), "NaN"),
        (np.float32(np.nan), "NaN"),
        (float("inf"), "infinite values"),
        (np.zeros((0, 4)), None),
        (np.array([1, 2]), None),
        (np.array(["nan"]), None),
        (True, None),
        ("nan", None),
        (None, None),
    ],
)
def test_arrays_and_numbers(leaf: Any, wrong: str | None) -> None:
    assert wrong_in(leaf) == wrong


@pytest.mark.parametrize(
    ("batch", "told"),
    [
        (({"image": np.zeros(2), "scale": np.array([np.nan])}, 1), "NaN in inputs['scale']"),
        (((np.zeros(2), [np.ones(1), np.array([np.inf])]), 1), "infinite values in inputs[1][1]"),
        ((np.zeros(2), [{"boxes": np.array([[0, np.nan, 1, 1]])}]), "NaN in target[0]['boxes']"),
        ((MASK, 0), None),
        (({"mask": MASK, "x": np.ones(1)}, 0), None),
        ((np.zeros(2), MASK), "infinite values in target"),
        ((-MASK, 0), "infinite values in inputs"),
        ((np.full((2, 2), -np.inf), 0), "infinite values in inputs"),
        ((np.array([[0.5, -np.inf]]), 0), "infinite values in inputs"),
    ],
)
def test_where_it_is_and_that_additive_masks_are_meant(batch: Any, told: str | None) -> None:
    assert not_finite(batch, axes=2) == told


def test_numbers_of_samples_are_no_mask() -> None:
    assert not_finite((np.array([0, -np.inf]), 0), axes=2) == "infinite values in inputs"
    assert not_finite((np.array([0, -np.inf]), 0), axes=1) is None


def test_the_batch_and_the_sample_are_named() -> None:
    bad = np.ones((3, 2))
    bad[1, 0] = np.nan
    with pytest.raises(DataError, match=r"batch 1, sample 1 of batches: NaN in inputs\['x'\]"):
        list(finite_batches([({"x": np.ones((3, 2))}, np.nan), ({"x": bad}, 0)]))  # targets are not used
