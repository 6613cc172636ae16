from __future__ import annotations

from pathlib import Path

import pytest
import torch

from prunekit.core.data import batches
from prunekit.core.weights import load_weights
from prunekit.model_zoo.cifar_resnet.pytorch import CifarResNet, ResNet8, ResNet20, ResNet56
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.backends.pytorch.forward import run
from prunekit.plugins.datasets.cifar10 import Cifar10
from prunekit.plugins.metrics.accuracy import Accuracy

BACKEND = PytorchBackend()
REAL = Path(__file__).parents[4] / "shared" / "data"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"no images and weights at {REAL}")


@pytest.mark.parametrize(("make", "parameters"), [(ResNet8, 75290), (ResNet20, 269722), (ResNet56, 853018)])
def test_size_and_names(make: type[CifarResNet], parameters: int) -> None:
    network = make()
    assert sum(weight.numel() for weight in network.parameters()) == parameters
    assert {"conv1.weight", "bn1.bias", "layer3.0.conv2.weight", "layer2.0.bn1.weight", "linear.bias"} <= set(
        network.state_dict()
    )
    assert network.eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_shortcut_subsamples_and_pads() -> None:
    block = ResNet8().layer2[0].eval()
    torch.nn.init.zeros_(block.bn2.weight)  # leaves the shortcut alone
    inputs = torch.rand(1, 16, 8, 8)
    outputs = block(inputs)
    assert outputs.shape == (1, 32, 4, 4)
    assert torch.equal(outputs[:, 8:24], inputs[:, :, ::2, ::2])
    assert not outputs[:, :8].any() and not outputs[:, 24:].any()


def test_class_num_and_its_alias() -> None:
    assert ResNet8(class_num=3).linear.out_features == 3
    assert ResNet8(num_classes=7, in_channels=1)(torch.zeros(2, 1, 28, 28)).shape == (2, 7)
    assert ResNet8(class_num=4, num_classes=4).linear.out_features == 4
    with pytest.raises(ValueError, match="class_num is 10 and num_classes is 7"):
        ResNet8(class_num=10, num_classes=7)
    with pytest.raises(ValueError, match="class_num is 0"):
        ResNet8(class_num=0)


@pytest.mark.parametrize("depth", [2, 21, 18])
def test_depth_that_does_not_exist(depth: int) -> None:
    with pytest.raises(ValueError, match=f"depth is {depth}"):
        CifarResNet(depth)


def accuracy(network: torch.nn.Module, samples: int | None) -> float:
    metric = Accuracy()
    for outputs, target in run(network, batches(Cifar10(REAL / "cifar10", "test", samples=samples), 250), "cpu"):
        metric.update(outputs, target)
    return metric.result().value


@needs_real
def test_public_weights_fit_and_work() -> None:
    network = ResNet20()
    load_weights(BACKEND, network, REAL / "weights" / "resnet20_cifar10.safetensors")
    assert accuracy(network, 500) > 0.89
    load_weights(BACKEND, ResNet56(), REAL / "weights" / "resnet56_cifar10.safetensors")


@needs_real
@pytest.mark.slow
@pytest.mark.parametrize(("make", "name", "expected"), [(ResNet20, "resnet20", 0.9173), (ResNet56, "resnet56", 0.9339)])
def test_public_weights_reach_their_accuracy(make: type[CifarResNet], name: str, expected: float) -> None:
    network = make()
    load_weights(BACKEND, network, REAL / "weights" / f"{name}_cifar10.safetensors")
    assert accuracy(network, None) == pytest.approx(expected, abs=0.0003)
