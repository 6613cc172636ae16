"""Networks of every structure: what is found in them, and that removing it is exact."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracle import attributes, call, check, error, halves, masked, snapshot
from small_nets import CASES
from torch.utils._pytree import tree_leaves

from prunekit import PrunePlan, prune, trace
from prunekit.core.cost import price
from prunekit.core.testing import assert_exact, random_plan
from prunekit.model_zoo.cifar_resnet.pytorch import ResNet20

BY_HAND = {
    "PlainLayerNorm", "NormLayer2d", "NormByHand", "NormRms", "NormOverTwoAxes", "GlobalResponse",
    "StandardizedByBatchNorm", "StandardizedByHand", "ChannelAttention",
}  # fmt: skip
"""Statistics over channels that no module of torch's takes: only the backend's own masking can leave places out."""


def plans(graph):
    """Halves of every group, the smallest network, and any other."""
    return [*halves(graph, 1), PrunePlan.uniform(graph, 0.0), random_plan(graph, np.random.default_rng(0))]


@pytest.mark.parametrize("name", CASES)
def test_groups(traced, name):
    _, _, graph = traced(name)
    assert [(g.id, g.mids, g.size, g.fixed, g.per_unit) for g in graph.groups] == CASES[name].groups
    assert not graph.frozen  # nothing that the proof had to find out
    told = {layer.name: [reason for reason, _ in layer.protected] for layer in graph.layers}
    for module, reason in CASES[name].reasons.items():
        assert reason in told[module]


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].groups])
def test_exact(traced, name):
    network, inputs, graph = traced(name)
    for plan in plans(graph):
        found = assert_exact(network, inputs, graph=graph, plan=plan)
        pruned = plan.counts(graph) != tuple(g.size for g in graph.groups)
        assert found.error < 1e-12
        assert (found.effect > 1e-6) == pruned == (found.macs < 1)  # what went was not idle


@pytest.mark.parametrize("name", [name for name in CASES if name not in BY_HAND])
def test_pruned_is_zeroed(traced, name):
    """The same, held against zeros in the parameters alone, which needs nothing that the graph says about masks."""
    network, inputs, graph = traced(name)
    for plan in plans(graph)[1:]:
        small = check(network, graph, plan, inputs)
        if plan.counts(graph) != tuple(g.size for g in graph.groups):
            assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("name", CASES)
def test_nothing_else_changes(traced, name):
    network, inputs, _ = traced(name)
    network.train()
    list(network.modules())[-1].eval()
    before = snapshot(network)
    graph = trace(network, inputs)
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert snapshot(network) == before
    network.eval()
    assert not any(module.training for module in small.modules())
    assert [n for n, _ in small.named_parameters()] == [n for n, _ in network.named_parameters()]
    assert list(small.state_dict()) == list(network.state_dict())
    assert all(a.dtype == b.dtype for a, b in zip(small.parameters(), network.parameters(), strict=True))
    assert {id(p) for p in small.parameters()}.isdisjoint(id(p) for p in network.parameters())
    held = [(module, key, kind) for module, key, kind, _ in attributes(network)]
    assert [(module, key, kind) for module, key, kind, _ in attributes(small)] == held


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
    network, _, graph = traced("AttentionTied")
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert small.a.qkv is small.b.qkv


OTHER_DTYPES = ["Flatten", "SqueezeExcite", "Grouped", "InPlace", "ConvNext", "TimmFused", "SwinFromShape", "Lstm"]


@pytest.mark.parametrize("name", OTHER_DTYPES)
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


def test_resnet20():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = ResNet20().double().eval()
        inputs = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    graph = trace(network, inputs)
    inner = [(g.id, g.size, g.fixed) for g in graph.groups if len(g.mids) == 1]
    assert inner == [(m, 16 << (m - 1) // 6, 0) for m in range(1, 18, 2)]
    stream = graph.groups[0]  # of all stages: the sizes by which the shortcuts pad are the blocks' own
    assert (stream.mids, stream.size, stream.fixed) == ((0, *range(2, 19, 2)), 63, 1)
    assert [sum(count for _, count in layer.protected) for layer in graph.layers][::2] == [1] * 10
    assert price(graph, PrunePlan.uniform(graph, 0.5)).macs < 0.35 * price(graph).macs
    for plan in halves(graph, 3):
        check(network, graph, plan, inputs)


def test_reasons_are_told(traced):
    def reasons(name):
        return "\n".join(reason for layer in traced(name)[2].layers for reason, _ in layer.protected)

    assert "take in" in reasons("Opaque") and "no rule" in reasons("Opaque")
    assert "adds a fixed number of channels" in reasons("PaddedChannels")
    assert "reaches the network's output" in reasons("OnlyOutput")


def test_verdict(traced):
    assert traced("Flatten")[2].notes == ["proven by values: a random part of every group removed"]
    assert traced("ConvNext")[2].notes == ["proven by values: a random part of every group removed"]
