"""Products of vectors, comparisons, and what else works position by position."""

from __future__ import annotations

import numpy as np
import pytest
from mindspore import Parameter, Tensor, ops
from one_ms_operator import One, held_against_the_masked


def parameter(*shape):
    return lambda: Parameter(Tensor(np.random.default_rng(0).standard_normal(shape).astype(np.float32)))


def scores(m, x):
    """Attention over places by a learned vector."""
    shares = ops.softmax(ops.matmul(x.reshape(2, x.shape[1], -1).transpose(0, 2, 1), m.v), 1)
    return x * shares.reshape(2, 1, 6, 6)


CASES = {
    "matmul with a vector": One(scores, held={"v": parameter(8)}),
    "vector with a matrix": One(
        lambda m, x: x + ops.matmul(ops.mean(x, (0, 2, 3)), m.w)[:, None, None], held={"w": parameter(8, 8)}
    ),
    "two vectors": One(lambda m, x: x * ops.matmul(ops.mean(x, (0, 2, 3)), m.v), held={"v": parameter(8)}),
    "mv": One(lambda m, x: x * ops.mv(ops.mean(x, (2, 3)), m.v)[:, None, None, None], held={"v": parameter(8)}),
    "inner": One(lambda m, x: x * ops.inner(ops.mean(x, (0, 2, 3)), m.v), held={"v": parameter(8)}),
    "ger": One(lambda m, x: x + ops.ger(ops.mean(x, (0, 2, 3)), ops.mean(x, (0, 1, 2)))[:, None]),
    "cdist": One(
        lambda m, x: (
            x
            * ops.cdist(ops.mean(x, 3).transpose(0, 2, 1), ops.tile(m.codes[None], (2, 1, 1)))
            .sum((1, 2))
            .reshape(2, 1, 1, 1)
        ),
        held={"codes": parameter(5, 8)},
    ),
    "equal to a number": One(lambda m, x: x * (ops.relu(x) == 0).astype(x.dtype) + x),
    "unequal": One(lambda m, x: x * (ops.relu(x) != 0).astype(x.dtype)),
    "either or": One(lambda m, x: x * ((x > 0) ^ (x < 1) | (x > 2)).astype(x.dtype)),
    "remainder": One(lambda m, x: x % 2 + x // 0.3),
    "nan_to_num": One(lambda m, x: ops.nan_to_num(x, 0.0, 1.0, -1.0)),
    "select": One(lambda m, x: ops.select(x > 0, x, x * 0.1) + ops.where(x > 1, x, 0.5)),
    "lerp": One(lambda m, x: ops.lerp(x, x * 2, 0.3)),
}


@pytest.mark.parametrize("name", CASES)
def test_exact(name):
    held_against_the_masked(CASES[name])
