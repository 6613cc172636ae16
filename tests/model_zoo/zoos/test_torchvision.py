"""The real torchvision, where it is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from prunekit import PrunePlan, prune, trace
from prunekit.core.cost import price
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.trainers.pytorch.trainer import Trainer
from prunekit.registry import Register, RegisterType, importable

NETWORK = RegisterType.NETWORK
BACKEND = PytorchBackend()
pytestmark = [
    pytest.mark.filterwarnings("default"),  # those are theirs
    pytest.mark.skipif(not importable("torchvision"), reason="torchvision is not installed"),
]
DETECTOR = "torchvision:fasterrcnn_mobilenet_v3_large_320_fpn"
TRAINER: dict[str, Any] = {"optimizer": {"type": "SGD", "lr": 0.005}, "grad_clip": 1.0}


def test_a_detector_of_torchvision_runs_and_learns() -> None:
    network = Register.get(NETWORK, DETECTOR, "pytorch")(num_classes=3, min_size=64, max_size=64)
    (found,) = network.eval()([torch.rand(3, 64, 64)])
    assert set(found) == {"boxes", "labels", "scores"}
    target = {"boxes": torch.tensor([[4.0, 4, 40, 40]]), "labels": torch.tensor([1])}
    losses = network.train()([torch.rand(3, 64, 64)], [target])
    sum(losses.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def halved(network: torch.nn.Module, inputs: Any) -> torch.nn.Module:
    """Half of every group removed, of what was proven."""
    graph = trace(network.eval(), inputs)
    assert graph.notes == ["proven by values: a random part of every group removed"]
    plan = PrunePlan.uniform(graph, 0.5)
    assert price(graph, plan).macs <= 0.35 * price(graph).macs
    return prune(network, graph, plan)


@pytest.mark.slow
def test_a_detector_is_pruned_to_half_and_trained() -> None:
    rng = np.random.default_rng(0)
    network = BACKEND.build(Register.get(NETWORK, DETECTOR, "pytorch"), {"num_classes": 3, "min_size": 96}, 0)
    images = rng.random((2, 3, 96, 96)).astype(np.float32)
    target = [
        {"boxes": np.float32([[8, 8, 60, 60]]), "labels": np.array([1]), "iscrowd": np.array([0])},
        {"boxes": np.zeros((0, 4), np.float32), "labels": np.zeros(0, np.int64), "iscrowd": np.zeros(0, np.int64)},
    ]
    small = halved(network, images[:1])
    losses: list[float] = []
    Trainer(epochs=5, **TRAINER).fit(small, lambda _: [(images, target)] * 2, lambda report: losses.append(report.loss))
    assert losses[-1] < losses[0]
    ((found, _),) = BACKEND.run(small, [(images, target)], decoded=True)
    assert [own.keys() for own in found] == [{"boxes", "scores", "labels"}] * 2
    assert all(np.isin(own["labels"], [0, 1]).all() for own in found)


@pytest.mark.slow
def test_a_segmenter_is_pruned_to_half_trained_and_exported(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    made = Register.get(NETWORK, "torchvision:deeplabv3_mobilenet_v3_large", "pytorch")
    network = BACKEND.build(made, {"num_classes": 3, "aux_loss": True}, 0)
    images = rng.random((4, 3, 64, 64)).astype(np.float32)
    masks = np.where(images[:, 0] > 0.5, 2, 0).astype(np.int64)
    masks[:, :8] = 255
    small = halved(network, images[:1])
    losses: list[float] = []
    Trainer(epochs=5, **TRAINER).fit(small, lambda _: [(images, masks)] * 2, lambda report: losses.append(report.loss))
    assert losses[-1] < losses[0]
    ((found, _),) = BACKEND.run(small, [(images, masks)], decoded=True)
    assert found.dtype == np.uint8 and found.shape == masks.shape
    if not (importable("onnx") and importable("onnxruntime")):
        pytest.skip("trained; onnx is not installed")
    from prunekit.plugins.exporters.onnx_pytorch import OnnxExporter

    assert OnnxExporter().export(small, images[:1], tmp_path / "x.onnx").parity_error <= 1e-4
