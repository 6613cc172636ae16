"""Labels follow a reshape, also of tensors without any element."""

from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.graph.reshaping import reshape

LABELS = np.arange(8)


@pytest.mark.parametrize(
    ("axis", "before", "after", "where"),
    [
        (1, (2, 8, 3, 3), (2, 8, 9), 1),
        (1, (2, 8, 0, 3), (2, 8, 0), 1),
        (2, (1, 0, 8), (0, 8), 1),
        (1, (0, 8, 6, 6), (0, 8, 36), 1),
        (2, (0, 5, 8), (5, 0, 8), 2),
        (2, (3, 4, 8, 0), (12, 8, 0), 1),
        (1, (0, 8, 3), (0, 8, 3), 1),
        (1, (0, 8), (0, 1, 8), 2),
    ],
)
def test_an_axis_stays_whole(axis, before, after, where):
    whole, spread, lost = reshape({axis: LABELS}, before, after)
    assert list(whole) == [where] and np.array_equal(whole[where], LABELS) and not spread and not lost


def test_an_empty_tensor_is_flattened_or_takes_any_shape():
    whole, spread, lost = reshape({1: LABELS}, (0, 8, 2), (0, 16))
    assert whole[1].tolist() == LABELS.repeat(2).tolist() and not spread and not lost
    whole, spread, lost = reshape({1: LABELS}, (0, 8), (0, 5))
    assert not whole and not spread and np.array_equal(lost[0], LABELS)
    assert reshape({0: LABELS[:0]}, (0, 8), (0, 5)) == ({}, [], [])
