"""The architecture of ResNets for small images, without a framework (He et al. 2015, section 4.2)."""

from __future__ import annotations

STAGES = ((16, 16, 1), (16, 32, 2), (32, 64, 2))
"""Channels before and after, and the stride of the first block."""


def blocks_of(depth: int) -> int:
    """Blocks in each stage of a network of ``depth`` layers with weights.

    Raises:
        ValueError: There is no such depth.
    """
    if depth < 8 or (depth - 2) % 6:
        raise ValueError(f"depth is {depth}; it must be 6 n + 2: 8, 14, 20, 32, 44, 56, 110 ...")
    return (depth - 2) // 6
