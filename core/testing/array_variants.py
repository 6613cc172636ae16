"""Names and variations of arrays, for tests that compare networks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.nested import leaf_paths, named_leaves
from prunekit.core.graph.outputs import is_named


def varied(state: Mapping[str, NDArray[Any]], seed: int) -> dict[str, NDArray[Any]]:
    """Random values for arrays of one value throughout, around that value; zeros become positive."""
    rng, changed = np.random.default_rng(seed), dict[str, NDArray[Any]]()
    for name, array in state.items():
        if np.issubdtype(array.dtype, np.floating) and array.size > 1 and array.min() == array.max():
            value = float(array.flat[0]) or 1.0
            changed[name] = (value * rng.uniform(0.5, 1.5, array.shape)).astype(array.dtype)
    return changed


def named(outputs: Any, name: str = "the output", asked: Collection[str] = ()) -> Iterator[tuple[str, NDArray[Any]]]:
    """Every array in a nested output, with the way that leads to it; only those asked for, if any are."""
    for (place, leaf), (path, _) in zip(named_leaves(outputs, name), leaf_paths(outputs), strict=True):
        if isinstance(leaf, np.ndarray) and (not asked or is_named(asked, path)):
            yield place, leaf
