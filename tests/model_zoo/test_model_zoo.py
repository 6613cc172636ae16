"""One plan for both frameworks: twins have the same graph, and what a plan leaves of them computes the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from twins import difference, pair

from prunekit import ChannelGraph, PrunePlan, prune, trace
from prunekit.core.cost import price
from prunekit.model_zoo.cifar_resnet import pytorch as small
from prunekit.model_zoo.mobilenet_v2 import pytorch as mobile
from prunekit.model_zoo.resnet import pytorch as resnet

from prunekit.model_zoo.cifar_resnet import mindspore as small_here  # isort: skip
from prunekit.model_zoo.mobilenet_v2 import mindspore as mobile_here  # isort: skip
from prunekit.model_zoo.resnet import mindspore as resnet_here  # isort: skip

OFFICIAL = {"padding": "same", "bn_eps": 1e-4}


def layers(graph: ChannelGraph) -> list[tuple[Any, ...]]:
    """All that a plan and a search know of the layers; names are each framework's own."""
    return [(layer.mid, layer.kind, layer.out_channels, layer.group, bool(layer.protected)) for layer in graph.layers]


@pytest.mark.parametrize(
    ("twins", "params"),
    [
        ((resnet_here.ResNet18, resnet.ResNet18), {"padding": "symmetric", "bn_eps": 1e-5}),
        ((resnet_here.ResNet50, resnet.ResNet50), OFFICIAL),
        ((mobile_here.MobileNetV2, mobile.MobileNetV2), {}),
        ((small_here.ResNet20, small.ResNet20), {}),
    ],
    ids=lambda value: value[0].__name__ if isinstance(value, tuple) else None,
)
def test_one_plan_for_both(tmp_path: Path, twins: tuple[type[Any], type[Any]], params: dict[str, Any]) -> None:
    networks = pair(twins, {**params, "class_num": 7}, tmp_path)[:2]
    inputs = np.random.default_rng(0).normal(0, 1, (1, 3, 64, 64)).astype(np.float32)
    ours, theirs = (trace(network, inputs) for network in networks)
    assert layers(ours) == layers(theirs)
    assert ours.notes == theirs.notes == ["proven by values: a random part of every group removed"]
    assert (price(ours).macs, price(ours).params) == (price(theirs).macs, price(theirs).params)
    plan = PrunePlan.uniform(theirs, 0.5)  # found on one, applied to both
    pruned = [prune(network, graph, plan) for network, graph in zip(networks, (ours, theirs), strict=True)]
    assert price(ours, plan).macs == price(theirs, plan).macs < 0.6 * price(ours).macs
    assert difference(*pruned, (64, 64)) < 1e-5
    assert difference(pruned[0], networks[1], (64, 64)) > 1e-2  # what went was not idle
