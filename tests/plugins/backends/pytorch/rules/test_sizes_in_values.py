"""Sizes that enter the values otherwise than as factors: they stay, and the reason says that."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from prunekit.core.parsing.parse import parse
from prunekit.core.testing import assert_exact
from prunekit.plugins.backends.pytorch.backend import PytorchBackend

KEPT = {
    "add": lambda x: x + x.shape[1],
    "rsub": lambda x: x.shape[1] - x,
    "sub": lambda x: x - 1 / x.shape[1],
    "clamp": lambda x: x.clamp(max=1 / x.shape[1]),
    "pow": lambda x: x.abs() ** (1 / x.shape[1]),
    "leaky_relu": lambda x: functional.leaky_relu(x, 1 / x.shape[1]),
    "where": lambda x: torch.where(x > 0, x, 1 / x.shape[1]),
    "maximum": lambda x: torch.maximum(x, torch.tensor(1 / x.shape[1], dtype=x.dtype)),
    "floor_divide": lambda x: x // x.shape[1],
}
MADE_UP = {
    "product": lambda x: x * x.shape[1],
    "quotient": lambda x: x / x.shape[1],
    "of all sizes": lambda x: x / x.numel(),
}
FREE = {
    "places": lambda x: x + x.shape[2],
    "literal": lambda x: 1 - x * 0.5,
    "mean": lambda x: x.mean(1, keepdim=True) - x,
}


class Between(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.a, self.b, self.c, self.body = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 12, 1), nn.Conv2d(12, 4, 1), body

    def forward(self, x):
        return self.c(self.b(self.body(self.a(x))))


def traced(body):
    network, x = Between(body).double().eval(), torch.randn(2, 3, 6, 6, dtype=torch.float64)
    graph = parse(PytorchBackend(), network, x, proof=False)
    assert assert_exact(network, x, graph=graph).error < 1e-12
    return graph


@pytest.mark.parametrize("name", KEPT)
def test_what_cannot_be_made_up_for_stays(name):
    graph = traced(KEPT[name])
    assert [group.size for group in graph.groups] == [12]
    assert graph.layers[0].protected == ((f"{name} in the network computes values from its size", 16),)


@pytest.mark.parametrize("name", [*MADE_UP, *FREE])
def test_what_is_made_up_for_or_does_not_change_goes(name):
    graph = traced({**MADE_UP, **FREE}[name])
    assert [group.size for group in graph.groups] == [16, 12] and bool(graph.rescales) == (name in MADE_UP)


def test_a_product_of_two_such_numbers_stays():
    graph = traced(lambda x: x / x.shape[1] * x.shape[1] ** 0.5)
    assert [group.size for group in graph.groups] == [12]
    ((reason, _),) = graph.layers[0].protected
    assert "multiplies by a" in reason
