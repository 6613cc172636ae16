from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.graph.labels import Labels, along, components, drop_constant_axes
from prunekit.core.graph.reshaping import concatenate, reshape, segments, take, tangled


def test_components():
    pairs = [(np.array([4, 1, 7]), np.array([2, 4, 8])), (np.array([8]), np.array([5]))]
    assert components(9, pairs).tolist() == [0, 1, 1, 3, 1, 5, 6, 5, 5]
    assert components(0, []).tolist() == []
    chain = np.arange(1000)
    assert not components(1001, [(chain + 1, chain)]).any()


def test_fix_and_freeze():
    labels = Labels()
    grid = labels.fresh(6).reshape(1, 2, 3)
    assert labels.fix(grid, [1], "").tolist() == [[[0, 1, 2]]]
    assert labels.settle().tolist() == [0, 1, 2, 0, 1, 2]
    labels.freeze(grid[:, 1, :1], "first")
    labels.freeze(grid, "second")
    assert labels.reasons(labels.settle()) == {0: "first", 1: "second", 2: "second"}


@pytest.mark.parametrize(("last", "classes"), [(True, [0, 1, 2, 0, 1, 2]), (False, [0, 0, 0, 3, 3, 3])])
def test_rectangles(last, classes):
    labels = Labels()
    labels.rectangle(labels.fresh(6).reshape(2, 3), last)
    assert labels.settle().tolist() == classes


def test_a_rectangle_keeps_what_is_legal_already():
    labels = Labels()
    grid = labels.fresh(6).reshape(2, 3)
    labels.rectangle(grid)
    labels.fix(grid, [1], "")
    assert labels.settle().tolist() == [0, 0, 0, 3, 3, 3]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ((2, 6, 4, 4), (2, 96), [((0,), (0,)), ((1, 2, 3), (1,))]),
        ((2, 12, 4), (2, 3, 4, 4), [((0,), (0,)), ((1,), (1, 2)), ((2,), (3,))]),
        ((1, 5, 1), (5,), [((0, 1), (0,)), ((2,), ())]),
        ((5,), (5, 1, 1), [((0,), (0,)), ((), (1,)), ((), (2,))]),
        ((2, 3), (3, 2), [((0, 1), (0, 1))]),
    ],
)
def test_segments(before, after, found):
    assert [(tuple(a), tuple(b)) for a, b in segments(before, after)] == found


def test_reshape_follows_numpy():
    labels = np.arange(6).reshape(1, 6, 1, 1)
    flat = reshape(labels, (2, 6, 2, 2), (2, 24))
    assert flat.tolist() == [np.repeat(np.arange(6), 4).tolist()]
    assert reshape(flat, (2, 24), (2, 6, 2, 2)).shape == (1, 6, 1, 1)
    assert reshape(labels, (2, 6, 2, 2), (2, 2, 3, 4)).tolist() == np.arange(6).reshape(1, 2, 3, 1).tolist()


def test_tangled():
    a, b, c = along(np.arange(3), 1, 4), along(np.arange(4), 2, 4), along(np.arange(5), 3, 4)
    assert [x.shape for x in tangled((a, b, c), (1, 3, 4, 5), (1, 12, 5))] == [a.shape, b.shape]
    assert tangled((a, b, c), (1, 3, 4, 5), (3, 4, 5)) == []


def test_take_and_concatenate():
    array = along(np.arange(4), 1, 2)
    assert take(array, 1, slice(1, 3), drop=False).tolist() == [[1, 2]]
    assert take(array, 0, slice(0, 1), drop=True).tolist() == [0, 1, 2, 3]
    joined = concatenate([array, along(np.arange(7, 9), 1, 2)], [4, 2], 1)
    assert joined.tolist() == [[0, 1, 2, 3, 7, 8]]
    spread = concatenate([np.array([[5]]), array], [2, 4], 1)
    assert spread.tolist() == [[5, 5, 0, 1, 2, 3]]


def test_drop_constant_axes():
    assert drop_constant_axes(np.array([[1, 2], [1, 2]])).tolist() == [[1, 2]]
    assert drop_constant_axes(np.array([[3, 3], [3, 3]])).shape == (1, 1)
