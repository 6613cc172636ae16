"""What the published MobileNetV2s compute, ours compute with weights of their names and no settings at all.

Each tensor gets numbers that follow from its name. What torchvision 0.29 makes of one picture was computed by its own
code, in float32 on a CPU; of MindSpore's official one (mindspore-ai/models, official/cv/MobileNet/mobilenetv2) by a
network with the same layers and names, paddings and epsilons.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from prunekit.core.backend_factory import make_backend
from prunekit.core.weights import load_weights
from prunekit.model_zoo.mobilenet_v2.architecture import blocks
from prunekit.registry import Register, RegisterType

BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]
THEIRS = ("gamma", "beta", "moving_mean", "moving_variance")
PYTORCHS = ("weight", "bias", "running_mean", "running_var")
TITLES = {"pytorch": "torchvision", "mindspore": "MindSpore's official MobileNetV2"}


def shapes(inner: str, head: str, parts: tuple[str, ...]) -> dict[str, list[int]]:
    """Names and shapes in a checkpoint for three classes."""
    found: dict[str, list[int]] = {}

    def conv(name: str, inputs: int, outputs: int, kernel: int, norm: str) -> None:
        found[f"{name}.weight"] = [outputs, inputs, kernel, kernel]
        found.update({f"{norm}.{part}": [outputs] for part in parts})

    def activated(name: str, inputs: int, outputs: int, kernel: int) -> None:
        conv(f"{name}.{inner}0", inputs, outputs, kernel, f"{name}.{inner}1")

    activated("features.0", 3, 32, 3)
    for number, block in enumerate(blocks(1.0), 1):
        name, place = f"features.{number}.conv", 0
        if block.widens:
            activated(f"{name}.0", block.inputs, block.hidden, 1)
            place = 1
        activated(f"{name}.{place}", 1, block.hidden, 3)
        conv(f"{name}.{place + 1}", block.hidden, block.outputs, 1, f"{name}.{place + 2}")
    activated("features.18", 320, 1280, 1)
    return {**found, f"{head}.weight": [3, 1280], f"{head}.bias": [3]}


def numbers_of(name: str, shape: list[int]) -> NDArray[np.float32]:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith(("var", "variance", "gamma")) or (len(shape) == 1 and name.endswith("weight")):
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    scale = 0.3 if len(shape) == 1 else (2 / np.prod(shape[1:])) ** 0.5
    return rng.normal(0, scale, shape).astype(np.float32)


@pytest.mark.parametrize(
    ("title", "names", "outputs"),
    [
        (TITLES["pytorch"], ("", "classifier.1", PYTORCHS), [-0.9490893, 0.5964363, 3.976561]),
        (TITLES["mindspore"], ("features.", "dense", THEIRS), [2.665544, -4.524388, -0.8739818]),
    ],
)
def test_it_computes_what_the_published_network_does(
    tmp_path: Path, title: str, names: tuple[str, str, tuple[str, ...]], outputs: list[float]
) -> None:
    np.savez(tmp_path / "w.npz", **{name: numbers_of(name, shape) for name, shape in shapes(*names).items()})
    backend = make_backend(BACKEND, "CPU")
    made = backend.build(Register.get(RegisterType.NETWORK, "MobileNetV2", BACKEND), {"class_num": 3}, 0)
    told = load_weights(backend, made, tmp_path / "w.npz")
    assert told == (None if TITLES[BACKEND] == title else f"named as in {title}, 245 of 262 names translated")
    picture = np.random.default_rng(0).normal(0, 1, (1, 3, 64, 64)).astype(np.float32)
    found = next(iter(backend.run(made, [(picture, None)])))[0][0]
    assert np.abs(found - outputs).max() / np.abs(outputs).max() < 1e-4
