"""Exploration noise on a bounded action."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

_NORMAL = NormalDist()
_TINY = 1e-300  # the inverse is not defined at 0
_NEARLY_ONE = 1.0 - 2.0**-53


def truncated_normal(generator: np.random.Generator, mean: float, deviation: float) -> float:
    """Draw from a normal distribution around ``mean`` (in [0, 1]) cut off at 0 and 1, by the inverse of its CDF."""
    if deviation <= 0:
        return mean
    low, high = (_NORMAL.cdf((edge - mean) / deviation) for edge in (0.0, 1.0))
    quantile = low + (high - low) * float(generator.random())
    drawn = mean + deviation * _NORMAL.inv_cdf(min(max(quantile, _TINY), _NEARLY_ONE))
    return min(max(drawn, 0.0), 1.0)
