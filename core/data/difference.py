"""How far two arrays are apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def relative_difference(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """The largest difference of two arrays, relative to the largest finite value of ``wanted``.

    Where all of ``wanted`` is zero it is absolute. It is infinite where the shapes differ, where whole numbers or truth
    values do, or where what is not finite in ``wanted`` is something else in ``found``; not a number where ``found`` is
    not and ``wanted`` is finite.
    """
    if found.shape != wanted.shape:
        return float("inf")
    if np.iscomplexobj(wanted):
        return relative_difference(_parts(found), _parts(wanted))
    if not np.issubdtype(wanted.dtype, np.floating):
        return 0.0 if np.array_equal(found, wanted) else float("inf")
    with np.errstate(invalid="ignore", over="ignore"):
        largest, error = _largest(wanted), _largest(np.subtract(found, wanted, dtype=np.float64))
    if np.isfinite(largest) and np.isfinite(error):  # as a rule; the rest takes its time
        return error / largest if largest else error
    finite = np.isfinite(wanted)
    if not np.array_equal(found[~finite], wanted[~finite], equal_nan=True):
        return float("inf")
    largest = float(np.abs(wanted[finite]).max(initial=0.0))
    error = float(np.abs(found[finite].astype(np.float64) - wanted[finite]).max(initial=0.0))
    return error / largest if largest else error


def _largest(array: NDArray[Any]) -> float:
    """The largest size of a value; not a number where one is not."""
    return max(float(array.max()), -float(array.min())) if array.size else 0.0


def _parts(array: NDArray[Any]) -> NDArray[Any]:
    """Real and imaginary parts."""
    return np.stack([array.real, array.imag])
