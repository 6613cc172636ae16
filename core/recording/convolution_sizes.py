"""Sizes that convolutions hold beside their weight, whatever the framework: which axes of it each of them counts."""

from __future__ import annotations

from collections.abc import Callable

from prunekit.core.graph.tracked_sizes import Combined, Extent, Literal, SizeOrigin

CHANNELS = ("in_channels", "out_channels")


def convolution_size(
    name: str, axis: Callable[[int], Extent], groups: int, channels: tuple[int, int], transposed: bool
) -> SizeOrigin | None:
    """What an attribute counts, or None if it is none that follows the weight.

    Args:
        name: ``in_channels``, ``out_channels`` or ``groups``, or any other.
        axis: Makes the origin of the size of one axis of the weight.
        groups: How many groups it has.
        channels: How many channels go in and come out.
        transposed: Whether the weight holds inputs before outputs.
    """
    if groups > 1 and channels[0] == groups and name in (*CHANNELS, "groups"):  # depthwise: a group a channel
        if transposed:
            return _combined("*", axis(0), axis(1)) if name == "out_channels" else axis(0)
        each = channels[1] // groups
        return axis(0) if name == "out_channels" or each == 1 else _combined("//", axis(0), Literal(each))
    if name not in CHANNELS:
        return None
    whole = (name == "out_channels") != transposed
    if whole or groups == 1:
        return axis(0 if whole else 1)
    return _combined("*", axis(1), Literal(groups))


def _combined(operator: str, left: SizeOrigin, right: SizeOrigin) -> SizeOrigin:
    value = left.value * right.value if operator == "*" else left.value // right.value
    return Combined(value, operator, left, right)
