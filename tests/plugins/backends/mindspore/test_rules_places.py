"""Operators that look up and write places by number, or tell them apart by it."""

from __future__ import annotations

import numpy as np
import pytest
from mindspore import Tensor, ops
from one_ms_operator import One, held_against_the_masked


def numbers(*values):
    return Tensor(np.array(values, np.int32))


def rows(f):
    """Something done to the map as a table: a row for each place, a column for each channel."""
    return lambda m, x: f(x.transpose(0, 2, 3, 1).reshape(72, -1)).reshape(2, 6, 6, -1).transpose(0, 3, 1, 2)


def channels(n, f):
    return lambda m, x: f(x)


CASES = {
    "gather_elements": One(lambda m, x: ops.gather_elements(x, 3, ops.sort(x, 3)[1])),
    "gather_elements of channels": One(
        lambda m, x: ops.gather_elements(x, 1, ops.zeros_like(x).astype("int32")), free=0, reason="looks up"
    ),
    "scatter of rows": One(
        # one row: of two that go to one place either may be the last
        rows(lambda t: ops.tensor_scatter_elements(t, ops.zeros_like(t[:1]).astype("int32"), t[4:5] * 2, 0))
    ),
    "scatter to channels": One(
        lambda m, x: ops.tensor_scatter_elements(x, ops.zeros_like(x[:, :1]).astype("int32"), x[:, :1] * 2, 1),
        free=0,
        reason="is taken over it",
    ),
    "update": One(rows(lambda t: ops.TensorScatterUpdate()(t, numbers([1], [3]), t[4:6] * 2))),
    "update of places in rows": One(
        rows(lambda t: ops.TensorScatterUpdate()(t, numbers([1, 0], [3, 2]), Tensor(np.ones(2, np.float32)))),
        free=0,
        reason="is taken over it",
    ),
    "add": One(rows(lambda t: ops.tensor_scatter_add(t, numbers([1], [1], [3]), t[4:7] * 2))),
    "scatter_nd": One(
        rows(lambda t: t + ops.scatter_nd(numbers([1], [3]), t[4:6], (72, t.shape[1]))),
    ),
    "scatter_nd by a literal": One(
        rows(lambda t: t + ops.scatter_nd(numbers([1], [3]), t[4:6], (72, 8))), free=0, reason="has its size 8"
    ),
    "index_add": One(rows(lambda t: t.index_add(0, numbers(0, 1), t[4:6]))),
    "segments": One(rows(lambda t: t + ops.unsorted_segment_sum(t, numbers(*[0, 1] * 36), 2)[:1])),
    "diagonal": One(lambda m, x: x + ops.diagonal(x, 0, 2, 3)[:, :, None]),
    "tril": One(lambda m, x: ops.tril(x) + ops.triu(x, 1) * 2),
    "rot90": One(lambda m, x: ops.rot90(x, 1, (2, 3))),
    "SpaceToDepth": One(lambda m, x: m.fold(x), 32, held={"fold": lambda: ops.SpaceToDepth(2)}),
    "DepthToSpace": One(lambda m, x: m.unfold(x), 2, held={"unfold": lambda: ops.DepthToSpace(2)}),
    "both": One(
        lambda m, x: m.unfold(m.fold(x)[:, :, ::-1]),
        held={"fold": lambda: ops.SpaceToDepth(2), "unfold": lambda: ops.DepthToSpace(2)},
    ),
    "repeat_interleave": One(lambda m, x: ops.repeat_interleave(x, 2, 1), 16),
}


@pytest.mark.parametrize("name", CASES)
def test_exact(name):
    held_against_the_masked(CASES[name])
