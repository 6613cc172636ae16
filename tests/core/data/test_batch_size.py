from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from prunekit.core.data.batch_size import batch_size

IMAGES = np.zeros((5, 3, 8, 8))
ONE = np.zeros((3, 8, 8))


@pytest.mark.parametrize(
    ("inputs", "size"),
    [
        (IMAGES, 5),
        ((IMAGES, np.zeros(7)), 5),
        ((IMAGES, [{"boxes": np.zeros((n, 4)), "labels": np.zeros(n, int)} for n in (3, 0)]), 5),
        ({"ids": np.zeros(4, int), "image": IMAGES}, 4),
        ({"deep": (np.float32(0.5), (IMAGES,))}, 5),
        ([ONE, ONE], 2),  # images that differ in size, as one argument
        (([ONE, ONE], IMAGES), 2),
        ({"images": [{"pixels": ONE}] * 6}, 6),
        ((0.5, True, None, "nearest", IMAGES), 5),
        ((np.zeros(()), np.int64(3), IMAGES), 5),
        ((np.zeros((0, 4)), [], IMAGES), 5),  # no boxes to begin with
        (((IMAGES,), {"flag": True}), 5),  # as it is called
        (SimpleNamespace(shape=(9, 2)), 9),  # a framework's tensor
        (np.zeros((0, 3)), 0),
        ([], 0),
        (np.zeros(()), 1),
        ((), 1),
        ({}, 1),
        (3, 1),
        (None, 1),
    ],
)
def test_it_is_counted_from_the_inputs(inputs: Any, size: int) -> None:
    found = batch_size(inputs)
    assert found == size and type(found) is int
