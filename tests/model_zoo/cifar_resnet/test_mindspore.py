"""The small ResNets in MindSpore: the same function as their PyTorch twins, in training too."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from twins import MS, PT, difference, outputs, pair, trained_in_order

from prunekit.core.data import batches
from prunekit.core.weights import load_weights
from prunekit.model_zoo.cifar_resnet import pytorch
from prunekit.plugins.datasets.cifar10 import Cifar10

import mindspore  # isort: skip
from prunekit.model_zoo.cifar_resnet import mindspore as ours  # isort: skip

REAL = Path(__file__).parents[4] / "shared" / "data"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"no images and weights at {REAL}")


@pytest.mark.parametrize(("name", "parameters"), [("ResNet8", 75290), ("ResNet20", 269722), ("ResNet56", 853018)])
def test_size_and_names(name: str, parameters: int) -> None:
    made = getattr(ours, name)()
    assert sum(parameter.size for parameter in made.trainable_params()) == parameters
    assert {
        "conv1.weight", "bn1.beta", "layer3.0.conv2.weight", "layer2.0.bn1.gamma", "linear.bias", "bn1.moving_mean",
    } <= MS.weight_shapes(made).keys()  # fmt: skip


@pytest.mark.parametrize(
    ("name", "params"),
    [("ResNet8", {"class_num": 7}), ("CifarResNet", {"depth": 14, "in_channels": 1}), ("ResNet20", {})],
    ids=str,
)
def test_the_same_function_as_the_twin(tmp_path: Path, name: str, params: dict[str, Any]) -> None:
    mine, theirs, told = pair((getattr(ours, name), getattr(pytorch, name)), params, tmp_path)
    assert told is not None and told.startswith("named as in PyTorch's layers, ")
    assert difference(mine, theirs, (32, 17), params.get("in_channels", 3)) < 1e-5  # even sides and odd ones
    assert trained_in_order(mine) == trained_in_order(theirs)


def test_the_same_gradients_and_statistics_as_the_twin(tmp_path: Path) -> None:
    mine, theirs, _ = pair((ours.ResNet8, pytorch.ResNet8), {"class_num": 3}, tmp_path)
    x = np.random.default_rng(0).normal(0, 1, (4, 3, 16, 16)).astype(np.float32)
    mine.set_train(True)
    found = mindspore.grad(lambda: (mine(mindspore.Tensor(x)) ** 2).mean(), None, list(mine.trainable_params()))()
    theirs.train()
    (theirs(torch.from_numpy(x)) ** 2).mean().backward()
    gradients = {
        parameter.name: gradient.asnumpy() for parameter, gradient in zip(mine.trainable_params(), found, strict=True)
    }
    for naming_name, parameter in theirs.named_parameters():
        name = next(n for n in gradients if ours.ResNet8.namings[1].common(n) == naming_name)
        wanted = parameter.grad.numpy()
        assert np.abs(gradients[name] - wanted).max() <= 1e-4 * np.abs(wanted).max(), name
    for statistic, twin in (("moving_mean", "running_mean"), ("moving_variance", "running_var")):
        mine_, theirs_ = MS.state_arrays(mine)[f"bn1.{statistic}"], PT.state_arrays(theirs)[f"bn1.{twin}"]
        np.testing.assert_allclose(mine_, theirs_, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["CifarResNet", "ResNet8", "ResNet20", "ResNet56"])
def test_parameters_and_defaults_are_those_of_the_twin(name: str) -> None:
    assert inspect.signature(getattr(ours, name)) == inspect.signature(getattr(pytorch, name))
    assert getattr(ours, name).namings is getattr(pytorch, name).namings


@pytest.mark.parametrize("depth", [2, 21, 18])
def test_depth_that_does_not_exist(depth: int) -> None:
    with pytest.raises(ValueError, match=f"depth is {depth}"):
        ours.CifarResNet(depth)


@needs_real
def test_public_weights_give_the_same_answers(tmp_path: Path) -> None:
    path = REAL / "weights" / "resnet20_cifar10.safetensors"
    mine, theirs = MS.build(ours.ResNet20, {}, 0), PT.build(pytorch.ResNet20, {}, 0)
    load_weights(MS, mine, path)
    load_weights(PT, theirs, path)
    images, target = next(iter(batches(Cifar10(REAL / "cifar10", "test", samples=50), 50)))
    answers = outputs(mine, images).argmax(1)
    assert np.array_equal(answers, outputs(theirs, images).argmax(1))
    assert (answers == target).mean() > 0.85
