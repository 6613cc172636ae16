"""The real timm, where it is installed."""

from __future__ import annotations

import pytest
import torch

from prunekit.registry import Register, RegisterType, importable

NETWORK = RegisterType.NETWORK
pytestmark = pytest.mark.filterwarnings("default")  # those are theirs


def test_timm() -> None:
    if not importable("timm"):
        pytest.skip("timm is not installed")
    network = Register.get(NETWORK, "timm:test_resnet", "pytorch")(num_classes=5)
    assert network.eval()(torch.zeros(1, 3, 64, 64)).shape == (1, 5)
