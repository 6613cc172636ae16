"""An axis of one position vanishes where the code squeezes: of channels that it would take, two stay."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d

from prunekit import PrunePlan, prune, trace
from prunekit.core.testing import assert_exact

WAYS = {
    "all": lambda x: x.squeeze(),
    "in place": lambda x: x.squeeze_(),
    "the channels too": lambda x: x.squeeze((1, 2, 3)),
    "one by one": lambda x: x.squeeze(1).squeeze(-1).squeeze(-1),
    "the places": lambda x: x.squeeze(-1).squeeze(-1),
}


class Net(nn.Module):
    def __init__(self, way):
        super().__init__()
        self.a, self.b, self.c, self.way = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 12, 3), nn.Linear(12, 5), way

    def forward(self, x):
        x = torch.relu(self.b(torch.relu(self.a(x))))
        return self.c(self.way(adaptive_avg_pool2d(x, 1)))


@pytest.mark.parametrize("way", WAYS)
def test_two_channels_stay(way):
    network, x = Net(WAYS[way]).double().eval(), torch.rand(2, 3, 9, 9, dtype=torch.float64)
    graph = trace(network, x)
    assert not graph.frozen and len(graph.groups) == 2
    told = dict(graph.layers[1].protected)
    assert list(told.values()) == ([] if way == "the places" else [1])
    assert all(reason.startswith("stays, so that squeeze finds more than one position") for reason in told)
    least = PrunePlan.uniform(graph, 0.0)
    assert prune(network, graph, least)(x).shape == (2, 5)
    assert assert_exact(network, x, graph=graph, plan=least).error < 1e-12
