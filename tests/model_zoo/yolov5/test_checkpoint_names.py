"""Weights under the names that others publish YOLOv5 with."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from oracle import BACKEND

from prunekit.core.weights import WeightsError, load_weights
from prunekit.model_zoo.yolov5.architecture import ANCHORS, STRIDES
from prunekit.model_zoo.yolov5.pytorch import YoloV5

Arrays = dict[str, NDArray[np.float32]]
THEIRS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def arrays() -> Arrays:
    network = BACKEND.build(YoloV5, {"version": "yolov5n", "class_num": 3}, 0)
    return {name: each for name, each in BACKEND.state_arrays(network).items() if "num_batches" not in name}


def mindyolos(name: str) -> str:
    name = re.sub(r"\.bn\.(\w+)$", lambda found: f".bn.{THEIRS[found[1]]}", name)
    return "model." + re.sub(r"\.cv([123])\.", r".conv\1.", name)


def load(found: Arrays, path: Path) -> str | None:
    np.savez(path, **found)
    network = BACKEND.build(YoloV5, {"version": "yolov5n", "class_num": 3}, 1)
    told = load_weights(BACKEND, network, path)
    for name, each in arrays().items():
        assert np.array_equal(BACKEND.state_arrays(network)[name], each)
    return told


def test_ultralytics_names_are_its_own(tmp_path: Path) -> None:
    assert load(arrays(), tmp_path / "w.npz") is None


def test_older_ones_have_the_anchors_once_more(tmp_path: Path) -> None:
    again = np.array(ANCHORS, np.float32).reshape(3, 1, 3, 1, 1, 2)
    told = load({**arrays(), "model.24.anchor_grid": again}, tmp_path / "w.npz")
    assert told is not None and told.startswith("named as in ultralytics, 0 of ")


def test_mindyolos(tmp_path: Path) -> None:
    named = {mindyolos(name): each for name, each in arrays().items()}
    assert {"model.model.2.conv1.bn.gamma", "model.model.9.conv2.conv.weight", "model.model.24.m.0.bias"} <= set(named)
    of_the_head = {
        "model.model.24.stride": np.array(STRIDES, np.float32),
        "model.model.24.anchor_grid": np.array(ANCHORS, np.float32).reshape(3, 1, 3, 1, 1, 2),
    }
    told = load({**named, **of_the_head}, tmp_path / "w.npz")
    assert told is not None and "named as in mindyolo" in told


def test_another_number_of_classes_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", **arrays())
    network = BACKEND.build(YoloV5, {"version": "yolov5n", "class_num": 4}, 1)
    with pytest.raises(WeightsError, match=r"model.24.m.0.weight \[24, 64, 1, 1\] in the file, \[27, 64, 1, 1\] in"):
        load_weights(BACKEND, network, tmp_path / "w.npz")


def test_mindspores_older_network_is_another(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "w.npz", **{"feature_map.backbone.focus.conv.conv.weight": np.zeros((32, 12, 3, 3), np.float32)}
    )
    network = BACKEND.build(YoloV5, {"version": "yolov5n", "class_num": 3}, 1)
    with pytest.raises(WeightsError, match="names tried: its own, ultralytics, mindyolo"):
        load_weights(BACKEND, network, tmp_path / "w.npz")
