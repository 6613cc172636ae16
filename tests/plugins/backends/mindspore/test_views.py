"""Dispatch replaces views by tensors of their own; what is written into one must reach all others nonetheless."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

if find_spec("mindspore") is None:  # not by importing it: the backend has to come first
    pytest.skip("MindSpore is not installed", allow_module_level=True)

from prunekit.plugins.backends.mindspore.dispatch import dispatching
from prunekit.plugins.backends.mindspore.forward import as_array

from mindspore import Tensor, ops  # isort: skip


def part(x):
    x[:, 1:][:, 0] = 7
    return x


def transposed(x):
    ops.transpose(x, (0, 2, 1))[:, 1] += 2
    return x


def through_three(x):
    x.view(2, 12).view(2, 3, 4).swapaxes(1, 2)[:, 0] = 5
    return x


def part_in_between(x):
    flat = x.view(2, 12)
    flat.view(2, 4, 3)[:, 0, 0] = 5
    return flat * 2


def laid_out_anew(x):
    ops.transpose(x, (0, 2, 1)).reshape(2, 12)[:, 0] = 5  # of places that lie apart: a copy
    return x


def beside(x):
    a, b = x[:, :3], x[:, 1:]
    a[:, 2] = 5
    return ops.relu(b)


def overlapping(x):
    a, b = x[:, :3], x[:, 1:]
    a[:, 2] = 5
    b[:, 0] = 6
    return x


def returned(x):
    view = x[:, 0]
    x[:, 0] = 5
    return view


def chunks(x):
    a, b = ops.chunk(x, 2, 1)
    b[:, 0] = a[:, 1]
    return x


def looked_up(x):
    x[:, Tensor([0, 2])][:, 0] = 5
    return x


def computed(x):
    ops.relu(x)[:, 0] = 5
    return x


@pytest.mark.parametrize(
    "code",
    [
        part, transposed, through_three, part_in_between, laid_out_anew, beside, overlapping, returned, chunks,
        looked_up, computed,
    ],
)  # fmt: skip
def test_code_returns_the_same_under_dispatch(code):
    values = np.arange(24, dtype=np.float32).reshape(2, 4, 3) - 9
    wanted = as_array(code(Tensor(values)))
    with dispatching(lambda operator: operator.run(operator.args)):
        got = code(Tensor(values))
    np.testing.assert_array_equal(as_array(got), wanted)
