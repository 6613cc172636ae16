from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from prunekit.model_zoo.layers.pytorch import Layers


@pytest.mark.parametrize(
    ("kernel", "size", "before", "after"), [(3, 8, 0, 1), (3, 9, 1, 1), (7, 8, 2, 3), (7, 9, 3, 3)]
)
def test_same_puts_the_odd_zero_last(kernel: int, size: int, before: int, after: int) -> None:
    conv, inputs = Layers(padding="same").conv(2, 3, kernel, 2), torch.rand(1, 2, size, size)
    outputs = conv(inputs)
    assert outputs.shape == (1, 3, -(-size // 2), -(-size // 2))
    padded = functional.pad(inputs, (before, after, before, after))
    assert torch.equal(outputs, functional.conv2d(padded, conv.weight, stride=2))


def test_sides_of_different_length() -> None:
    conv, inputs = Layers(padding="same").conv(2, 2, 3, 2, groups=2), torch.rand(1, 2, 8, 9)
    padded = functional.pad(inputs, (1, 1, 0, 1))  # columns first
    assert torch.equal(conv(inputs), functional.conv2d(padded, conv.weight, stride=2, groups=2))


@pytest.mark.parametrize("size", [8, 9])
def test_pooling_is_padded_alike(size: int) -> None:
    inputs = torch.rand(1, 2, size, size)
    same, symmetric = (Layers(padding=padding).max_pool(3, 2)(inputs) for padding in ("same", "symmetric"))
    assert same.shape == symmetric.shape
    assert torch.equal(same, symmetric) == (size == 9)
    assert torch.equal(same[..., -1, -1], inputs[..., -2:, -2:].amax((2, 3)))


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (1, 2), (3, 1)])
def test_where_the_conventions_agree_the_layer_is_torchs_own(kernel: int, stride: int) -> None:
    conv = Layers(padding="same").conv(2, 2, kernel, stride)
    assert type(conv) is nn.Conv2d
    assert conv.padding == (kernel // 2, kernel // 2)
    assert conv.bias is None


def test_eps() -> None:
    assert Layers(bn_eps=1e-3).norm(4).eps == 1e-3


def test_unknown_padding() -> None:
    with pytest.raises(ValueError, match="there is no padding 'valid'; there are symmetric, same"):
        Layers(padding="valid")  # type: ignore[arg-type]
