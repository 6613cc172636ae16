"""Small networks, each with one hard structure: what is found in them, and that removing it is exact."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracle import call, check, error, masked, random_plan, snapshot
from small_nets import CASES
from torch.utils._pytree import tree_leaves

from prunekit import PrunePlan, prune, trace
from prunekit.core.pruning.proof import complements
from prunekit.model_zoo.cifar_resnet.pytorch import ResNet20

BY_HAND = {"PlainLayerNorm"}  # its second normalization is written by hand, so the oracle cannot mask it


@pytest.mark.parametrize("name", CASES)
def test_groups(traced, name):
    _, _, graph = traced(name)
    assert [(g.id, g.mids, g.size, g.fixed, g.per_unit) for g in graph.groups] == CASES[name].groups
    assert bool(graph.pooled) != CASES[name].exact


@pytest.mark.parametrize("name", [name for name in CASES if name not in BY_HAND])
def test_pruned_is_zeroed(traced, name):
    network, inputs, graph = traced(name)
    rng = np.random.default_rng(0)
    for plan in [*complements(graph, graph.groups, 1), PrunePlan.uniform(graph, 0.0), random_plan(graph, rng)]:
        small = check(network, graph, plan, inputs)
        if graph.groups and plan.counts(graph) != tuple(g.size for g in graph.groups):
            assert error(small, network, inputs) > 1e-6  # what went was not idle
            assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("name", CASES)
def test_nothing_else_changes(traced, name):
    network, inputs, graph = traced(name)
    network.train()
    list(network.modules())[-1].eval()
    before = snapshot(network)
    small = prune(network, trace(network, inputs), PrunePlan.uniform(graph, 0.5))
    assert snapshot(network) == before
    network.eval()
    assert not any(module.training for module in small.modules())
    assert [n for n, _ in small.named_parameters()] == [n for n, _ in network.named_parameters()]
    assert list(small.state_dict()) == list(network.state_dict())
    assert all(a.dtype == b.dtype for a, b in zip(small.parameters(), network.parameters(), strict=True))
    assert {id(p) for p in small.parameters()}.isdisjoint(id(p) for p in network.parameters())


@pytest.mark.parametrize("name", [name for name in CASES if name != "NoParameters"])
def test_trains(traced, name):
    network, inputs, graph = traced(name)
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5)).train()
    before = [p.detach().clone() for p in small.parameters()]
    optimizer = torch.optim.SGD(small.parameters(), lr=0.1)
    sum(leaf.square().sum() for leaf in tree_leaves(call(small, inputs))).backward()
    optimizer.step()
    assert any(not torch.equal(a, b) for a, b in zip(before, small.parameters(), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_sizes_of_modules_follow(traced, name):
    network, _, graph = traced(name)
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    for module in small.modules():
        if isinstance(module, torch.nn.modules.conv._ConvNd):
            a, b = (module.in_channels, module.out_channels)[:: 1 if module.transposed else -1]
            assert module.weight.shape[:2] == (a, b // module.groups)
        if isinstance(module, torch.nn.Linear):
            assert module.weight.shape == (module.out_features, module.in_features)


def test_ties_stay_ties(traced):
    network, _, graph = traced("Tied")
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert small.a.weight is small.b.weight
    assert small.a.weight.shape == (4, 4, 3, 3)


@pytest.mark.parametrize("name", ["Flatten", "SqueezeExcite", "Grouped", "InPlace", "ConvNext"])
def test_other_dtypes(name):
    network, inputs = CASES[name].build(torch.float32), CASES[name].inputs(dtype=torch.float32)
    graph = trace(network, inputs)
    assert [g.size for g in graph.groups] == [g[2] for g in CASES[name].groups]
    plan = PrunePlan.uniform(graph, 0.5)
    small = prune(network, graph, plan)
    assert error(small, masked(network, graph, plan), inputs) < 1e-4
    half = CASES[name].build(torch.bfloat16)
    assert {p.dtype for p in prune(half, graph, plan).parameters()} == {torch.bfloat16}


def test_arrays_do_as_well_as_tensors(traced):
    network, inputs, graph = traced("TupleInput")
    assert trace(network, tuple(x.numpy() for x in inputs)).signature == graph.signature
    network, inputs, graph = traced("DictInputOutput")
    assert trace(network, {name: x.numpy() for name, x in inputs.items()}).signature == graph.signature


@pytest.mark.parametrize("name", CASES)
def test_same_graph_for_other_batch_sizes(traced, name):
    network, _, graph = traced(name)
    other = trace(network, CASES[name].inputs(batch=1))
    assert other.signature == graph.signature
    assert other.groups == graph.groups


def test_resnet20():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = ResNet20().double().eval()
        inputs = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    graph = trace(network, inputs)
    inner = [(g.id, g.size, g.fixed) for g in graph.groups if len(g.mids) == 1]
    assert inner == [(m, 16 << (m - 1) // 6, 0) for m in range(1, 18, 2)]
    stream = graph.groups[0]  # the first stage's channels; those that the shortcuts add as constants stay
    assert (stream.mids, stream.size, stream.fixed) == ((0, *range(2, 19, 2)), 16, 0)
    assert [sum(count for _, count in layer.protected) for layer in graph.layers][::2][:10] == [0] * 4 + [16] * 3 + [
        48
    ] * 3
    for plan in complements(graph, graph.groups, 3):
        check(network, graph, plan, inputs)


def test_reasons_are_told(traced):
    def reasons(name):
        return "\n".join(reason for layer in traced(name)[2].layers for reason, _ in layer.protected)

    assert "fft" in reasons("Opaque") and "no rule" in reasons("Opaque")
    assert "slice in the network has its bounds in the network's code" in reasons("SlicesInCode")
    assert "the proof failed" in reasons("SizeInView")
    assert "sizes in the network's code" in reasons("SizeInSplit")
    assert "adds a fixed number of channels" in reasons("PaddedChannels")
    assert "reaches the network's output" in reasons("OnlyOutput")


def test_verdict(traced):
    assert (
        "proven by values: a random part of every group removed, and then the rest of it" in traced("Flatten")[2].notes
    )
    assert "shapes only for groups 0 (normalized across channels)" in traced("ConvNext")[2].notes[0]


def test_proof_sees_behind_zeros():
    """A branch that starts at zero hides every mistake in it, unless the proof wakes it up."""

    class Asleep(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.n = torch.nn.Conv2d(3, 8, 3), torch.nn.Conv2d(8, 8, 1), 4
            self.gamma = torch.nn.Parameter(torch.zeros(1, 8, 1, 1))
            self.out = torch.nn.Linear(8, 2)

        def forward(self, x):
            x = self.a(x)
            y = self.b(x)
            y = torch.cat([y[:, : self.n], y[:, self.n :].tanh()], 1)
            return self.out((x + self.gamma * y).mean([2, 3]))

    graph = trace(Asleep(), torch.randn(1, 3, 8, 8))
    assert [(g.size, g.fixed) for g in graph.groups] == [(4, 4)]
