"""What the log says of published names is held against the numbers that the published networks compute.

Each tensor gets numbers that follow from its name. What torchvision 0.29 and mindcv 0.3 make of one picture was
computed by their own code, in float32 on a CPU; of MindSpore's official ResNets (mindspore-ai/models,
official/cv/ResNet) by networks with the same layers and names, paddings and epsilons.
"""

from __future__ import annotations

import os
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from prunekit.core.backend_factory import make_backend
from prunekit.core.weights import load_weights
from prunekit.registry import Register, RegisterType

BACKEND = os.environ["PRUNEKIT_TEST_BACKEND"]
DEPTHS = {"ResNet18": (2, 2, 2, 2), "ResNet50": (3, 4, 6, 3)}
OFFICIALLY = "MindSpore's official ResNet"
EXACT = 1e-4  # of the largest output: what two frameworks' float32 leave


def shapes(network: str, bn: str, shortcut: str, head: str, parts: tuple[str, ...]) -> dict[str, list[int]]:
    """Names and shapes in a checkpoint for three classes."""

    def norm(name: str, channels: int) -> dict[str, list[int]]:
        return {f"{name}.{part}": [channels] for part in parts}

    expansion = 1 if network == "ResNet18" else 4
    found = {"conv1.weight": [64, 3, 7, 7], **norm("bn1", 64)}
    inputs = 64
    for stage, depth in enumerate(DEPTHS[network]):
        planes = 64 << stage
        for block in range(depth):
            name, outputs = f"layer{stage + 1}.{block}", planes * expansion
            kernels = [(inputs, planes, 3), (planes, planes, 3)]
            if expansion == 4:
                kernels = [(inputs, planes, 1), (planes, planes, 3), (planes, outputs, 1)]
            for place, (before, after, size) in enumerate(kernels, 1):
                found |= {f"{name}.conv{place}.weight": [after, before, size, size]}
                found |= norm(f"{name}.{bn.format(place)}", after)
            if inputs != outputs or (stage and not block):
                found |= {f"{name}.{shortcut}.0.weight": [outputs, inputs, 1, 1]}
                found |= norm(f"{name}.{shortcut}.1", outputs)
            inputs = outputs
    return {**found, f"{head}.weight": [3, inputs], f"{head}.bias": [3]}


def numbers_of(name: str, shape: list[int]) -> NDArray[np.float32]:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith(("var", "variance", "gamma")) or (len(shape) == 1 and name.endswith("weight")):
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    scale = 0.3 if len(shape) == 1 else (2 / np.prod(shape[1:])) ** 0.5
    return rng.normal(0, scale, shape).astype(np.float32)


def advised(told: str) -> dict[str, Any]:
    """The settings that the log names."""
    padding, eps = re.search(r"padding: (\w+)", told), re.search(r"bn_eps: ([\d.]+)", told)
    assert padding is not None and eps is not None
    return {"padding": padding[1], "bn_eps": float(eps[1])}


THEIRS, PYTORCHS = (
    ("gamma", "beta", "moving_mean", "moving_variance"),
    ("weight", "bias", "running_mean", "running_var"),
)
TORCHVISION, MINDCV = ("bn{}", "downsample", "fc", PYTORCHS), ("bn{}", "down_sample", "classifier", THEIRS)
OFFICIAL = ("bn{}", "down_sample_layer", "end_point", THEIRS)
OFFICIAL_BASIC = ("bn{}d", "down_sample_layer", "end_point", THEIRS)
OWN = {"pytorch": "torchvision", "mindspore": OFFICIALLY}


@pytest.mark.parametrize(
    ("title", "network", "names", "outputs", "near"),
    [
        ("torchvision", "ResNet18", TORCHVISION, [23.7264, 59.84504, -72.05338], EXACT),
        ("torchvision", "ResNet50", TORCHVISION, [-8642.386, -4750.293, 21309.53], EXACT),
        ("mindcv", "ResNet18", MINDCV, [-11.19469, -40.5567, 13.51024], EXACT),
        ("mindcv", "ResNet50", MINDCV, [8972.942, -471.588, 4364.382], EXACT),
        (OFFICIALLY, "ResNet50", OFFICIAL, [7128.835, -5173.785, -9965.08], EXACT),
        # 1.7e-4 off, as no bn_eps of ours stands for stem and shortcuts alone, which the log says
        (f"{OFFICIALLY}-18 and ResNet-34", "ResNet18", OFFICIAL_BASIC, [-35.70175, 74.64198, 0.2476431], 3e-4),
    ],
)
def test_with_the_settings_that_the_log_names_it_computes_what_the_published_network_does(
    tmp_path: Path, title: str, network: str, names: tuple[Any, ...], outputs: list[float], near: float
) -> None:
    np.savez(tmp_path / "w.npz", **{name: numbers_of(name, shape) for name, shape in shapes(network, *names).items()})
    backend = make_backend(BACKEND, "CPU")
    component = Register.get(RegisterType.NETWORK, network, BACKEND)
    told = load_weights(backend, backend.build(component, {"class_num": 3}, 0), tmp_path / "w.npz")
    if told is None:  # the network's own names, and its own settings
        assert title == OWN[BACKEND]
        settings: dict[str, Any] = {}
    else:
        assert told.startswith(f"named as in {title}, ")
        settings = advised(told)
    made = backend.build(component, {"class_num": 3, **settings}, 0)
    load_weights(backend, made, tmp_path / "w.npz")
    picture = np.random.default_rng(0).normal(0, 1, (1, 3, 64, 64)).astype(np.float32)
    found = next(iter(backend.run(made, [(picture, None)])))[0][0]
    assert np.abs(found - outputs).max() / np.abs(outputs).max() < near
