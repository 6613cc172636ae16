"""Shapes whose sizes know where they come from, also in what torch computes of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import mul
from typing import Any

import torch


class TracedShape(tuple[int, ...]):
    """Stands for a ``torch.Size``, of which there are no subclasses, and whose ``numel`` returns a plain integer."""

    __slots__ = ()
    _make = torch.Size  # one with other parts, as of named tuples

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """For ``isinstance``, the class that it stands for."""
        return torch.Size

    def __new__(cls, sizes: Iterable[int]) -> TracedShape:
        """Make one."""
        return super().__new__(cls, sizes)

    def numel(self) -> int:
        """The number of positions."""
        return reduce(mul, self) if self else 1

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return TracedShape(found) if isinstance(place, slice) else found

    def __add__(self, other: Any) -> Any:
        return TracedShape((*self, *other)) if isinstance(other, tuple) else NotImplemented

    def __radd__(self, other: Any) -> Any:
        return TracedShape((*other, *self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, times: Any) -> Any:
        return TracedShape(tuple(self) * times)

    def __rmul__(self, times: Any) -> Any:
        return self * times

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __reduce__(self) -> Any:
        """Copies and pickles are torch's own."""
        return torch.Size, ([int(size) for size in self],)
