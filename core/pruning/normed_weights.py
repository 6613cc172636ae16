"""Norms of weights that get their length from another parameter, before and after something goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.weight_forms import NormedWeight


def relative_norms(
    normed: NormedWeight, after: NDArray[Any], before: NDArray[Any], kept: Mapping[int, NDArray[np.int64]]
) -> NDArray[np.float64]:
    """Each norm of a weight that stays, relative to what it was: one number, or one for each position of its axis.

    Args:
        normed: How the norms are taken.
        after: What became of the weight.
        before: The whole weight.
        kept: For each axis that loses something the positions that stay.
    """
    new, old = _norms(normed, after), _norms(normed, before)
    if normed.axis is not None and normed.axis in kept:
        old = old[kept[normed.axis]]
    return np.divide(new, old, out=np.ones_like(new), where=old > 0)  # a filter of zeros stays one


def _norms(normed: NormedWeight, weight: NDArray[Any]) -> NDArray[np.float64]:
    values = weight.astype(np.float64)
    rows = values.reshape(1, -1) if normed.axis is None else np.moveaxis(values, normed.axis, 0)
    return np.asarray(np.linalg.norm(rows.reshape(len(rows), -1), normed.order, axis=1))
