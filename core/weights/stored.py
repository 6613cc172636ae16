"""An array that is still in its file: what it is stands in the file's header, its numbers are read when needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Stored:
    """An array in a file.

    Attributes:
        shape: Its shape, as the header says.
        what: What it holds: ``float32``, or ``a sparse tensor`` where it is no array of real numbers.
        numbers: Whether it is an array of real numbers.
        read: Reads it.
    """

    shape: tuple[int, ...]
    what: str
    numbers: bool
    read: Callable[[], NDArray[Any]]

    @property
    def size(self) -> int:
        """How many numbers there are."""
        found = 1
        for length in self.shape:
            found *= length
        return found


def stored(value: NDArray[Any] | Stored) -> Stored:
    """An array as one that is read."""
    if isinstance(value, Stored):
        return value
    return Stored(value.shape, str(value.dtype), real(value.dtype), lambda: value)


def real(dtype: np.dtype[Any]) -> bool:
    """Whether it is of real numbers."""
    return dtype.kind in "fiub"
