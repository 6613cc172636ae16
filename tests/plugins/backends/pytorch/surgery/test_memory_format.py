"""What lies in memory with its channels last does so after pruning as well."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from prunekit import PrunePlan, prune, trace
from prunekit.plugins.backends.pytorch.backend import PytorchBackend

LAST = torch.channels_last


def made() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1, groups=16),
        nn.Conv2d(16, 8, 1), nn.ReLU(), nn.Conv2d(8, 4, 3),
    ).eval()  # fmt: skip


def test_parameters_and_outputs_keep_their_format():
    network, x = made().to(memory_format=LAST), torch.rand(2, 3, 8, 8).to(memory_format=LAST)
    strides = [parameter.stride() for parameter in network.parameters()]
    graph = trace(network, x)
    assert [parameter.stride() for parameter in network.parameters()] == strides
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    wanted = [torch.empty(p.shape).to(memory_format=LAST).stride() for p in small.parameters() if p.ndim == 4]
    assert [p.stride() for p in small.parameters() if p.ndim == 4] == wanted
    assert small(x).is_contiguous(memory_format=LAST) and not small(x).is_contiguous()
    again = PytorchBackend().recalibrate(small, [(x.numpy(), 0)])
    assert [p.stride() for p in again.parameters()] == [p.stride() for p in small.parameters()]


def test_what_is_contiguous_stays_so():
    network, x = made(), torch.rand(2, 3, 8, 8)
    graph = trace(network, x)
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert [p.stride() for p in small.parameters()] == [torch.empty(p.shape).stride() for p in small.parameters()]
    assert small(x).is_contiguous()


def test_three_dimensions():
    network = nn.Sequential(nn.Conv3d(2, 8, 3), nn.Conv3d(8, 3, 1)).to(memory_format=torch.channels_last_3d)
    x = torch.rand(1, 2, 4, 4, 4).to(memory_format=torch.channels_last_3d)
    graph = trace(network, x)
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert small[0].weight.shape == (4, 2, 3, 3, 3)
    assert small[0].weight.is_contiguous(memory_format=torch.channels_last_3d)
    assert small(x).stride()[1] == network(x).stride()[1]


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_input_reaches_the_network_as_it_lies(dtype):
    class Told(nn.Module):
        def forward(self, x):
            self.stride = x.stride()
            return x

    told, x = Told(), torch.rand(2, 3, 4, 4).to(dtype).to(memory_format=LAST)
    list(PytorchBackend().run(told, [(x, 0)]))
    assert told.stride == x.stride()
