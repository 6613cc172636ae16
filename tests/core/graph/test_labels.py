from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.graph.labels import Labels, components
from prunekit.core.graph.reshaping import reshape, segments


def test_components():
    pairs = [(np.array([4, 1, 7]), np.array([2, 4, 8])), (np.array([8]), np.array([5]))]
    assert components(9, pairs).tolist() == [0, 1, 1, 3, 1, 5, 6, 5, 5]
    assert components(0, []).tolist() == []
    chain = np.arange(1000)
    assert not components(1001, [(chain + 1, chain)]).any()
    known = components(3, [(np.array([2]), np.array([0]))])
    assert components(5, [(np.array([4]), np.array([2]))], known).tolist() == [0, 1, 0, 3, 0]


def test_ties():
    labels = Labels()
    table = labels.fresh(6).reshape(2, 3)
    assert labels.tie_rows(table).tolist() == [0, 1, 2]
    assert labels.classes().tolist() == [0, 1, 2, 0, 1, 2]
    more = labels.fresh(2)
    assert labels.classes().tolist() == [0, 1, 2, 0, 1, 2, 6, 7]
    labels.tie(more[:1], table[0])  # one label meets three
    assert labels.classes().tolist() == [0, 0, 0, 0, 0, 0, 0, 7]


def test_freezing():
    labels = Labels()
    a, b = labels.fresh(3), labels.fresh(3)
    labels.freeze(a[1:], "first")
    labels.freeze(a, "second")
    labels.freeze(a[:0], "nothing")
    labels.tie(a, b)
    assert labels.reasons(labels.classes()) == {0: "second", 1: "first", 2: "first"}
    assert labels.frozen(a)
    assert not labels.frozen(b)  # only by what it is tied with, which later ties may still change
    assert not labels.frozen(labels.fresh(1))


def test_counts_are_tied_position_by_position_where_nothing_else_does_it():
    labels = Labels()
    a, b, c = labels.fresh(3), labels.fresh(3), labels.fresh(3)
    labels.tie(a, b[[2, 0, 1]])
    labels.tie_counts(a, b)  # of both the same number stays already
    labels.tie_counts(a, a)
    assert labels.classes().tolist() == [0, 1, 2, 1, 2, 0, 6, 7, 8]
    labels.tie_counts(b, c)
    assert labels.classes()[c].tolist() == [1, 2, 0]


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


def followed(axes, before, after):
    whole, spread, lost = reshape({axis: np.array(labels) for axis, labels in axes.items()}, before, after)
    return (
        {axis: labels.tolist() for axis, labels in whole.items()},
        [(split.axes, split.table.tolist()) for split in spread],
        [labels.tolist() for labels in lost],
    )


@pytest.mark.parametrize(
    ("axes", "before", "after", "found"),
    [
        ({1: [5, 6, 7]}, (2, 3, 2, 2), (2, 12), ({1: [5] * 4 + [6] * 4 + [7] * 4}, [], [])),  # flattened
        ({3: [5, 6, 7]}, (2, 2, 2, 3), (2, 12), ({1: [5, 6, 7] * 4}, [], [])),  # channels last
        ({1: [1, 1, 2, 2]}, (2, 4), (2, 2, 2), ({1: [1, 2]}, [], [])),  # and back
        ({1: [1, 2, 1, 2]}, (2, 4), (2, 2, 2), ({2: [1, 2]}, [], [])),
        ({1: [1, 2, 3, 4]}, (2, 4), (2, 2, 2), ({}, [((1, 2), [[1, 2], [3, 4]])], [])),  # heads and their width
        ({1: [1, 2, 3, 4]}, (3, 4), (2, 6), ({}, [((0, 1), [[1, 2, 3, 4, 1, 2], [3, 4, 1, 2, 3, 4]])], [])),
        ({0: [1, 2], 1: [3, 4]}, (2, 2), (4,), ({}, [], [[1, 2], [3, 4]])),  # folded into one another
        ({0: [1, 2], 2: [3, 4]}, (2, 1, 2), (1, 2, 2), ({1: [1, 2], 2: [3, 4]}, [], [])),
    ],
)
def test_reshape(axes, before, after, found):
    assert followed(axes, before, after) == found


def test_what_stays_in_equal_shares_is_not_tied_by_counts():
    """Two parts of four of which equally many stay: sizes that count them agree, whichever stay."""
    labels = Labels()
    first, second = labels.fresh(4), labels.fresh(4)
    labels.loosen(np.stack([first, second]))
    labels.tie_counts(first, second)
    labels.tie_counts(np.concatenate([first, second]), np.concatenate([second[::-1], first]))
    assert labels.classes().tolist() == list(range(8))
    assert labels.shares().tolist() == [0] * 8
    labels.tie_counts(first, labels.fresh(4))  # of this nothing is known
    assert labels.classes()[8:].tolist() == [0, 1, 2, 3]


def test_strands_are_what_meets_not_what_goes_together():
    labels = Labels()
    parts = labels.fresh(6).reshape(2, 3)
    labels.tie_rows(parts)
    labels.tie(labels.fresh(6), parts.ravel())
    assert labels.classes()[:6].tolist() == [0, 1, 2, 0, 1, 2]
    assert labels.strands().tolist() == [0, 1, 2, 3, 4, 5] * 2
