"""The architecture of YOLOv5 (v6.0 to v7.0), without a framework: one list of layers, each named by its place."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Version = Literal["yolov5n", "yolov5s", "yolov5m", "yolov5l", "yolov5x"]
Kind = Literal["conv", "c3", "sppf", "upsample", "concat"]

STRIDES = (8, 16, 32)
ANCHORS = (
    ((10, 13), (16, 30), (33, 23)),
    ((30, 61), (62, 45), (59, 119)),
    ((116, 90), (156, 198), (373, 326)),
)
"""Width and height in pixels of the three anchors of each map."""

MAPS = (17, 20, 23)  # the layers that are detected on
BALANCE = (4.0, 1.0, 0.4)  # of the objectness of the maps in the loss
KEPT = frozenset({4, 6, 10, 14, *MAPS})  # those that a later layer reads, which is not the next
BN_EPS, BN_MOMENTUM = 1e-3, 0.03  # the momentum as PyTorch counts it: the share of the new

_SCALES: dict[Version, tuple[float, float]] = {  # of width and depth
    "yolov5n": (0.25, 0.33),
    "yolov5s": (0.50, 0.33),
    "yolov5m": (0.75, 0.67),
    "yolov5l": (1.00, 1.00),
    "yolov5x": (1.25, 1.33),
}


@dataclass(frozen=True)
class Layer:
    """One layer of the list.

    Attributes:
        kind: What it is.
        inputs: The channels that it reads; of a concatenation those of all that it joins.
        outputs: The channels that it gives.
        joins: For a concatenation, the layer that comes behind the one before it.
        kernel: Of a convolution.
        stride: Of a convolution.
        repeats: Bottlenecks of a C3.
        shortcut: Whether they add their input.
    """

    kind: Kind
    inputs: int
    outputs: int
    joins: int | None = None
    kernel: int = 1
    stride: int = 1
    repeats: int = 0
    shortcut: bool = False


# kind, then: channels, kernel, stride | channels, bottlenecks, shortcut | channels | the layer to join
_TABLE: tuple[tuple[Kind, tuple[int, ...]], ...] = (
    ("conv", (64, 6, 2)),  # 0
    ("conv", (128, 3, 2)),
    ("c3", (128, 3, 1)),
    ("conv", (256, 3, 2)),
    ("c3", (256, 6, 1)),  # 4
    ("conv", (512, 3, 2)),
    ("c3", (512, 9, 1)),  # 6
    ("conv", (1024, 3, 2)),
    ("c3", (1024, 3, 1)),
    ("sppf", (1024,)),  # 9
    ("conv", (512, 1, 1)),  # 10
    ("upsample", ()),
    ("concat", (6,)),
    ("c3", (512, 3, 0)),
    ("conv", (256, 1, 1)),  # 14
    ("upsample", ()),
    ("concat", (4,)),
    ("c3", (256, 3, 0)),  # 17
    ("conv", (256, 3, 2)),
    ("concat", (14,)),
    ("c3", (512, 3, 0)),  # 20
    ("conv", (512, 3, 2)),
    ("concat", (10,)),
    ("c3", (1024, 3, 0)),  # 23
)


def layers(version: Version, in_channels: int = 3) -> list[Layer]:
    """All layers but the last, which detects on the maps of three of them.

    Raises:
        ValueError: There is no such version.
    """
    if version not in _SCALES:
        raise ValueError(f"there is no version {version!r}; there are {', '.join(_SCALES)}")
    found: list[Layer] = []
    for kind, numbers in _TABLE:
        before = found[-1].outputs if found else in_channels
        found.append(_layer(kind, numbers, before, found, _SCALES[version]))
    return found


def _layer(
    kind: Kind, numbers: tuple[int, ...], before: int, earlier: list[Layer], scale: tuple[float, float]
) -> Layer:
    width, depth = scale
    if kind == "upsample":
        return Layer(kind, before, before)
    if kind == "concat":
        both = before + earlier[numbers[0]].outputs
        return Layer(kind, both, both, joins=numbers[0])
    channels = math.ceil(numbers[0] * width / 8) * 8
    if kind == "c3":
        return Layer(kind, before, channels, repeats=max(round(numbers[1] * depth), 1), shortcut=bool(numbers[2]))
    if kind == "sppf":
        return Layer(kind, before, channels)
    return Layer(kind, before, channels, kernel=numbers[1], stride=numbers[2])


def padding(kernel: int) -> int:
    """Zeros on each side of a convolution's input: so many that a stride of 2 halves an even size."""
    return (kernel - 1) // 2


def first_biases(classes: int) -> Iterator[tuple[float, float]]:
    """For each map the first biases of objectness and of a class.

    They let an untrained network find eight objects in a picture of 640x640, each of any class with the same
    probability: most cells have none, and would drown the others in the loss.
    """
    for stride in STRIDES:
        yield math.log(8 / (640 / stride) ** 2), math.log(0.6 / (classes - 0.99999))
