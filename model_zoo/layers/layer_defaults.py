"""Padding and epsilon by which official networks of one name differ between frameworks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Padding = Literal["symmetric", "same", "pool_same"]


@dataclass(frozen=True)
class Convention:
    """One way to make a network's layers.

    Attributes:
        bn_eps: What batch normalizations add to the variance.
        padding: ``symmetric`` pads k // 2 on all sides; ``same`` pads so that ``ceil(size / stride)`` positions come
            out, which puts more zeros after than before where the stride is 2 and the size even; ``pool_same`` pads
            poolings like ``same`` and convolutions like ``symmetric``.
    """

    bn_eps: float
    padding: Padding

    def __post_init__(self) -> None:
        """Refuse a convention that nobody has."""
        if self.padding not in get_args(Padding):
            raise ValueError(f"there is no padding {self.padding!r}; there are {', '.join(get_args(Padding))}")

    def asymmetric(self, kernel: int, stride: int) -> bool:
        """Whether a convolution may have to pad more after than before; elsewhere the conventions agree."""
        return self.padding == "same" and stride > 1 and kernel > 1

    def asymmetric_pool(self, kernel: int, stride: int) -> bool:
        """Whether a pooling may have to."""
        return self.padding != "symmetric" and stride > 1 and kernel > 1
