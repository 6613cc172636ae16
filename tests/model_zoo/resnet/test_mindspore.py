"""The ImageNet ResNets in MindSpore: official names, and the same function as their PyTorch twins."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from twins import MS, PT, difference, pair, trained_in_order

from prunekit.core.weights import WeightsError, load_weights
from prunekit.model_zoo.resnet import pytorch

from prunekit.model_zoo.resnet import mindspore as ours  # isort: skip

OFFICIAL = {"padding": "same", "bn_eps": 1e-4}
TORCHVISION = {"padding": "symmetric", "bn_eps": 1e-5}
CLASSES = ("ResNet", "ResNet18", "ResNet34", "ResNet50", "ResNet101")


def norm(name: str, channels: int) -> dict[str, list[int]]:
    return {f"{name}.{part}": [channels] for part in ("gamma", "beta", "moving_mean", "moving_variance")}


def bottleneck(name: str, inputs: int, planes: int, shortcut: bool) -> dict[str, list[int]]:
    names = {
        f"{name}.conv1.weight": [planes, inputs, 1, 1], **norm(f"{name}.bn1", planes),
        f"{name}.conv2.weight": [planes, planes, 3, 3], **norm(f"{name}.bn2", planes),
        f"{name}.conv3.weight": [4 * planes, planes, 1, 1], **norm(f"{name}.bn3", 4 * planes),
    }  # fmt: skip
    if shortcut:
        names |= norm(f"{name}.down_sample_layer.1", 4 * planes)
        names[f"{name}.down_sample_layer.0.weight"] = [4 * planes, inputs, 1, 1]
    return names


def test_official_names() -> None:
    wanted = {"conv1.weight": [64, 3, 7, 7], **norm("bn1", 64)}
    inputs = 64
    for stage, (blocks, planes) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512))):
        for block in range(blocks):
            wanted |= bottleneck(f"layer{stage + 1}.{block}", inputs, planes, shortcut=block == 0)
            inputs = 4 * planes
    wanted |= {"end_point.weight": [1000, 2048], "end_point.bias": [1000]}
    assert len(wanted) == 267
    assert {name: list(shape) for name, shape in MS.weight_shapes(ours.ResNet50()).items()} == wanted


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("ResNet18", {**TORCHVISION, "class_num": 7}),
        ("ResNet34", {**OFFICIAL, "num_classes": 7, "in_channels": 1}),
        ("ResNet50", {**OFFICIAL, "stride_in_1x1": True}),
        ("ResNet", {**TORCHVISION, "version": "resnet50"}),
    ],
    ids=str,
)
def test_the_same_function_as_the_twin(tmp_path: Path, name: str, params: dict[str, Any]) -> None:
    ours_, theirs, _ = pair((getattr(ours, name), getattr(pytorch, name)), params, tmp_path)
    assert difference(ours_, theirs, (64, 49), params.get("in_channels", 3)) < 1e-5  # even sides and odd ones
    assert trained_in_order(ours_) == trained_in_order(theirs)


def test_the_conventions_are_different_functions(tmp_path: Path) -> None:
    for convention in ({**OFFICIAL, "bn_eps": 1e-5}, {**TORCHVISION, "bn_eps": 1e-1}):
        _, theirs, _ = pair((ours.ResNet18, pytorch.ResNet18), TORCHVISION, tmp_path)
        other = MS.build(ours.ResNet18, convention, 0)
        load_weights(MS, other, tmp_path / "w.safetensors")
        assert difference(other, theirs, (48, 48)) > 1e-2


@pytest.mark.parametrize("name", CLASSES)
def test_parameters_are_those_of_the_twin_and_defaults_the_frameworks_own(name: str) -> None:
    mine, theirs = (dict(inspect.signature(getattr(module, name)).parameters) for module in (ours, pytorch))
    assert list(mine) == list(theirs)
    differing = {key: (mine[key].default, theirs[key].default) for key in mine if mine[key] != theirs[key]}
    assert differing == {"padding": ("same", "symmetric"), "bn_eps": (1e-4, 1e-5)}
    assert getattr(ours, name).namings is getattr(pytorch, name).namings


def test_what_does_not_exist() -> None:
    with pytest.raises(ValueError, match="no version 'resnet51'; there are resnet18, resnet34, resnet50, resnet101"):
        ours.ResNet("resnet51")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="stride_in_1x1: the blocks of resnet18 have no 1x1 convolution; leave it out"):
        ours.ResNet("resnet18", stride_in_1x1=True)


def test_initialisation_is_seeded_and_he_normal() -> None:
    nets = [MS.build(ours.ResNet18, {"class_num": 2}, seed) for seed in (3, 3, 4)]
    one, again, other = (MS.state_arrays(net) for net in nets)
    assert all(np.array_equal(one[name], again[name]) for name in one)
    assert not np.array_equal(one["conv1.weight"], other["conv1.weight"])
    weight = one["layer4.1.conv2.weight"]
    assert weight.std() == pytest.approx((2 / (512 * 9)) ** 0.5, rel=0.01) and abs(weight.mean()) < 1e-3


@pytest.mark.parametrize("shapes", ["theirs to ours", "ours to theirs"])
def test_what_is_said_of_names(tmp_path: Path, shapes: str) -> None:
    mine, theirs, told = pair((ours.ResNet50, pytorch.ResNet50), {"class_num": 3}, tmp_path)
    made = "padding: symmetric and bn_eps: 0.00001"
    title = "torchvision"
    if shapes == "ours to theirs":
        MS.save(mine, tmp_path / "w.ckpt")
        told = load_weights(PT, theirs, tmp_path / "w.ckpt")
        title, made = "MindSpore's official ResNet", "padding: same and bn_eps: 0.0001"
    assert told == f"named as in {title}, 218 of 267 names translated; networks there have {made}"


@pytest.mark.parametrize("network", [ours.ResNet18, pytorch.ResNet18])
def test_mindcvs_names(tmp_path: Path, network: type[Any]) -> None:
    mine = MS.build(ours.ResNet18, {"class_num": 3}, 0)
    names = {"down_sample_layer": "down_sample", "end_point": "classifier"}
    arrays = {}
    for name, array in MS.state_arrays(mine).items():
        for old, new in names.items():
            name = name.replace(old, new)
        arrays[name] = array
    np.savez(tmp_path / "w.npz", **arrays)
    backend: Any = MS if network is ours.ResNet18 else PT
    told = load_weights(backend, backend.build(network, {"class_num": 3}, 1), tmp_path / "w.npz")
    assert told is not None and told.startswith("named as in mindcv, ")


def test_another_network_is_refused_by_the_nearest_names(tmp_path: Path) -> None:
    pair((ours.ResNet18, pytorch.ResNet18), {"class_num": 3}, tmp_path)
    with pytest.raises(WeightsError) as told:
        load_weights(MS, ours.ResNet34(class_num=3), tmp_path / "w.safetensors")
    titles = "MindSpore's official ResNet, MindSpore's official ResNet-18 and ResNet-34"
    said = f"names tried: its own, torchvision, {titles}, mindcv; nearest: those of torchvision;"
    assert said in str(told.value) and "does not fit ResNet34 (182 tensors): 80 missing: " in str(told.value)
