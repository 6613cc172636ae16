"""The architecture of Faster R-CNN with a feature pyramid, without a framework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from prunekit.model_zoo.detection.anchors import Boxes, shapes

Backbone = Literal["resnet50", "mobilenet_v2"]

RATIOS = (0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Widths:
    """Channels of what stands above a backbone.

    Attributes:
        pyramid: Of the pyramid's maps and of the head that proposes regions.
        head: Of the linear layers over regions.
    """

    pyramid: int
    head: int


_WIDTHS: dict[Backbone, Widths] = {"resnet50": Widths(256, 1024), "mobilenet_v2": Widths(64, 256)}
_SIDES: dict[Backbone, int] = {"resnet50": 8, "mobilenet_v2": 4}
"""Sides of anchors in strides: 32 pixels at the finest map of either."""


def widths(backbone: Backbone, pyramid: int | None, head: int | None) -> Widths:
    """The published ones, or ours, where none are given.

    Raises:
        ValueError: There is no such backbone, or a number is no number of channels.
    """
    if backbone not in _WIDTHS:
        raise ValueError(f"there is no backbone {backbone!r}; there are {', '.join(_WIDTHS)}")
    for name, given in (("fpn_channels", pyramid), ("head_channels", head)):
        if given is not None and given < 1:
            raise ValueError(f"{name} is {given}; it must be at least 1")
    usual = _WIDTHS[backbone]
    return Widths(pyramid or usual.pyramid, head or usual.head)


def anchors(
    backbone: Backbone, strides: Sequence[int], sizes: Sequence[float] | None, ratios: Sequence[float]
) -> tuple[Boxes, ...]:
    """Of each map its anchors around the origin.

    Args:
        backbone: Says the sizes, where none are given.
        strides: Of the maps.
        sizes: Of the anchors, one for each map.
        ratios: Of heights to widths.

    Raises:
        ValueError: There are more or fewer sizes than maps, none of the ratios, or one of them is not above 0.
    """
    sizes = [_SIDES[backbone] * stride for stride in strides] if sizes is None else sizes
    if len(sizes) != len(strides):
        raise ValueError(
            f"anchor_sizes has {len(sizes)} sizes; give one for each of the {len(strides)} maps, whose strides are"
            f" {', '.join(map(str, strides))}"
        )
    for name, numbers in (("anchor_sizes", sizes), ("anchor_ratios", ratios)):
        if not numbers or min(numbers) <= 0:
            raise ValueError(f"{name} is {list(numbers)}; give numbers above 0")
    return tuple(shapes([size], ratios) for size in sizes)
