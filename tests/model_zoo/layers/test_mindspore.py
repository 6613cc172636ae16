"""Layers of either convention in MindSpore: the same function as in PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from prunekit.model_zoo.layers import pytorch
from prunekit.plugins.backends.mindspore.forward import as_array

import mindspore  # isort: skip
from prunekit.model_zoo.layers.mindspore import Layers  # isort: skip


@pytest.mark.parametrize("padding", ["same", "symmetric", "pool_same"])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (1, 2), (3, 1), (3, 2), (7, 2)])
@pytest.mark.parametrize("size", [8, 9])
def test_convolutions_pad_alike(padding: str, kernel: int, stride: int, size: int) -> None:
    ours, theirs = Layers(padding=padding), pytorch.Layers(padding=padding)  # type: ignore[arg-type]
    for groups in (1, 4):
        conv, twin = ours.conv(4, 8, kernel, stride, groups), theirs.conv(4, 8, kernel, stride, groups)
        assert conv.weight.shape == tuple(twin.weight.shape) and not conv.has_bias
        twin.weight.data = torch.from_numpy(as_array(conv.weight))
        x = np.random.default_rng(size).normal(0, 1, (2, 4, size, 9)).astype(np.float32)
        wanted = twin(torch.from_numpy(x)).detach().numpy()
        np.testing.assert_allclose(as_array(conv(mindspore.Tensor(x))), wanted, atol=3e-6)


@pytest.mark.parametrize("padding", ["same", "symmetric", "pool_same"])
@pytest.mark.parametrize("size", [8, 9])
def test_pooling_pads_alike(padding: str, size: int) -> None:
    x = np.random.default_rng(0).random((1, 2, size, 9), dtype=np.float32)
    pools = Layers(padding=padding).max_pool(3, 2), pytorch.Layers(padding=padding).max_pool(3, 2)  # type: ignore[arg-type]
    assert np.array_equal(as_array(pools[0](mindspore.Tensor(x))), pools[1](torch.from_numpy(x)).numpy())


def test_normalizations_are_official() -> None:
    norm = Layers().norm(4)
    assert norm.eps == 1e-4 and norm.momentum == pytest.approx(0.1)  # it keeps the weight of the new value
    assert Layers(bn_eps=1e-3).norm(4).eps == 1e-3


def test_unknown_padding() -> None:
    with pytest.raises(ValueError, match="there is no padding 'valid'; there are symmetric, same"):
        Layers(padding="valid")  # type: ignore[arg-type]
