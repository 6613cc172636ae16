"""The real torchvision, where it is installed."""

from __future__ import annotations

import pytest
import torch

from prunekit.registry import Register, RegisterType, importable

NETWORK = RegisterType.NETWORK
pytestmark = pytest.mark.filterwarnings("default")  # those are theirs


def test_a_detector_of_torchvision_runs_and_learns() -> None:
    if not importable("torchvision"):
        pytest.skip("torchvision is not installed")
    name = "torchvision:fasterrcnn_mobilenet_v3_large_320_fpn"
    network = Register.get(NETWORK, name, "pytorch")(num_classes=3, min_size=64, max_size=64)
    (found,) = network.eval()([torch.rand(3, 64, 64)])
    assert set(found) == {"boxes", "labels", "scores"}
    target = {"boxes": torch.tensor([[4.0, 4, 40, 40]]), "labels": torch.tensor([1])}
    losses = network.train()([torch.rand(3, 64, 64)], [target])
    sum(losses.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)
