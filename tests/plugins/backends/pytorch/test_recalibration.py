"""Statistics of batch normalizations, taken anew."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from prunekit.core.data.contract import DataError
from prunekit.model_zoo.layers.pytorch import FrozenBatchNorm2d
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


def _frozen(norm: nn.BatchNorm2d) -> FrozenBatchNorm2d:
    frozen = FrozenBatchNorm2d(norm.num_features, norm.eps)
    frozen.load_state_dict({name: norm.state_dict()[name] for name in frozen.state_dict()})
    return frozen


def _two_norms(frozen: bool) -> nn.Module:
    torch.manual_seed(2)
    convs = [nn.Conv2d(2, 4, 3), nn.Conv2d(4, 3, 3)]
    norms = [nn.BatchNorm2d(4), nn.BatchNorm2d(3)]
    for norm in norms:
        for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
            nn.init.uniform_(tensor, 0.5, 1)
    first, second = (_frozen(norm) if frozen else norm for norm in norms)
    return nn.Sequential(convs[0], first, nn.ReLU(), convs[1], second).eval()


def test_frozen_ones_have_the_statistics_that_others_take():
    """Also where the second one reads what the first one makes of the batch."""
    batches = [(torch.randn(3, 2, 9, 9) * k + 1, 0) for k in (1, 2, 3)]
    usual, frozen = (BACKEND.recalibrate(_two_norms(frozen), batches) for frozen in (False, True))
    for place in (1, 4):
        for name in ("running_mean", "running_var"):
            found, wanted = frozen[place].get_buffer(name), usual[place].get_buffer(name)
            assert torch.allclose(found, wanted, rtol=1e-5, atol=1e-6)
            assert not torch.allclose(found, _two_norms(True)[place].get_buffer(name), rtol=1e-2)
    assert not frozen[1]._forward_pre_hooks


def test_a_channel_that_is_constant_keeps_its_variance():
    """Nothing may be added to it: there is nothing to divide by."""
    net = nn.Sequential(FrozenBatchNorm2d(2, eps=0.0))
    images = torch.stack([torch.full((4, 4), 5.0), torch.randn(4, 4)])[None]
    found = BACKEND.recalibrate(net, [(images, 0)])[0]
    assert found.running_mean[0] == 5 and found.running_var[0] == 1 != found.running_var[1]
    assert found(images).isfinite().all()


class _Half(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.unused = FrozenBatchNorm2d(2), FrozenBatchNorm2d(2)

    def forward(self, x):
        return self.used(x)


def test_what_is_not_reached_stays():
    found = BACKEND.recalibrate(_Half(), [(torch.randn(1, 2, 4, 4) * 5, 0)])
    assert found.unused.running_var.tolist() == [1, 1] != found.used.running_var.tolist()


def test_frozen_ones_need_batches():
    with pytest.raises(DataError, match="recalibration needs batches"):
        BACKEND.recalibrate(nn.Sequential(FrozenBatchNorm2d(2)), [])
