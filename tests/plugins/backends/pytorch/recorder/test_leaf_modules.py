"""Modules that are said to be one normalization or one convolution: what they hold is cut with their channels."""

from __future__ import annotations

import pytest
import torch
from oracle import BACKEND, error, halves, masked
from torch import Tensor, nn

from prunekit import prune, trace
from prunekit.core.graph import OperatorGraph
from prunekit.model_zoo.layers.pytorch import FrozenBatchNorm2d


class ByHand(FrozenBatchNorm2d):
    """The same, written out as other libraries have it."""

    def forward(self, input: Tensor) -> Tensor:
        scale = (self.weight * (self.running_var + self.eps).rsqrt()).reshape(1, -1, 1, 1)
        return input * scale + self.bias.reshape(1, -1, 1, 1) - self.running_mean.reshape(1, -1, 1, 1) * scale


def _network(norm: type[nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 3), norm(8), nn.ReLU(), nn.Conv2d(8, 4, 1))
    for name, tensor in net[1].state_dict().items():
        if name != "num_batches_tracked":
            nn.init.uniform_(tensor, 0.5, 1)
    return net.double().eval()


@pytest.mark.parametrize("norm", [nn.BatchNorm2d, FrozenBatchNorm2d, ByHand])
def test_a_normalization_as_a_whole(norm: type[nn.Module]) -> None:
    network, inputs = _network(norm), torch.randn(2, 3, 8, 8, dtype=torch.float64)
    whole = trace(network, inputs, leaf_modules={norm.__name__: "normalization"})
    assert whole.notes == ["proven by values: a random part of every group removed"]
    assert whole.signature == trace(network, inputs).signature
    plan, _ = halves(whole, 1)
    small = prune(network, whole, plan)
    vectors = [name for name, tensor in network[1].state_dict().items() if tensor.ndim]
    assert {name: len(small[1].state_dict()[name]) for name in vectors} == dict.fromkeys(vectors, 4)
    assert error(small, masked(network, whole, plan), inputs) <= 1e-12


def test_what_they_hold_has_one_number_each() -> None:
    network = _network(FrozenBatchNorm2d)
    for meaning, kind in (("normalization", FrozenBatchNorm2d), ("convolution", nn.Conv2d)):
        recorded: OperatorGraph = BACKEND.record(network, torch.randn(1, 3, 8, 8).double(), {kind.__name__: meaning})
        names = [tensor.name for tensor in recorded.tensors if tensor.name is not None]
        assert len(names) == len(set(names)) > 4
