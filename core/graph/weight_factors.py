"""By what each number of a parameter is multiplied to make the weight that is applied."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SAME = 1e-5
"""Factors that differ by no more, relative to the largest of a row, are one factor and rounding."""


def factors_of(parameter: NDArray[Any], applied: NDArray[Any], filters: NDArray[np.int64]) -> NDArray[np.float64]:
    """``applied / parameter``; where a parameter is zero that of its filter, if that has but one, else 0.

    Args:
        parameter: The parameter's values.
        applied: Those of the weight, laid out as they are.
        filters: The number of the filter that each value belongs to.
    """
    before, after = parameter.astype(np.float64), applied.astype(np.float64)
    known = before != 0
    found = np.divide(after, before, out=np.zeros_like(after), where=known)
    if not known.all():
        least, most = np.full((2, int(filters.max()) + 1), [[np.inf], [-np.inf]])
        np.minimum.at(least, filters[known], found[known])
        np.maximum.at(most, filters[known], found[known])
        one = np.isfinite(most) & (most - least <= SAME * np.abs(most))
        found = np.where(known, found, np.where(one, most, 0.0)[filters])
    return found


def holds_at_zero(factors: NDArray[np.float64], filters: NDArray[np.int64]) -> bool:
    """Whether some numbers of a filter are held at zero and others are not, as masks of single weights do."""
    held = np.bincount(filters.ravel(), (factors == 0).ravel())
    return bool(((held > 0) & (held < np.bincount(filters.ravel()))).any())
