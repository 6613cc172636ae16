"""What the published DeepLabV3s compute, ours compute with weights of their names and the settings that the log names.

Each tensor gets numbers that follow from its name. What torchvision 0.29 makes of one picture was computed by its own
code, in float32 on a CPU; of MindSpore's official one (mindspore-ai/models, official/cv/DeepLabv3) by a network with
the same layers and names, paddings, dilations and ways to enlarge.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.weights import load_weights
from prunekit.model_zoo.deeplabv3.pytorch import DeepLabV3
from prunekit.plugins.backends.pytorch.backend import PytorchBackend

BACKEND = PytorchBackend()
PICTURE = np.random.default_rng(0).normal(0, 1, (1, 3, 64, 64)).astype(np.float32)
PLACES = ((0, 20, 63), (0, 41, 63))  # rows and columns that are compared


def numbers_of(name: str, shape: list[int]) -> NDArray[np.float32]:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith(("var", "variance", "gamma")) or (len(shape) == 1 and name.endswith("weight")):
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    scale = 0.3 if len(shape) == 1 else (2 / np.prod(shape[1:])) ** 0.5
    return rng.normal(0, scale, shape).astype(np.float32)


def checkpoint(conv: Any, parts: tuple[str, ...], depths: tuple[int, ...], head: str) -> dict[str, list[int]]:
    """Names and shapes of a DeepLabV3 on a ResNet for three classes.

    Args:
        conv: The names of a convolution and its normalization in the head, of what torchvision calls them.
        parts: Of a normalization.
        depths: Blocks of the stages.
        head: What stands before the names of the backbone.
    """
    found: dict[str, list[int]] = {}

    def normed(name: str, norm: str, *shape: int) -> None:
        found[f"{name}.weight"] = list(shape)
        found.update({f"{norm}.{part}": [shape[0]] for part in parts})

    normed(f"{head}.conv1", f"{head}.bn1", 64, 3, 7, 7)
    inputs = 64
    for stage, depth in enumerate(depths):
        planes = 64 << stage
        for k in range(depth):
            block = f"{head}.layer{stage + 1}.{k}"
            shapes = [(planes, inputs, 1, 1), (planes, planes, 3, 3), (4 * planes, planes, 1, 1)]
            for number, shape in enumerate(shapes, 1):
                normed(f"{block}.conv{number}", f"{block}.bn{number}", *shape)
            if not k:
                normed(f"{block}.downsample.0", f"{block}.downsample.1", 4 * planes, inputs, 1, 1)
            inputs = 4 * planes
    for branch in range(5):
        kernel = 3 if branch in (1, 2, 3) else 1
        normed(*conv(f"convs.{branch}"), 256, 2048, kernel, kernel)
    normed(*conv("project"), 256, 1280, 1, 1)
    return found


def torchvisions() -> dict[str, list[int]]:
    """With the second head."""

    def conv(part: str) -> tuple[str, str]:
        first = 1 if part == "convs.4" else 0
        return f"classifier.0.{part}.{first}", f"classifier.0.{part}.{first + 1}"

    parts = ("weight", "bias", "running_mean", "running_var")
    found = checkpoint(conv, parts, (3, 4, 6, 3), "backbone")
    for name, outputs, inputs in (("classifier.{}", 256, 256), ("aux_classifier.{}", 256, 1024)):
        place = 1 if inputs == 256 else 0
        found[f"{name.format(place)}.weight"] = [outputs, inputs, 3, 3]
        found |= {f"{name.format(place + 1)}.{part}": [outputs] for part in parts}
        found |= {f"{name.format(4)}.weight": [3, outputs, 1, 1], f"{name.format(4)}.bias": [3]}
    return found


def mindspores() -> dict[str, list[int]]:
    names = {
        **{f"convs.{k}": (f"aspp.aspp{k + 1}.aspp_conv.0", f"aspp.aspp{k + 1}.aspp_conv.1") for k in range(4)},
        "convs.4": ("aspp.aspp_pooling.conv.0", "aspp.aspp_pooling.conv.1"), "project": ("aspp.conv1", "aspp.bn1"),
    }  # fmt: skip
    found = checkpoint(names.get, ("gamma", "beta", "moving_mean", "moving_variance"), (3, 4, 23, 3), "resnet")
    return {**found, "aspp.conv2.weight": [3, 256, 1, 1], "aspp.conv2.bias": [3]}


def weights(tmp_path: Path, shapes: dict[str, list[int]]) -> Path:
    np.savez(tmp_path / "w.npz", **{name: numbers_of(name, shape) for name, shape in shapes.items()})
    return tmp_path / "w.npz"


def seen(network: DeepLabV3) -> Any:
    return next(iter(BACKEND.run(network.eval(), [(PICTURE, None)])))[0]


def near(logits: NDArray[np.float32], wanted: list[float]) -> bool:
    found = np.stack([logits[0, :, row, column] for row, column in zip(*PLACES, strict=True)]).ravel()
    return bool(np.abs(found - wanted).max() / np.abs(wanted).max() < 1e-4)


def test_torchvisions(tmp_path: Path) -> None:
    network = DeepLabV3(class_num=3, aux_head=True, aux_in_evaluation=True)
    shapes = {name: list(tensor.shape) for name, tensor in network.state_dict().items() if tensor.ndim}
    assert shapes == torchvisions() and len(network.state_dict()) == 370
    assert load_weights(BACKEND, network, weights(tmp_path, shapes)) is None
    outputs = seen(network)
    main = [-587.3629, 4046.037, -4393.303, -896.5818, 8801.823, -2946.245, -2255.153, 7679.413, -8601.013]
    second = [986.4644, 1738.933, -1955.739, 1874.054, -1185.485, -6855.47, 515.7914, 632.753, 390.8037]
    assert near(outputs["out"], main) and near(outputs["aux"], second)
    other = DeepLabV3(class_num=3, aux_head=True, rates=[6, 12, 18])
    other.load_state_dict(network.state_dict())
    assert not near(seen(other), main)  # what the log names decides


def test_mindspores_of_both_output_strides(tmp_path: Path) -> None:
    path = weights(tmp_path, mindspores())
    advised = {"rates": [6, 12, 18], "multi_grid": [1, 2, 4], "refine": False, "align_corners": True}
    told = f"{', '.join(f'{key}: {value}' for key, value in advised.items())}, padding: pool_same"
    for output_stride, wanted in {
        16: [-5318906.0, -555073.8, 1006446.0, -5176068.0, -5784980.0, -3141138.0, -2641793.0, -3514191.0, -2620456.0],
        8: [-2546509.0, 170341.9, -1986378.0, -5272952.0, -5623530.0, -3705617.0, 683972.4, -1398832.0, -907715.1],
    }.items():
        network = DeepLabV3("resnet101", 3, output_stride=output_stride, padding="pool_same", **advised)  # type: ignore[arg-type]
        found = load_weights(BACKEND, network, path)
        assert found is not None and "MindSpore's official DeepLabv3, 552 of 552 names translated" in found
        assert told in found
        assert near(seen(network), wanted)
