"""The structures that every backend is tested on: in words, and what must be found in them, whatever the framework.

In words: a *conv* has square 3 x 3 kernels, moves by 1, is padded by 1 on every side with zeros and has no bias, unless
said otherwise; *norm* is a batch normalization; *mean* averages over the positions of a map; a *linear* layer has a
bias. ``3 > 8`` are channels in and out. ``forward`` takes one argument, ``x``, with shape ``[batch, *shape]`` and
channels first. The constructor takes ``classes``, by default 5, the outputs of the last layer, and nothing else that
has no default. Every layer is a module that holds its own weight. The same networks in NumPy are in `in_numpy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prunekit.core.graph.kinds import Kind

_CONV, _NORM, _MEAN, _LINEAR = Kind.CONVOLUTION, Kind.NORMALIZATION, Kind.REDUCE, Kind.LINEAR


@dataclass(frozen=True)
class Structure:
    """One network.

    Attributes:
        words: What it computes.
        shape: Shape of a sample.
        kinds: Its operators in order, without those that work position by position or only rearrange; frameworks
            differ in these.
        layers: Its layers, as `ChannelStructure.described` has them.
        groups: ``(id, mids, size, fixed, per_unit)`` of every group.
        macs: Multiply-accumulates for one sample.
        params: Numbers in all parameters.
    """

    words: str
    shape: tuple[int, int, int]
    kinds: tuple[Kind, ...]
    layers: tuple[str, ...]
    groups: tuple[tuple[int, tuple[int, ...], int, int, int], ...]
    macs: int
    params: int


STRUCTURES: Mapping[str, Structure] = {
    "plain": Structure(
        words="conv 3 > 8, norm, relu, conv 8 > 6, norm, relu, mean, linear 6 > classes",
        shape=(3, 8, 8),
        kinds=(_CONV, _NORM, _CONV, _NORM, _MEAN, _LINEAR),
        layers=("convolution 3 > 8, kernel 3, group 0", "convolution 8 > 6, kernel 3, group 1", "linear 6 > 5, kept"),
        groups=((0, (0,), 8, 0, 1), (1, (1,), 6, 0, 1)),
        macs=64 * 9 * (3 * 8 + 8 * 6) + 6 * 5,
        params=9 * (3 * 8 + 8 * 6) + 2 * 8 + 2 * 6 + 6 * 5 + 5,
    ),
    "residual": Structure(
        words="stem = conv 3 > 8, norm, relu; inner = conv 8 > 6, norm, relu, conv 6 > 8, norm; relu of their sum,"
        " mean, linear 8 > classes",
        shape=(3, 8, 8),
        kinds=(_CONV, _NORM, _CONV, _NORM, _CONV, _NORM, _MEAN, _LINEAR),
        layers=(
            "convolution 3 > 8, kernel 3, group 0",
            "convolution 8 > 6, kernel 3, group 1",
            "convolution 6 > 8, kernel 3, group 0",
            "linear 8 > 5, kept",
        ),
        groups=((0, (0, 2), 8, 0, 1), (1, (1,), 6, 0, 1)),
        macs=64 * 9 * (3 * 8 + 8 * 6 + 6 * 8) + 8 * 5,
        params=9 * (3 * 8 + 8 * 6 + 6 * 8) + 2 * (8 + 6 + 8) + 8 * 5 + 5,
    ),
    "concat": Structure(
        words="a = conv 3 > 4, relu, and b = conv 3 > 6, relu, both of x; a and b side by side, conv 10 > 6, relu,"
        " mean, linear 6 > classes",
        shape=(3, 8, 8),
        kinds=(_CONV, _CONV, Kind.CONCAT, _CONV, _MEAN, _LINEAR),
        layers=(
            "convolution 3 > 4, kernel 3, group 0",
            "convolution 3 > 6, kernel 3, group 1",
            "convolution 10 > 6, kernel 3, group 2",
            "linear 6 > 5, kept",
        ),
        groups=((0, (0,), 4, 0, 1), (1, (1,), 6, 0, 1), (2, (2,), 6, 0, 1)),
        macs=64 * 9 * (3 * 4 + 3 * 6 + 10 * 6) + 6 * 5,
        params=9 * (3 * 4 + 3 * 6 + 10 * 6) + 6 * 5 + 5,
    ),
    "depthwise": Structure(
        words="conv 3 > 8, norm, relu, conv 8 > 8 in 8 groups, norm, relu, conv 8 > 6 with kernel 1 and no padding,"
        " norm, relu, mean, linear 6 > classes",
        shape=(3, 8, 8),
        kinds=(_CONV, _NORM, _CONV, _NORM, _CONV, _NORM, _MEAN, _LINEAR),
        layers=(
            "convolution 3 > 8, kernel 3, group 0",
            "depthwise convolution 8 > 8, kernel 3, group 0",
            "convolution 8 > 6, group 2",
            "linear 6 > 5, kept",
        ),
        groups=((0, (0, 1), 8, 0, 1), (2, (2,), 6, 0, 1)),
        macs=64 * (9 * 3 * 8 + 9 * 8 + 8 * 6) + 6 * 5,
        params=9 * 3 * 8 + 9 * 8 + 8 * 6 + 2 * (8 + 8 + 6) + 6 * 5 + 5,
    ),
    "grouped": Structure(
        words="conv 3 > 8, relu, conv 8 > 6 in 2 groups, relu, mean, linear 6 > classes",
        shape=(3, 8, 8),
        kinds=(_CONV, _CONV, _MEAN, _LINEAR),
        layers=("convolution 3 > 8, kernel 3, group 0", "convolution 8 > 6, kernel 3, group 1", "linear 6 > 5, kept"),
        groups=((0, (0,), 4, 0, 2), (1, (1,), 3, 0, 2)),
        macs=64 * 9 * (3 * 8 + 4 * 6) + 6 * 5,
        params=9 * (3 * 8 + 4 * 6) + 6 * 5 + 5,
    ),
    "shared": Structure(
        words="stem = conv 3 > 8, relu; conv 8 > 8, relu, and another conv module, relu, whose weight is the very same"
        " parameter; mean, linear 8 > classes",
        shape=(3, 8, 8),
        kinds=(_CONV, _CONV, _CONV, _MEAN, _LINEAR),
        layers=("convolution 3 > 8, kernel 3, group 0", "convolution 8 > 8, kernel 3, group 0", "linear 8 > 5, kept"),
        groups=((0, (0, 1), 8, 0, 1),),
        macs=64 * 9 * (3 * 8 + 2 * 8 * 8) + 8 * 5,
        params=9 * (3 * 8 + 8 * 8) + 8 * 5 + 5,
    ),
    "split": Structure(
        words="conv 3 > 8, relu, split into two halves of the channels, their product, conv 4 > 6, relu, mean,"
        " linear 6 > classes",
        shape=(3, 8, 8),
        kinds=(_CONV, Kind.SPLIT, _CONV, _MEAN, _LINEAR),
        layers=("convolution 3 > 8, kernel 3, group 0", "convolution 4 > 6, kernel 3, group 1", "linear 6 > 5, kept"),
        groups=((0, (0,), 4, 0, 2), (1, (1,), 6, 0, 1)),
        macs=64 * 9 * (3 * 8 + 4 * 6) + 6 * 5,
        params=9 * (3 * 8 + 4 * 6) + 6 * 5 + 5,
    ),
    "flatten": Structure(
        words="conv 3 > 8, relu, each sample as one vector, channel by channel, linear 128 > 6, relu,"
        " linear 6 > classes",
        shape=(3, 4, 4),
        kinds=(_CONV, _LINEAR, _LINEAR),
        layers=("convolution 3 > 8, kernel 3, group 0", "linear 128 > 6, group 1", "linear 6 > 5, kept"),
        groups=((0, (0,), 8, 0, 1), (1, (1,), 6, 0, 1)),
        macs=16 * 9 * 3 * 8 + 128 * 6 + 6 * 5,
        params=9 * 3 * 8 + 128 * 6 + 6 + 6 * 5 + 5,
    ),
}
