"""MobileNetV2 in MindSpore: official names, and the same function as its PyTorch twin."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from twins import MS, PT, difference, pair, trained_in_order

from prunekit.core.weights import load_weights
from prunekit.model_zoo.mobilenet_v2 import pytorch

from prunekit.model_zoo.mobilenet_v2 import mindspore as ours  # isort: skip

REAL = Path(__file__).parents[4] / "shared" / "data"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"no weights at {REAL}")


def test_official_names() -> None:
    shapes = {name: list(shape) for name, shape in MS.weight_shapes(ours.MobileNetV2()).items()}
    assert len(shapes) == 262 and sum(int(np.prod(s)) for n, s in shapes.items() if ".moving" not in n) == 3_504_872
    wanted = {
        "features.0.features.0.weight": [32, 3, 3, 3], "features.0.features.1.moving_variance": [32],
        "features.1.conv.0.features.0.weight": [32, 1, 3, 3], "features.1.conv.0.features.1.gamma": [32],
        "features.1.conv.1.weight": [16, 32, 1, 1], "features.1.conv.2.beta": [16],
        "features.2.conv.0.features.0.weight": [96, 16, 1, 1], "features.2.conv.1.features.0.weight": [96, 1, 3, 3],
        "features.2.conv.2.weight": [24, 96, 1, 1], "features.2.conv.3.moving_mean": [24],
        "features.17.conv.2.weight": [320, 960, 1, 1], "features.18.features.0.weight": [1280, 320, 1, 1],
        "dense.weight": [1000, 1280], "dense.bias": [1000],
    }  # fmt: skip
    assert {name: shapes.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(
    "params",
    [{}, {"padding": "same", "bn_eps": 1e-3, "class_num": 7}, {"width_mult": 0.35, "in_channels": 1}],
    ids=str,
)
def test_the_same_function_as_the_twin(tmp_path: Path, params: dict[str, Any]) -> None:
    mine, theirs, told = pair((ours.MobileNetV2, pytorch.MobileNetV2), params, tmp_path)
    assert told == "named as in torchvision, 245 of 262 names translated"
    assert difference(mine, theirs, (64, 49), params.get("in_channels", 3)) < 1e-5  # even sides and odd ones
    assert trained_in_order(mine) == trained_in_order(theirs)


def test_parameters_and_defaults_are_those_of_the_twin() -> None:
    assert inspect.signature(ours.MobileNetV2) == inspect.signature(pytorch.MobileNetV2)
    assert ours.MobileNetV2.namings is pytorch.MobileNetV2.namings
    assert ours.MobileNetV2(dropout=0.5).dropout.p == 0.5


@pytest.mark.parametrize("head", ["dense", "head.1", "head.2"])
def test_heads_of_older_releases(tmp_path: Path, head: str) -> None:
    arrays = MS.state_arrays(MS.build(ours.MobileNetV2, {"class_num": 3}, 0))
    np.savez(tmp_path / "w.npz", **{name.replace("dense", head): array for name, array in arrays.items()})
    theirs = PT.build(pytorch.MobileNetV2, {"class_num": 3}, 1)
    told = load_weights(PT, theirs, tmp_path / "w.npz")
    assert told == "named as in MindSpore's official MobileNetV2, 245 of 262 names translated"
    assert np.array_equal(PT.state_arrays(theirs)["classifier.1.weight"], arrays["dense.weight"])


@needs_real
def test_public_weights_compute_the_same(tmp_path: Path) -> None:
    path = REAL / "weights" / "mobilenet_v2_imagenet.safetensors"
    mine, theirs = MS.build(ours.MobileNetV2, {}, 0), PT.build(pytorch.MobileNetV2, {}, 0)
    load_weights(MS, mine, path)
    load_weights(PT, theirs, path)
    assert difference(mine, theirs, (96, 96)) < 1e-5
