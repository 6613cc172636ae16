"""Second moments of what layers read."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

import prunekit
from prunekit.plugins.backends.pytorch.backend import PytorchBackend

BACKEND = PytorchBackend()


def network() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 24, 3, padding=1), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 5),
        ).eval()  # fmt: skip


def images(size: int, count: int) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1)) * 40


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_moments_of_half_precision_are_finite_and_exact(dtype):
    """What each layer reads is of half precision, its squares are not: 65,504 is soon reached."""
    net, x = network().to(dtype), images(32, 4).to(dtype)
    graph = prunekit.trace(net, x[:1])
    moments = BACKEND.observe(net, graph, [(x, 0)])
    with torch.no_grad():
        read = net[:3](x).double().transpose(0, 1).flatten(1)
    read = torch.cat([read, torch.ones_like(read[:1])])
    wanted = (read @ read.T / read.shape[1]).numpy()
    np.testing.assert_allclose(moments.matrices["3.weight"][0], wanted, rtol=1e-4, atol=1e-4 * wanted.max())


@pytest.mark.parametrize(("dtype", "near"), [(torch.float16, 0.05), (torch.bfloat16, 0.1)])
def test_shrink_in_half_precision_is_near_that_in_float32(dtype, near):
    """Batches are tensors: NumPy has no bfloat16."""
    x = images(48, 6)
    wanted = prunekit.shrink(network(), x[:1], 0.6, [(x, np.zeros(6))])(x)
    got = prunekit.shrink(copy.deepcopy(network()).to(dtype), x[:1].to(dtype), 0.6, [(x.to(dtype), np.zeros(6))])
    assert {p.dtype for p in (*got.parameters(), *got.buffers()) if p.is_floating_point()} == {dtype}
    assert (got(x.to(dtype)).float() - wanted).abs().max() < near * wanted.abs().max()
