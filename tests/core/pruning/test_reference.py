from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from prunekit.core.parsing.parse import parse
from prunekit.core.pruning import PrunePlan
from prunekit.core.pruning.reference import Reference
from prunekit.plugins.backends.pytorch.backend import PytorchBackend

BACKEND = PytorchBackend()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(4, 6), nn.Linear(6, 8), nn.Linear(8, 2)

    def forward(self, x):
        return self.c(torch.relu(self.b(self.a(x))))


@pytest.fixture
def filled():
    """What the masked run says where units 0 and 1 of the first layer go, and nothing of the second."""
    network, x = Net().double().eval(), torch.rand(3, 4, dtype=torch.float64)
    graph = parse(BACKEND, network, x, proof=False)
    plan = PrunePlan({0: (2, 3, 4, 5), 1: tuple(range(8))}, {0: 6, 1: 8}, graph.signature)
    reference = Reference(graph, plan)
    BACKEND.run_masked(network, graph, plan, x, reference)
    return reference


def test_what_goes_has_its_share_of_the_result(filled):
    assert filled.complete and set(filled.effects) == {0}
    effect, place = filled.effects[0]
    assert place == ("b", "addmm", 0) and 0.05 < effect < 2


def test_what_is_not_finite_in_the_masked_run_is_no_measure(filled):
    place = ("b", "addmm", 0)
    wanted = filled._values[place]
    other = wanted.copy()
    other[0, 0] = np.inf
    filled.compare(place, other)
    assert filled.differences[place] == np.inf
    wanted[0, 0] = -np.inf
    filled.compare(place, other)
    assert filled.differences[place] == 0
    filled.compare(place, other[:, :-1])
    assert filled.differences[place] == np.inf


def test_where_operators_run_more_often_nothing_was_compared(filled):
    for place in (("b", "addmm", 0), ("c", "addmm", 0)):
        filled.compare(place, filled._values[place] + 1)
    filled.compared_run_ends({("b", "addmm"): 2, ("c", "addmm"): 1})
    assert list(filled.differences) == [("c", "addmm", 0)]
