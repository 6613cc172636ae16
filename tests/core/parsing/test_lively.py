from __future__ import annotations

import numpy as np
import torch
from torch import nn

from prunekit.core.parsing.lively import idle_values, lively_values
from prunekit.plugins.backends.pytorch.backend import PytorchBackend

BACKEND = PytorchBackend()


def values(network, x, seed=0):
    return lively_values(BACKEND.record(network.eval(), x), seed)


def test_what_speaks_is_left_and_the_rest_is_replaced():
    network = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.Conv2d(8, 4, 3))
    x = torch.rand(1, 3, 8, 8)
    assert set(values(network, x)) == {"1.weight", "1.bias", "1.running_mean", "1.running_var", "2.bias"}
    with torch.no_grad():
        network[0].weight[2] = 0  # one idle channel is enough
        network[2].weight.mul_(0.01)
    found = values(network, x)
    assert {"0.weight", "2.weight"} < set(found)
    assert found["0.weight"].shape == (8, 3, 3, 3) and np.unique(found["0.weight"]).size == 8 * 27


def test_signals_neither_fade_nor_explode():
    """Thirty layers from weights of a thousandth of their size."""
    torch.manual_seed(0)
    layers = [nn.Sequential(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU()) for _ in range(30)]
    network, x = nn.Sequential(*layers), torch.rand(1, 32, 8, 8)
    with torch.no_grad():
        for layer in layers:
            layer[0].weight.mul_(1e-3)
    with BACKEND.temporary_parameters(network, values(network, x)), torch.no_grad():
        out = network(x)
    assert 0.1 < out.std() < 10
    assert (out.flatten(2).amax(2) > 0).float().mean() > 0.9  # of the channels


def test_parameters_without_a_layer_are_woken_up():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.gamma = nn.Linear(4, 4), nn.Parameter(torch.full((4,), 1e-6))

        def forward(self, x):
            return x + self.gamma * self.a(x)

    operators = BACKEND.record(Scaled().eval(), torch.rand(2, 4))
    assert set(idle_values(operators, 0)) == {"gamma"}
    assert (lively_values(operators, 0)["gamma"] >= 0.5).all()
    assert all(np.array_equal(a, lively_values(operators, 0)[n]) for n, a in lively_values(operators, 0).items())
