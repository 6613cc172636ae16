"""What makes up for the norm, or another size of its own, that a weight is divided by, when something goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.weight_forms import NormedWeight

Read = Callable[[str], NDArray[Any]]
"""The values of a parameter or buffer by name."""


def made_up(normed: NormedWeight, after: Read, before: Read, kept: Mapping[int, NDArray[np.int64]]) -> Any:
    """By what to multiply what is left of the gain, for what stays of the weight to be applied as it was.

    Args:
        normed: How the weight is divided.
        after: Reads what became of parameters and buffers.
        before: Reads them as they were.
        kept: For each axis of the weight that loses something the positions that stay.
    """
    if normed.vector:
        new, old = _between_vectors(normed, after), _between_vectors(normed, before)
        return old / new if new else 1.0
    lengths, whole = _norms(normed, after(normed.weight)), _norms(normed, before(normed.weight))
    if normed.axis is not None and normed.axis in kept:
        whole = whole[kept[normed.axis]]
    ratio = np.divide(lengths, whole, out=np.ones_like(lengths), where=whole > 0)  # a filter of zeros stays one
    return ratio.reshape(after(normed.gain).shape)


def _norms(normed: NormedWeight, weight: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(_rows(normed, weight), normed.order, axis=1))


def _between_vectors(normed: NormedWeight, read: Read) -> float:
    left, right = (read(name).astype(np.float64) for name in (normed.gain, normed.vector))
    return float(left @ _rows(normed, read(normed.weight)) @ right)


def _rows(normed: NormedWeight, weight: NDArray[Any]) -> NDArray[np.float64]:
    """The weight as a matrix."""
    values = weight.astype(np.float64)
    values = values[None] if normed.axis is None else np.moveaxis(values, normed.axis, 0)
    return values.reshape(len(values), -1)
