"""NumPy's functions of sizes."""

from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.graph.symbolic_integers import SymInt, origin_of
from prunekit.core.graph.tracked_sizes import Combined, Extent, Uses
from prunekit.core.recording.seen_numpy import SizedArray, seen_arrays, seen_products

CHANNELS, ROWS = Extent(4, 7, 1), Extent(3, 7, 2)
BOTH = Combined(12, "*", CHANNELS, ROWS)


@pytest.fixture
def shape():
    uses = Uses()
    return SymInt(4, CHANNELS, uses), SymInt(3, ROWS, uses)


def test_products(shape):
    imported = {"prod": np.prod}
    with seen_products([imported]):
        for size in (np.prod(shape), imported["prod"](list(shape)), np.prod(shape).item(), np.prod(shape).astype(int)):
            assert size == 12 and origin_of(size) == BOTH
        assert np.prod(shape, dtype=np.int64) == 12
        assert np.prod(shape).astype(np.float32).dtype == np.float32
        assert np.prod([2, 3]) == 6 and np.prod(np.ones((2, 2)), axis=1).tolist() == [1, 1]
        assert np.prod([shape, shape], axis=0).tolist() == [16, 9]
    assert type(np.prod(shape)) is not int and origin_of(int(np.prod(shape))).value == 12
    assert imported == {"prod": np.prod} and np.prod.__module__ == "numpy"


def test_arrays_of_sizes(shape):
    with seen_arrays([]):
        for array in (np.ones(shape), np.zeros(shape[0]), np.full(shape, 2.0), np.empty(shape, np.float32)):
            assert (
                isinstance(array, SizedArray) and tuple(map(origin_of, array.sizes)) == (CHANNELS, ROWS)[: array.ndim]
            )
        assert type(np.ones((4, 3))) is np.ndarray


def test_what_is_computed_from_them_knows_no_sizes(shape):
    with seen_arrays([]):
        array = np.ones(shape)
    assert array.astype(np.float32).sizes == array.sizes and array.astype(np.float32).dtype == np.float32
    assert array[:3].T.sizes is None and array.T.sizes is None and (array * 2).sizes is None
    assert type(np.asarray(array)) is np.ndarray
