"""The twins of PyTorch's small networks: the same groups are found, and removing them is exact."""

from __future__ import annotations

import numpy as np
import pytest
from golden import GOLDEN
from mindspore_nets import CASES, NOT_WRITTEN

from prunekit import PrunePlan, prune
from prunekit.core.testing import assert_exact, random_plan


def test_every_network_has_a_twin_or_a_reason():
    assert CASES.keys() | NOT_WRITTEN.keys() == GOLDEN.keys()
    assert not CASES.keys() & NOT_WRITTEN.keys()


@pytest.mark.parametrize("name", CASES)
def test_groups(traced, name):
    _, _, graph = traced(name)
    assert [(g.id, g.mids, g.size, g.fixed, g.per_unit) for g in graph.groups] == CASES[name].groups
    assert not graph.frozen  # nothing that the proof had to find out
    told = {layer.name: [reason for reason, _ in layer.protected] for layer in graph.layers}
    for module, reason in CASES[name].reasons.items():  # after the operator, which each framework calls its own way
        assert any((reason.partition(" in ")[2] or reason) in found for found in told[module])


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].groups])
def test_exact(traced, name):
    network, inputs, graph = traced(name)
    for plan in [PrunePlan.uniform(graph, 0.0), random_plan(graph, np.random.default_rng(0))]:
        found = assert_exact(network, inputs, graph=graph, plan=plan, tolerance=1e-4)
        assert (found.effect > 1e-6) == (found.macs < 1)  # what went was not idle


@pytest.mark.parametrize("name", CASES)
def test_nothing_else_changes(traced, name):
    network, _, graph = traced(name)
    before = {name: p.asnumpy().tobytes() for name, p in network.parameters_and_names()}
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert {name: p.asnumpy().tobytes() for name, p in network.parameters_and_names()} == before
    assert [n for n, _ in small.parameters_and_names()] == list(before)
    old = dict(network.parameters_and_names())
    for name, parameter in small.parameters_and_names():
        assert parameter.dtype == old[name].dtype and parameter.requires_grad == old[name].requires_grad
        assert parameter is not old[name]
