"""Prices held against what fvcore counts on networks that were really built."""

from __future__ import annotations

import logging
import warnings

import numpy as np
import pytest
import torch
from small_nets import CASES

from prunekit import PrunePlan, prune, trace
from prunekit.core.cost import CostModel, price
from prunekit.core.testing import random_plan
from prunekit.model_zoo.cifar_resnet.pytorch import ResNet20, ResNet56

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fvcore.nn import ActivationCountAnalysis, FlopCountAnalysis

SMALL = (  # noqa: SIM905
    "ChunkApart Dense Sppf ConcatAdd ShuffleUnit PixelShuffle Depthwise DepthwiseMultiplier Grouped Conv1d Conv3d "
    "Flatten Generator SqueezeExcite Prelu CalledTwice Tied TupleInput InPlace BatchNorm1d ConvNext PlainLayerNorm"
).split()
UNEVEN = {"ConcatAdd", "ShuffleUnit"}
CUT = {"SliceFollows", "SliceAssignmentFollows", "SlicesInCode", "SlicesByAttribute", "AttributesInSplit", "GhostCut"}
"""What the code cuts off has no price, and which unit goes decides how much that is."""


def counted(network, inputs):
    """MACs of convolutions and linear layers by fvcore."""
    logging.getLogger("fvcore").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        counts = FlopCountAnalysis(network, inputs).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        return sum(counts.by_operator()[name] for name in ("conv", "linear", "addmm"))


def written(network, inputs):
    """Activations by fvcore."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        counts = ActivationCountAnalysis(network, inputs)
        return counts.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total()


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def check(network, inputs, graph, plans):
    assert (price(graph).macs, price(graph).params) == (counted(network, inputs), parameters(network))
    assert price(graph).activations == written(network, inputs)
    assert sum(layer.macs for layer in graph.layers) == price(graph).macs
    for plan in plans:
        small, cost = prune(network, graph, plan), price(graph, plan)
        assert cost.params == parameters(small)
        assert cost.macs == pytest.approx(counted(small, inputs), rel=1e-12)
        assert cost.activations == pytest.approx(written(small, inputs), rel=1e-12)


@pytest.mark.parametrize("name", SMALL)
def test_small_networks(traced, name):
    network, inputs, graph = traced(name)
    rng = np.random.default_rng(1)
    check(network, inputs, graph, [random_plan(graph, rng) for _ in range(3)])


@pytest.mark.parametrize("network", [ResNet20, ResNet56])
def test_resnets(network):
    rng = np.random.default_rng(2)
    inputs = torch.randn(1, 3, 32, 32)
    built = network().eval()
    graph = trace(built, inputs)
    check(built, inputs, graph, [PrunePlan.uniform(graph, 0.5), random_plan(graph, rng)])
    known = {ResNet20: (40_551_040, 269_722), ResNet56: (125_485_696, 853_018)}
    assert (price(graph).macs, price(graph).params) == known[network]


def test_transposed_convolutions():
    """Fvcore counts their outputs, not their inputs, at each position of the kernel; so by hand."""
    built, inputs = CASES["Transposed"].build(), CASES["Transposed"].inputs(1)
    graph = trace(built, inputs)
    assert graph.layers[1].macs == 4 * 4 * 6 * 8 * 4 * 4
    assert price(graph).activations == written(built, inputs)
    graph = trace(CASES["TransposedDepthwise"].build(), CASES["TransposedDepthwise"].inputs(1))
    assert graph.layers[1].macs == 4 * 4 * 6 * 4 * 4


@pytest.mark.parametrize("name", CASES)
def test_estimate(traced, name):
    """Never below the price, equal where units are even, never falling when more is kept."""
    _, _, graph = traced(name)
    model, rng = CostModel(graph), np.random.default_rng(3)
    sizes = np.array([group.size for group in graph.groups], dtype=np.int64)
    assert model.estimate(sizes) == model.full == price(graph)
    for _ in range(5):
        plan = random_plan(graph, rng)
        counts = np.array(plan.counts(graph), dtype=np.int64)
        exact, estimate = price(graph, plan), model.estimate(counts)
        assert estimate.macs >= exact.macs * (1 - 1e-12) and estimate.params >= exact.params
        assert estimate.activations >= exact.activations * (1 - 1e-12)
        if name not in UNEVEN | CUT:
            assert (estimate.macs, estimate.params) == (pytest.approx(exact.macs), exact.params)
            assert estimate.activations == pytest.approx(exact.activations)
        for index in np.flatnonzero(counts < sizes):
            more = counts.copy()
            more[index] += 1
            assert model.estimate(more).macs >= estimate.macs
            assert model.estimate(more).params >= estimate.params
            assert model.estimate(more).activations >= estimate.activations


def test_estimate_takes_microseconds():
    import time

    graph = trace(ResNet20().eval(), torch.randn(1, 3, 32, 32))
    model, counts = CostModel(graph), np.array([group.size // 2 for group in graph.groups])
    start = time.perf_counter()
    for _ in range(200):
        model.estimate(counts)
    assert (time.perf_counter() - start) / 200 < 5e-3  # generous: other processes may run
