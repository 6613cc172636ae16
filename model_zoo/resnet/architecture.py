"""The architecture of ResNets, without a framework (He et al. 2015, table 1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Block:
    """A residual block: its channels inside, its stride, and how far apart the taps of its 3x3 convolution are."""

    planes: int
    stride: int
    dilation: int = 1


def stages(version: Version, output_stride: int = 32, multi_grid: Sequence[int] | None = None) -> Iterator[list[Block]]:
    """The blocks of each of the four stages.

    A stage that would halve the map beyond the output stride keeps its size and is dilated instead. Its first block
    keeps the dilation of the stage before, for it computes what the strided block does, at more places.

    Args:
        version: Which ResNet.
        output_stride: How many times smaller than the picture the last map is: 8, 16 or 32.
        multi_grid: Factors of the dilations in the last stage, one a block (Chen et al. 2017, 3.1); first blocks are
            then dilated like the others of their stage.

    Raises:
        ValueError: The version has blocks without bottleneck, which are not dilated, or ``multi_grid`` has not as many
            numbers as the last stage has blocks.
    """
    if output_stride < 32 and version in _BASIC:
        raise ValueError(f"output_stride: the blocks of {version} are not dilated; take resnet50 or resnet101")
    if multi_grid is not None and len(multi_grid) != _DEPTHS[version][-1]:
        raise ValueError(f"multi_grid has {len(multi_grid)} numbers; the last stage has {_DEPTHS[version][-1]} blocks")
    stride, dilation = 4, 1
    for number, depth in enumerate(_DEPTHS[version]):
        step, first = (2 if number else 1), dilation
        if stride * step > output_stride:
            step, dilation = 1, dilation * step
        stride *= step
        dilations = [first, *[dilation] * (depth - 1)]
        if multi_grid is not None:
            dilations = [dilation * factor for factor in (multi_grid if number == 3 else [1] * depth)]
        yield [Block(STEM << number, 1 if k else step, each) for k, each in enumerate(dilations)]
