"""Statistics of batch normalizations, taken anew."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from prunekit.plugins.backends.pytorch.backend import PytorchBackend

BACKEND = PytorchBackend()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_averages_in_half_precision_are_taken_in_float32(dtype):
    """Of many batches: an average kept in half precision stops to move."""
    net = nn.Sequential(nn.BatchNorm1d(3)).to(dtype).eval()
    batches = [(torch.full((4, 3), 100.0 + k % 7, dtype=dtype), 0) for k in range(210)]
    found = BACKEND.recalibrate(net, batches)[0]
    assert found.running_mean.dtype == found.weight.dtype == dtype
    assert torch.equal(found.running_mean, torch.full((3,), 103.0, dtype=dtype))
    assert torch.equal(net[0].running_mean, torch.zeros(3, dtype=dtype))
