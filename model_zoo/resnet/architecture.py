"""The architecture of ResNets, without a framework (He et al. 2015, table 1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

Version = Literal["resnet18", "resnet34", "resnet50", "resnet101"]

STEM = 64  # channels

_DEPTHS: dict[Version, tuple[int, int, int, int]] = {
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
    "resnet50": (3, 4, 6, 3),
    "resnet101": (3, 4, 23, 3),
}
_BASIC: tuple[Version, ...] = ("resnet18", "resnet34")


def of_basic_blocks(version: Version, stride_in_1x1: bool) -> bool:
    """Whether the blocks of a version have no 1x1 convolution.

    Raises:
        ValueError: There is no such version, or ``stride_in_1x1`` is asked for where there is no such convolution.
    """
    if version not in _DEPTHS:
        raise ValueError(f"there is no version {version!r}; there are {', '.join(_DEPTHS)}")
    if stride_in_1x1 and version in _BASIC:
        raise ValueError(f"stride_in_1x1: the blocks of {version} have no 1x1 convolution; leave it out")
    return version in _BASIC


def stages(version: Version) -> Iterator[list[tuple[int, int]]]:
    """For each of the four stages the channels inside and the stride of each block."""
    for number, depth in enumerate(_DEPTHS[version]):
        yield [(STEM << number, 2 if number and not position else 1) for position in range(depth)]
