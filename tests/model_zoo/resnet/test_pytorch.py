"""The ImageNet ResNets: published sizes, torchvision's names, and exact pruning."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from net_cases import Case
from oracle import BACKEND, error, halves, masked
from torch import nn

from prunekit import PrunePlan, prune, trace
from prunekit.core.cost import price
from prunekit.core.parsing.parse import parse
from prunekit.model_zoo.resnet.pytorch import ResNet, ResNet18, ResNet34, ResNet50, ResNet101

PUBLISHED = {  # parameters, MACs at 224x224, tensors in the state
    ResNet18: (11_689_512, 1_814_073_344, 122),
    ResNet34: (21_797_672, 3_663_761_408, 218),
    ResNet50: (25_557_032, 4_089_184_256, 320),
    ResNet101: (44_549_160, 7_801_405_440, 626),
}


@pytest.mark.parametrize("network", PUBLISHED)
def test_published_size(network: type[ResNet]) -> None:
    made = network().eval()
    graph = parse(BACKEND, made, np.zeros((1, 3, 224, 224), dtype=np.float32), proof=False)
    parameters, macs, tensors = PUBLISHED[network]
    assert (price(graph).params, price(graph).macs) == (parameters, macs)
    assert sum(parameter.numel() for parameter in made.parameters()) == parameters
    assert len(made.state_dict()) == tensors


def norm(name: str, channels: int) -> dict[str, list[int]]:
    one = {f"{name}.{part}": [channels] for part in ("weight", "bias", "running_mean", "running_var")}
    return {**one, f"{name}.num_batches_tracked": []}


def bottleneck(name: str, inputs: int, planes: int, downsample: bool) -> dict[str, list[int]]:
    names = {
        f"{name}.conv1.weight": [planes, inputs, 1, 1], **norm(f"{name}.bn1", planes),
        f"{name}.conv2.weight": [planes, planes, 3, 3], **norm(f"{name}.bn2", planes),
        f"{name}.conv3.weight": [4 * planes, planes, 1, 1], **norm(f"{name}.bn3", 4 * planes),
    }  # fmt: skip
    if downsample:
        shortcut = norm(f"{name}.downsample.1", 4 * planes)
        names |= {f"{name}.downsample.0.weight": [4 * planes, inputs, 1, 1], **shortcut}
    return names


def test_torchvisions_names_in_torchvisions_order() -> None:
    wanted = {"conv1.weight": [64, 3, 7, 7], **norm("bn1", 64)}
    inputs = 64
    for stage, (blocks, planes) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512))):
        for block in range(blocks):
            wanted |= bottleneck(f"layer{stage + 1}.{block}", inputs, planes, downsample=block == 0)
            inputs = 4 * planes
    wanted |= {"fc.weight": [1000, 2048], "fc.bias": [1000]}
    assert [(name, list(tensor.shape)) for name, tensor in ResNet50().state_dict().items()] == list(wanted.items())


def test_names_of_basic_blocks() -> None:
    names = list(ResNet34().state_dict())
    assert [n for n in names if n.startswith("layer1.0") and n.endswith("weight")] == [
        "layer1.0.conv1.weight", "layer1.0.bn1.weight", "layer1.0.conv2.weight", "layer1.0.bn2.weight",
    ]  # fmt: skip
    assert [n for n in names if n.endswith("downsample.0.weight")] == [
        f"layer{k}.0.downsample.0.weight" for k in (2, 3, 4)
    ]


def test_strides_are_on_the_3x3_or_where_the_paper_has_them() -> None:
    ours, paper = ResNet50(), ResNet50(stride_in_1x1=True)
    assert [tuple(c.stride) for c in (ours.layer2[0].conv1, ours.layer2[0].conv2)] == [(1, 1), (2, 2)]
    assert [tuple(c.stride) for c in (paper.layer2[0].conv1, paper.layer2[0].conv2)] == [(2, 2), (1, 1)]
    assert ours.layer1[0].conv2.stride == paper.layer1[0].conv1.stride == (1, 1)
    with pytest.raises(ValueError, match="stride_in_1x1: the blocks of resnet18 have no 1x1 convolution; leave it out"):
        ResNet("resnet18", stride_in_1x1=True)


def test_parameters() -> None:
    network = ResNet18(class_num=7, in_channels=1, bn_eps=1e-4, padding="same").eval()
    assert network(torch.zeros(2, 1, 33, 40)).shape == (2, 7)
    assert {m.eps for m in network.modules() if isinstance(m, nn.BatchNorm2d)} == {1e-4}
    assert ResNet18(num_classes=5).fc.out_features == 5
    with pytest.raises(ValueError, match="class_num is 10 and num_classes is 7"):
        ResNet18(class_num=10, num_classes=7)
    with pytest.raises(ValueError, match="no version 'resnet51'; there are resnet18, resnet34, resnet50, resnet101"):
        ResNet("resnet51")  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [ResNet50, lambda: ResNet18(padding="same")], ids=["ResNet50", "ResNet18 same"])
def test_pruned_is_zeroed(make: type[ResNet]) -> None:
    case = Case((3, 64, 64), [], network=make)
    network, inputs = case.build(), case.inputs(1)
    graph = trace(network, inputs)
    assert graph.notes == ["proven by values: a random part of every group removed"]
    plan, _ = halves(graph, 1)
    small = prune(network, graph, plan)
    assert error(small, masked(network, graph, plan), inputs) <= 1e-12
    assert error(small, network, inputs) > 1e-3  # what went was not idle


def test_everything_but_the_classifier_can_shrink() -> None:
    graph = parse(BACKEND, ResNet50().eval(), torch.randn(1, 3, 64, 64), proof=False)
    streams = [g for g in graph.groups if len(g.mids) > 1]
    inner = [g.size for g in graph.groups if len(g.mids) == 1]
    assert [(g.size, len(g.mids)) for g in streams] == [(256, 4), (512, 5), (1024, 7), (2048, 4)]
    assert inner == [64] + [64] * 6 + [128] * 8 + [256] * 12 + [512] * 6  # the stem, and two of every block
    assert [layer.name for layer in graph.layers if layer.protected or layer.group is None] == ["fc"]
    plan = PrunePlan.uniform(graph, 0.5)
    assert 0.25 < price(graph, plan).macs / price(graph).macs < 0.27
    small = prune(ResNet50().eval(), graph, plan)
    assert (small.conv1.in_channels, small.fc.out_features) == (3, 1000)
