"""MobileNetV2: published sizes, torchvision's names and weights, and exact pruning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from net_cases import Case
from numpy.typing import NDArray
from oracle import BACKEND, error, halves, masked
from PIL import Image
from torch import nn

from prunekit import PrunePlan, prune, trace
from prunekit.core.cost import price
from prunekit.core.parsing.parse import parse
from prunekit.core.weights import load_weights
from prunekit.model_zoo.mobilenet_v2.pytorch import MobileNetV2

REAL = Path(__file__).parents[4] / "shared" / "data"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"no images and weights at {REAL}")


def test_published_size() -> None:
    network = MobileNetV2().eval()
    graph = parse(BACKEND, network, np.zeros((1, 3, 224, 224), dtype=np.float32), proof=False)
    assert (price(graph).params, price(graph).macs) == (3_504_872, 300_774_272)
    assert len(network.state_dict()) == 314


@pytest.mark.parametrize(("width", "millions"), [(0.35, 1.68), (0.5, 1.97), (0.75, 2.64), (1.4, 6.11)])
def test_published_widths(width: float, millions: float) -> None:
    network = MobileNetV2(width_mult=width)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, abs=0.005)
    assert {c.out_channels % 8 for c in network.modules() if isinstance(c, nn.Conv2d)} == {0}


def test_torchvisions_names() -> None:
    shapes = {name: list(tensor.shape) for name, tensor in MobileNetV2().state_dict().items()}
    assert {name.split(".")[1] for name in shapes if name.startswith("features")} == {str(k) for k in range(19)}
    wanted = {
        "features.0.0.weight": [32, 3, 3, 3], "features.0.1.running_var": [32],
        "features.1.conv.0.0.weight": [32, 1, 3, 3], "features.1.conv.1.weight": [16, 32, 1, 1],
        "features.1.conv.2.bias": [16],
        "features.2.conv.0.0.weight": [96, 16, 1, 1], "features.2.conv.0.1.weight": [96],
        "features.2.conv.1.0.weight": [96, 1, 3, 3], "features.2.conv.2.weight": [24, 96, 1, 1],
        "features.2.conv.3.running_mean": [24], "features.17.conv.2.weight": [320, 960, 1, 1],
        "features.18.0.weight": [1280, 320, 1, 1], "features.18.1.num_batches_tracked": [],
        "classifier.1.weight": [1000, 1280], "classifier.1.bias": [1000],
    }  # fmt: skip
    assert {name: shapes.get(name) for name in wanted} == wanted


def test_parameters() -> None:
    network = MobileNetV2(num_classes=7, in_channels=1, dropout=0.5, bn_eps=1e-3, padding="same").eval()
    assert network(torch.zeros(2, 1, 33, 40)).shape == (2, 7)
    assert {m.eps for m in network.modules() if isinstance(m, nn.BatchNorm2d)} == {1e-3}
    assert network.classifier[0].p == 0.5
    assert MobileNetV2(class_num=5).classifier[1].out_features == 5
    with pytest.raises(ValueError, match="class_num is 10 and num_classes is 7"):
        MobileNetV2(class_num=10, num_classes=7)


@pytest.mark.parametrize("padding", ["symmetric", "same"])
def test_pruned_is_zeroed(padding: str) -> None:
    case = Case((3, 64, 64), [], network=lambda: MobileNetV2(padding=padding))  # type: ignore[arg-type]
    network, inputs = case.build(), case.inputs(1)
    graph = trace(network, inputs)
    assert graph.notes == ["proven by values: a random part of every group removed"]
    for plan in halves(graph, 1):
        small = prune(network, graph, plan)
        assert error(small, masked(network, graph, plan), inputs) <= 1e-12
        assert error(small, network, inputs) > 1e-3  # what went was not idle


def test_everything_but_the_classifier_can_shrink() -> None:
    graph = parse(BACKEND, MobileNetV2().eval(), torch.randn(1, 3, 64, 64), proof=False)
    assert [layer.name for layer in graph.layers if layer.protected or layer.group is None] == ["classifier.1"]
    hidden = [96, 144, 144, *[192] * 3, *[384] * 4, *[576] * 3, *[960] * 3]
    streams = [16, 24, 32, 64, 96, 160, 320]
    assert sorted(g.size for g in graph.groups) == sorted([32, *hidden, *streams, 1280])
    assert 0.25 < price(graph, PrunePlan.uniform(graph, 0.5)).macs / price(graph).macs < 0.3


def picture(path: Path) -> NDArray[np.float32]:
    """Short side to 256, the middle 224x224, normalized."""
    image = Image.open(path).convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BILINEAR)
    left, top = round((image.width - 224) / 2), round((image.height - 224) / 2)
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), dtype=np.float32) / 255
    normalized = (pixels - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
    return np.ascontiguousarray(normalized.transpose(2, 0, 1))


def accuracy(every: int) -> float:
    network = MobileNetV2()
    load_weights(BACKEND, network, REAL / "weights" / "mobilenet_v2_imagenet.safetensors")
    network.eval()
    paths = sorted((REAL / "imagenet500").glob("*/*.jpg"))[::every]
    right = 0
    for start in range(0, len(paths), 25):
        part = paths[start : start + 25]
        with torch.no_grad():
            answers = network(torch.from_numpy(np.stack([picture(path) for path in part]))).argmax(1)
        right += sum(int(answer) == int(path.stem) for answer, path in zip(answers, part, strict=True))
    return right / len(paths)


@needs_real
def test_public_weights_fit_and_work() -> None:
    assert accuracy(every=20) > 0.7


@needs_real
@pytest.mark.slow
def test_public_weights_reach_their_accuracy() -> None:
    assert accuracy(every=1) == pytest.approx(0.824, abs=0.003)
