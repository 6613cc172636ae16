"""Weights with which nothing can be computed: NaN, infinities, variances below 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.backend import Backend, Network
from prunekit.core.weights.errors import WeightsError
from prunekit.core.weights.name_matching import some

_LEAST_RANGE = float(np.finfo(np.float16).max)


def refuse_unsound(
    backend: Backend, network: Network, source: str = "", given: Mapping[str, NDArray[Any]] | None = None
) -> None:
    """Refuse a network whose weights nothing can be computed with; see `Backend.unsound_weights` for which these are.

    Args:
        backend: The network's.
        network: The network.
        source: What the message begins with: where the weights are from; the network's class if not given.
        given: The arrays that the weights were made of, by name: what was finite there did not fit its dtype here.

    Raises:
        WeightsError: There are such weights; they are named.
    """
    found = backend.unsound_weights(network)
    if not found:
        return
    given = given or {}
    told = [f"{name} ({_too_large(given.get(name)) or what})" for name, what in found.items()]
    tensors = "1 tensor" if len(told) == 1 else f"{len(told)} tensors"
    raise WeightsError(
        f"{source or type(network).__name__}: nothing can be computed with {tensors}: {some(told)};"
        f" {'take other weights, such as those of an earlier epoch' if source else 'mend these weights'}"
    )


def _too_large(array: NDArray[Any] | None) -> str:
    """That a value of a file is too large for the network's dtype, where that is what made it infinite."""
    if array is None or not array.size or not np.isfinite(array).all():
        return ""
    largest = float(np.abs(array.astype(np.float64)).max())
    return f"{largest:.3g} is too large for the network's dtype" if largest > _LEAST_RANGE else ""
