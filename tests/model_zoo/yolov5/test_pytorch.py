"""YOLOv5: published sizes and names, first biases, exact pruning and export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from net_cases import Case
from oracle import BACKEND, error, halves, masked
from torch import nn

from prunekit import ChannelGraph, PrunePlan, prune, trace
from prunekit.core.cost import price
from prunekit.core.parsing.parse import parse
from prunekit.core.testing import assert_exact
from prunekit.model_zoo.yolov5 import architecture
from prunekit.model_zoo.yolov5.architecture import Version
from prunekit.model_zoo.yolov5.pytorch import YoloV5
from prunekit.plugins.exporters.onnx_pytorch import OnnxExporter
from prunekit.registry import Register, RegisterType

PROVEN = ["proven by values: a random part of every group removed"]
PARTS = ("weight", "bias", "running_mean", "running_var")


def graph_at_640(version: Version, classes: int) -> ChannelGraph:
    network = YoloV5(version, classes).eval()
    return parse(BACKEND, network, np.zeros((1, 3, 640, 640), dtype=np.float32), proof=False)


@pytest.mark.parametrize(
    ("version", "classes", "parameters", "macs"),
    [  # published, the FLOPs as two for each MAC: 4.5, 16.5, 49.0, 109.1 and 205.7 billion
        ("yolov5n", 80, 1_872_157, 2.234e9),
        ("yolov5s", 80, 7_235_389, 8.217e9),
        ("yolov5m", 80, 21_190_557, 24.436e9),
        ("yolov5n", 3, 1_767_976, 2.068e9),
        ("yolov5l", 80, 46_563_709, 54.497e9),
        ("yolov5x", 80, 86_749_405, 102.724e9),
    ],
)
def test_published_size(version: Version, classes: int, parameters: int, macs: float) -> None:
    graph = graph_at_640(version, classes)
    assert price(graph).params == parameters
    assert price(graph).macs == pytest.approx(macs, abs=0.0005e9)


def test_the_published_names() -> None:
    network = YoloV5("yolov5n", 3)
    shapes = {name: list(tensor.shape) for name, tensor in network.state_dict().items() if "num_batches" not in name}
    wanted = {"model.0.conv.weight": [16, 3, 6, 6], **{f"model.0.bn.{part}": [16] for part in PARTS}}
    assert list(shapes.items())[:5] == list(wanted.items())
    assert {name.split(".")[1] for name in shapes} == {str(k) for k in range(25)} - {"11", "12", "15", "16", "19", "22"}
    of_c3 = {name.removeprefix("model.4.").rpartition(".")[0] for name in shapes if name.startswith("model.4.")}
    convs = ("cv1", "cv2", "cv3", "m.0.cv1", "m.0.cv2", "m.1.cv1", "m.1.cv2")
    assert of_c3 == {f"{conv}.{part}" for conv in convs for part in ("conv", "bn")}
    assert {name: shape for name, shape in shapes.items() if name.startswith("model.24")} == {
        "model.24.anchors": [3, 3, 2],
        **{f"model.24.m.{k}.weight": [24, channels, 1, 1] for k, channels in enumerate((64, 128, 256))},
        **{f"model.24.m.{k}.bias": [24] for k in range(3)},
    }
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.03)} and len(norms) == 57
    assert network.model[24].anchors[1, 2].tolist() == [59 / 16, 119 / 16]
    assert not network.model[24].anchors.requires_grad


def test_first_biases() -> None:
    detect = YoloV5("yolov5n", 3).model[24]
    for conv, (objectness, of_class) in zip(detect.m, architecture.first_biases(3), strict=True):
        biases = conv.bias.detach().view(3, 8)
        assert torch.equal(biases[:, 4], torch.full((3,), objectness))
        assert torch.equal(biases[:, 5:], torch.full((3, 3), of_class))


def test_parameters() -> None:
    network = YoloV5("yolov5n", num_classes=5, in_channels=1)
    shapes = [(2, 30, 12, 8), (2, 30, 6, 4), (2, 30, 3, 2)]
    for each in (network.train(), network.eval()):  # the same form in both
        assert [tuple(found.shape) for found in each(torch.zeros(2, 1, 96, 64))] == shapes
    assert YoloV5().model[24].m[2].in_channels == 512 and YoloV5().model[24].m[2].out_channels == 255
    with pytest.raises(ValueError, match="class_num is 10 and num_classes is 7"):
        YoloV5(class_num=10, num_classes=7)
    with pytest.raises(ValueError, match="no version 'yolov6n'"):
        YoloV5("yolov6n")  # type: ignore[arg-type]


def test_both_spellings_and_its_metric() -> None:
    assert Register.get(RegisterType.NETWORK, "YoloV5", "pytorch") is YoloV5
    assert Register.get(RegisterType.NETWORK, "YOLOv5", "pytorch") is YoloV5
    assert YoloV5.metric == "mAP"


LEFT = {"yolov5n": 0.2903, "yolov5s": 0.2719, "yolov5m": 0.2610, "yolov5l": 0.2566, "yolov5x": 0.2544}


@pytest.mark.parametrize("version", LEFT)
def test_at_half_of_every_group(version: Version) -> None:
    """What is left above a quarter is the first convolution's input and the outputs of the last, which stay."""
    graph = graph_at_640(version, 80)
    assert [layer.name for layer in graph.layers if layer.protected or layer.group is None] == [
        "model.24.m.0", "model.24.m.1", "model.24.m.2",
    ]  # fmt: skip
    whole, half = price(graph).macs, price(graph, PrunePlan.uniform(graph, 0.5)).macs
    ends = graph.layers[0].out_channels * 3 * 6 * 6 * 320**2
    heads = 255 * sum(side**2 * channels for side, channels in zip((80, 40, 20), maps_of(version), strict=True))
    assert half == pytest.approx((whole - ends - heads) / 4 + (ends + heads) / 2, rel=1e-12)
    assert half / whole == pytest.approx(LEFT[version], abs=1e-4)


def maps_of(version: Version) -> list[int]:
    layers = architecture.layers(version)
    return [layers[number].outputs for number in architecture.MAPS]


def test_at_half_with_few_classes() -> None:
    graph = graph_at_640("yolov5n", 3)
    assert price(graph, PrunePlan.uniform(graph, 0.5)).macs / price(graph).macs < 0.28


def test_groups() -> None:
    graph = trace(YoloV5("yolov5n", 3).eval(), np.zeros((1, 3, 64, 64), dtype=np.float32))
    assert graph.notes == PROVEN  # of untrained weights
    names = {layer.mid: layer.name for layer in graph.layers}
    groups = {tuple(names[mid] for mid in group.mids): group for group in graph.groups}
    assert len(groups) == 50
    c3 = ("model.4.cv1.conv", "model.4.m.0.cv2.conv", "model.4.m.1.cv2.conv")  # its shortcuts tie them
    assert c3 in groups and ("model.4.m.0.cv1.conv",) in groups and ("model.4.cv2.conv",) in groups
    assert ("model.13.cv1.conv",) in groups  # without shortcuts nothing is tied
    sppf = groups[("model.9.cv1.conv",)].id
    assert columns(graph, "model.9.cv2.conv.weight", sppf) == [4] * 128
    twice = groups[("model.10.conv",)].id  # read by the next C3, and in a concatenation behind another's channels
    assert columns(graph, "model.13.cv1.conv.weight", twice) == [1] * 128
    assert columns(graph, "model.23.cv2.conv.weight", twice) == [1] * 128
    fed = groups[("model.17.cv3.conv",)].id
    assert columns(graph, "model.24.m.0.weight", fed) == columns(graph, "model.18.conv.weight", fed) == [1] * 64


def columns(graph: ChannelGraph, parameter: str, group: int) -> list[int]:
    """How many columns of a weight go with each unit of a group, in the order of the units."""
    (axis,) = (axis for axis in graph.axes if axis.parameter == parameter and axis.axis == 1)
    (own,) = (each for each in graph.groups if each.id == group)
    return [int((axis.units == unit).sum()) for unit in range(own.offset, own.offset + own.size)]


@pytest.mark.parametrize("version", ["yolov5n", "yolov5m"])
def test_pruned_is_zeroed(version: Version) -> None:
    case = Case((3, 64, 64), [], network=lambda: YoloV5(version, 3))
    network, inputs = case.build(), case.inputs(1)
    graph = trace(network, inputs)
    assert graph.notes == PROVEN
    for plan in halves(graph, 1):
        small = prune(network, graph, plan)
        assert error(small, masked(network, graph, plan), inputs) <= 1e-12
        assert error(small, network, inputs) > 1e-3  # what went was not idle
        assert torch.equal(small.model[24].anchors, network.model[24].anchors)


@pytest.mark.parametrize("version", [*LEFT])
def test_every_version_is_pruned_exactly(version: Version) -> None:
    found = assert_exact(YoloV5(version).double().eval(), torch.randn(1, 3, 64, 64, dtype=torch.float64))
    assert found.effect > 1e-3 and found.groups == {"n": 50, "s": 50, "m": 65, "l": 80, "x": 95}[version[-1]]


def test_a_pruned_one_finds_learns_and_is_told_apart_from_nothing() -> None:
    network = YoloV5("yolov5n", 3).eval()
    graph = trace(network, np.zeros((1, 3, 64, 64), dtype=np.float32))
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5)).train()
    outputs = small(torch.rand(2, 3, 64, 64))
    target = [{"boxes": torch.tensor([[10.0, 12.0, 40.0, 50.0]]), "labels": torch.tensor([1])}] * 2
    small.loss(outputs, target).backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in small.parameters())
    assert len(small.decode(outputs)) == 2


def test_export(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    images = np.random.default_rng(0).normal(size=(1, 3, 64, 96)).astype(np.float32)
    found = OnnxExporter().export(YoloV5("yolov5n", 3).eval(), images, tmp_path / "yolov5n.onnx")
    assert found.parity_error <= 1e-5
