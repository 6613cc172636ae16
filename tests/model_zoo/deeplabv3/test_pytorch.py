"""DeepLabV3: published sizes, dilation, loss, decoding, exact pruning and export."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

from prunekit import PrunePlan, prune
from prunekit.core.cost import price
from prunekit.core.data.contract import DataError
from prunekit.core.parsing.parse import parse
from prunekit.core.testing import assert_exact
from prunekit.model_zoo.deeplabv3.pytorch import DeepLabV3
from prunekit.model_zoo.layers.pytorch import Layers
from prunekit.model_zoo.mobilenet_v2.pytorch import MobileNetV2, MobileNetV2Backbone
from prunekit.model_zoo.resnet.pytorch import ResNetBackbone
from prunekit.plugins.backends.pytorch.backend import PytorchBackend

BACKEND = PytorchBackend()
WEIGHTS = Path(__file__).parents[4] / "shared" / "data" / "weights" / "mobilenet_v2_imagenet.safetensors"
IMAGE = np.random.default_rng(0).normal(size=(1, 3, 64, 64)).astype(np.float32)

NETWORKS: dict[str, dict[str, Any]] = {
    "resnet50": {},
    "resnet50 with second head": {"aux_head": True},
    "resnet50 at 16": {"output_stride": 16},
    "mobilenet_v2": {"backbone": "mobilenet_v2", "class_num": 11},
}
GROUPS = {"resnet50": 44, "resnet50 with second head": 45, "resnet50 at 16": 44, "mobilenet_v2": 31}


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def small(**parameters: Any) -> DeepLabV3:
    torch.manual_seed(0)
    return DeepLabV3("mobilenet_v2", **{"class_num": 3, **parameters})


def macs(height: int, width: int, **params: Any) -> int:
    """Of all convolutions, on a device that computes nothing."""
    found = []

    def count(conv: nn.Conv2d, _: Any, output: torch.Tensor) -> None:
        found.append(output.numel() * conv.weight[0].numel())

    with torch.device("meta"):
        network, image = DeepLabV3(**params).eval(), torch.zeros(1, 3, height, width)
        for conv in (module for module in network.modules() if isinstance(module, nn.Conv2d)):
            conv.register_forward_hook(count)
        network(image)
    return sum(found)


def test_published_parameters() -> None:
    plain, second = DeepLabV3(), DeepLabV3(aux_head=True)
    parts = [parameters(part) for part in (plain.backbone, plain.classifier)]
    assert [parameters(plain), *parts] == [39_638_869, 23_508_032, 16_130_837]
    assert parameters(second) == 42_004_074 and parameters(second.get_submodule("aux_classifier")) == 2_365_205
    assert parameters(DeepLabV3("resnet101")) == 58_630_997
    assert parameters(DeepLabV3("resnet101", aux_head=True)) == 60_996_202
    assert parameters(DeepLabV3("resnet101", refine=False)) == 58_040_661  # MindSpore's
    assert parameters(DeepLabV3("mobilenet_v2", 11)) == 5_111_307


def test_published_macs() -> None:
    """torchvision's (168.7 G; 178.7 G and 258.7 G with the second head); at 513 those of DeepLabV3Plus-Pytorch's
    README, which counts normalizations too (6.0, 51.4 and 72.1 G)."""
    second = {"aux_head": True, "aux_in_evaluation": True}
    assert macs(520, 520) == 168_731_205_888
    assert round(macs(520, 520, **second) / 1e9, 1) == 178.7
    assert round(macs(520, 520, backbone="resnet101", **second) / 1e9, 1) == 258.7
    at_16 = [macs(513, 513, backbone=name, output_stride=16) for name in ("mobilenet_v2", "resnet50", "resnet101")]
    assert [round(each / 1e9, 1) for each in at_16] == [6.0, 51.1, 71.7]
    assert macs(180, 240, backbone="mobilenet_v2", class_num=11) == 990_846_560


@pytest.mark.parametrize("name", ["resnet50 with second head", "mobilenet_v2"])
def test_the_price_is_that_of_the_convolutions(name: str) -> None:
    """Of evaluation: the second head has parameters, but no MACs."""
    network = DeepLabV3(**NETWORKS[name]).eval()
    graph = parse(BACKEND, network, IMAGE, proof=False)
    assert (price(graph).macs, price(graph).params) == (macs(64, 64, **NETWORKS[name]), parameters(network))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_group_is_proven_and_half_of_each_leaves_a_quarter(name: str) -> None:
    torch.manual_seed(0)
    graph = parse(BACKEND, DeepLabV3(**NETWORKS[name]).eval(), IMAGE)
    assert graph.notes == ["proven by values: a random part of every group removed"]
    assert len(graph.proven) == len(graph.groups) == GROUPS[name]
    kept = [layer.name for layer in graph.layers if layer.protected or layer.group is None]
    assert kept == ["classifier.4", *(["aux_classifier.4"] if "second" in name else [])]
    assert price(graph, PrunePlan.uniform(graph, 0.5)).macs / price(graph).macs <= 0.26


@pytest.mark.parametrize("name", NETWORKS)
def test_pruned_is_exact(name: str) -> None:
    torch.manual_seed(0)
    found = assert_exact(DeepLabV3(**NETWORKS[name]).double().eval(), IMAGE.astype(np.float64))
    assert found.error <= 1e-12 and found.effect > 1e-3 and found.groups == GROUPS[name]


def test_mindspores_variant_is_exact() -> None:
    given: dict[str, Any] = {"multi_grid": [1, 2, 4], "rates": [6, 12, 18], "refine": False, "align_corners": True}
    network = DeepLabV3(output_stride=16, padding="pool_same", **given).double().eval()
    found = assert_exact(network, IMAGE.astype(np.float64))
    assert found.error <= 1e-12 and found.effect > 1e-3 and found.groups == 43


def test_the_second_head_is_cut_and_trained_though_evaluation_skips_it() -> None:
    network = DeepLabV3(class_num=3, aux_head=True).eval()
    graph = parse(BACKEND, network, IMAGE, proof=False)
    pruned = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert pruned.aux_classifier[0].in_channels == 512
    pruned.train()
    outputs = pruned(torch.from_numpy(np.repeat(IMAGE, 2, 0)))
    pruned.loss(outputs, torch.zeros(2, 64, 64, dtype=torch.int64)).backward()
    assert all(parameter.grad is not None for parameter in pruned.parameters())


@pytest.mark.parametrize("backbone", ["resnet50", "mobilenet_v2"])
@pytest.mark.parametrize("output_stride", [8, 16])
def test_a_dilated_backbone_computes_what_the_strided_one_does(backbone: Any, output_stride: int) -> None:
    """At every place that the strided one has: so the weights of the classifier keep their meaning."""
    torch.manual_seed(0)
    dilated = DeepLabV3(backbone, output_stride=output_stride).backbone.double().eval()
    strided = (MobileNetV2Backbone if backbone == "mobilenet_v2" else partial(ResNetBackbone, backbone))(3, Layers())
    strided.load_state_dict(dilated.state_dict())
    image = torch.randn(1, 3, 96, 96, dtype=torch.float64)
    with torch.no_grad():
        found, wanted = dilated(image)[-1], strided.double().eval()(image)[-1]
    every = 32 // output_stride
    assert found.shape[2:] == (96 // output_stride,) * 2
    assert float((found[:, :, ::every, ::every] - wanted).abs().max() / wanted.abs().max()) < 1e-12


def test_the_backbone_has_the_names_of_the_classifiers_weights() -> None:
    ours, whole = set(DeepLabV3("mobilenet_v2").backbone.state_dict()), set(MobileNetV2().state_dict())
    assert ours < whole and {name.split(".")[1] for name in whole - ours if name[:8] == "features"} == {"18"}
    assert {name.split(".")[0] for name in whole - ours} == {"features", "classifier"}


@pytest.mark.skipif(not WEIGHTS.is_file(), reason=f"no weights at {WEIGHTS}")
def test_the_public_weights_fit_the_backbone() -> None:
    arrays, own = load_file(WEIGHTS), DeepLabV3("mobilenet_v2").backbone.state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in own.items() if tensor.ndim}
    assert len(shapes) == 255 and {name: arrays[name].shape for name in shapes} == shapes


def test_outputs_are_as_large_as_the_image() -> None:
    for network in (small(in_channels=1), small(in_channels=1, output_stride=8, align_corners=True, num_classes=3)):
        assert network.eval()(torch.zeros(2, 1, 33, 50)).shape == (2, 3, 33, 50)
    second = DeepLabV3(class_num=2, aux_head=True, aux_in_evaluation=True).eval()
    outputs = second(torch.zeros(1, 3, 32, 32))
    assert {name: tuple(logits.shape) for name, logits in outputs.items()} == dict.fromkeys(
        ("out", "aux"), (1, 2, 32, 32)
    )
    assert second.decode(outputs).shape == (1, 32, 32)


def test_decoded_are_bytes() -> None:
    found = small().decode(torch.tensor([[[[0.0, 3.0]], [[1.0, 2.0]], [[0.5, 4.0]]]]))
    assert found.dtype == torch.uint8 and found.tolist() == [[[1, 2]]] and DeepLabV3.metric == "mIoU"


def test_it_trains() -> None:
    network = small(dropout=0.0).train()
    image, mask = torch.randn(2, 3, 64, 64), torch.zeros(2, 64, 64, dtype=torch.int64)
    mask[:, :, 32:], mask[:, :5] = 2, 255
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(6):
        optimizer.zero_grad()
        loss = network.loss(network(image), mask)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_the_loss_by_hand() -> None:
    logits = torch.log(torch.tensor([[[[0.5, 0.2, 0.1]], [[0.25, 0.6, 0.1]], [[0.25, 0.2, 0.8]]]]))
    mask = torch.tensor([[[0, 2, 255]]])
    a, b = np.log(2), np.log(5)
    assert float(small().loss(logits, mask)) == pytest.approx((a + b) / 2)
    assert float(small(class_weights=[1, 0, 3]).loss(logits, mask)) == pytest.approx((a + 3 * b) / 4)
    assert float(small(ignore_index=2).loss(logits, torch.tensor([[[0, 2, 2]]]))) == pytest.approx(a)
    second = DeepLabV3(class_num=3, aux_head=True, aux_weight=0.25)
    assert float(second.loss({"out": logits, "aux": logits}, mask)) == pytest.approx(1.25 * (a + b) / 2)


def test_a_batch_of_ignored_pixels_teaches_nothing() -> None:
    logits = torch.randn(1, 3, 2, 2, requires_grad=True)
    for network in (small(), small(class_weights=[1, 2, 3])):
        loss = network.loss(logits, torch.full((1, 2, 2), 255))
        loss.backward()
        assert float(loss.detach()) == 0.0 and logits.grad is not None and not logits.grad.any()


@pytest.mark.parametrize(
    ("label", "shape", "message"),
    [
        (
            3,
            (1, 2, 2),
            r"label of a pixel is 3, but the network has 3 classes \(0 to 2\); does its class_num, or ignore_index",
        ),
        (-1, (1, 2, 2), "the label of a pixel is -1"),
        (0, (1, 2, 3), r"masks of the shape \[1, 2, 3\] do not fit logits \[1, 3, 2, 2\]"),
    ],
)
def test_masks_that_do_not_fit_are_told(label: int, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        small().loss(torch.zeros(1, 3, 2, 2), torch.full(shape, label))


def test_one_image_cannot_be_normalized_by_its_batch() -> None:
    network, image = small().train(), torch.zeros(1, 3, 32, 32)
    with pytest.raises(DataError, match="batch of one image cannot train it; set batch_size to 2 or more"):
        network(image)
    network.classifier[0].convs[-1].eval()  # statistics that are kept need no batch
    assert network(image).shape == (1, 3, 32, 32)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"backbone": "vgg"}, "no backbone 'vgg'; there are resnet50, resnet101, mobilenet_v2"),
        ({"output_stride": 32}, "output_stride is 32; it can be 8 or 16"),
        ({"rates": []}, r"rates are \[\]; give at least one"),
        ({"rates": [6, 0]}, r"rates are \[6, 0\]"),
        ({"multi_grid": [1, 2]}, "multi_grid has 2 numbers; the last stage has 3 blocks"),
        ({"backbone": "mobilenet_v2", "aux_head": True}, "aux_head: the backbone mobilenet_v2 has none"),
        ({"backbone": "mobilenet_v2", "multi_grid": [1, 2, 4]}, "multi_grid: the backbone mobilenet_v2 has none"),
        ({"class_num": 300}, "class_num is 300; .* 256 are the most"),
        ({"class_num": 3, "class_weights": [1.0, 2.0]}, "class_weights has 2 numbers; give one for each of 3 classes"),
        ({"class_num": 2, "class_weights": [0.0, -1.0]}, "none below 0"),
        ({"class_num": 3, "num_classes": 4}, "class_num is 3 and num_classes is 4"),
    ],
)
def test_what_cannot_be_is_refused(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DeepLabV3(**params)


def test_a_pruned_one_is_exported(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from prunekit.plugins.exporters.onnx_pytorch import OnnxExporter

    network = small().eval()
    graph = parse(BACKEND, network, IMAGE, proof=False)
    pruned = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    found = OnnxExporter().export(pruned, IMAGE, tmp_path / "x.onnx")
    assert found.parity_error <= 1e-5 and found.batch_sizes == (1, 2)
