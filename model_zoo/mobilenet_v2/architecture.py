"""The architecture of MobileNetV2, without a framework (Sandler et al. 2018, table 2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, blocks and stride of each stage."""


@dataclass(frozen=True)
class Block:
    """An inverted residual block: its channels before, inside and after, its stride and its dilation."""

    inputs: int
    hidden: int
    outputs: int
    stride: int
    dilation: int = 1

    @property
    def widens(self) -> bool:
        """Whether it has a convolution that widens."""
        return self.hidden != self.inputs

    @property
    def adds(self) -> bool:
        """Whether its input is added to its output."""
        return self.stride == 1 and self.inputs == self.outputs


def blocks(width_mult: float, output_stride: int = 32) -> Iterator[Block]:
    """All blocks, first to last.

    A stage that would halve the map beyond the output stride keeps its size, and what follows is dilated instead: its
    first block is not, for it computes what the strided block does, at more places.

    Args:
        width_mult: Multiplies the channels.
        output_stride: How many times smaller than the picture the last map is: 8, 16 or 32.
    """
    channels, size, dilation = stem(width_mult), 2, 1
    for expansion, planes, depth, step in _STAGES:
        stride, first = (step, dilation) if size * step <= output_stride else (1, dilation)
        dilation *= step // stride
        size *= stride
        for position in range(depth):
            before, channels = channels, _by_eights(planes * width_mult)
            once = (1, dilation) if position else (stride, first)
            yield Block(before, before * expansion, channels, *once)


def stem(width_mult: float) -> int:
    """Channels of the first convolution."""
    return _by_eights(32 * width_mult)


def last(width_mult: float) -> int:
    """Channels of the last convolution, which narrower networks do not narrow."""
    return _by_eights(1280 * max(1.0, width_mult))


def _by_eights(channels: float) -> int:
    """The nearest multiple of 8, but never less than nine tenths of what was asked for, as published."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
