"""Numbers from files as frameworks take them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_WIDEST = 8  # bytes of a number


def native(array: NDArray[Any]) -> NDArray[Any]:
    """The numbers in this machine's byte order, and no wider than frameworks have them."""
    if array.dtype.kind == "f" and array.dtype.itemsize > _WIDEST:
        return array.astype(np.float64)
    return array.astype(array.dtype.newbyteorder("="), copy=False)
