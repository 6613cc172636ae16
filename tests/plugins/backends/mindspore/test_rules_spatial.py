"""Operators that mix places of maps, or their frequencies."""

from __future__ import annotations

import numpy as np
import pytest
from mindspore import Tensor, nn, ops
from one_ms_operator import One, held_against_the_masked


def unpooled(m, x):
    small, places = ops.max_pool2d(x, 2, 2, return_indices=True)
    return ops.max_unpool2d(small, places.astype("int64"), 2)


def sampled(m, x):
    return ops.grid_sample(x, ops.tanh(m.offsets(x)).transpose(0, 2, 3, 1))


def transformed(m, x):
    theta = m.theta(ops.mean(x, (2, 3))).reshape(2, 2, 3)
    return ops.grid_sample(x, ops.affine_grid(theta, (2, 3, 6, 6), False))


def cropped(m, x):
    boxes, which = Tensor(np.array([[0, 0, 1, 1], [0, 0, 0.5, 0.5]], np.float32)), Tensor(np.array([0, 1], np.int32))
    return ops.crop_and_resize(x.transpose(0, 2, 3, 1), boxes, which, (4, 4)).transpose(0, 3, 1, 2)


CASES = {
    "max_unpool2d": One(unpooled),
    "grid_sample": One(sampled, held={"offsets": lambda: nn.Conv2d(8, 2, 1)}),
    "affine_grid": One(transformed, held={"theta": lambda: nn.Dense(8, 6)}),
    "crop_and_resize": One(cropped),
    "bilinear": One(lambda m, x: ops.ResizeBilinearV2()(x, (8, 8))),
    "mirrored": One(lambda m, x: nn.Pad(((0, 0), (0, 0), (1, 1), (1, 1)), mode="REFLECT")(x)),
    "mirrored channels": One(
        lambda m, x: nn.Pad(((0, 0), (1, 1), (0, 0), (0, 0)), mode="REFLECT")(x), 10, free=0, reason="cuts or repeats"
    ),
    "fft": One(lambda m, x: ops.real(ops.fft2(x)) / 6 + x),
    "rfft and back": One(lambda m, x: ops.irfft2(ops.rfft2(x) * 0.5)),
    "fft of channels": One(lambda m, x: ops.real(ops.fft(x, dim=1)), free=0, reason="FFT in the network mixes"),
    "phase": One(lambda m, x: x * ops.imag(ops.conj(ops.fft(x)))),
}


@pytest.mark.parametrize("name", CASES)
def test_exact(name):
    held_against_the_masked(CASES[name])
