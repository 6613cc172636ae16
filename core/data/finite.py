"""Numbers that nothing can be computed with: NaN and infinities in what networks are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from prunekit.core.data.contract import Batch, DataError
from prunekit.core.data.nested import named_leaves

NAN, INFINITE = "NaN", "infinite values"
_NUMPY = (np.ndarray, np.generic, float)


def not_finite(batch: Batch, axes: int = 1) -> str | None:
    """What in a batch or a sample is not finite, as messages say it (``NaN in inputs['image']``); None where all is.

    Inputs may hold an additive mask, as attention takes it: an array of nothing but 0 and -inf.

    Args:
        batch: Inputs and target by the data contract, arrays or a framework's tensors.
        axes: How many axes a mask has at least: one in a sample, two in a batch.
    """
    inputs, target = batch
    for name, leaf in named_leaves(inputs, "inputs"):
        if (what := wrong_in(leaf)) and not (what == INFINITE and _is_mask(leaf, axes)):
            return f"{what} in {name}"
    for name, leaf in named_leaves(target, "target"):
        if what := wrong_in(leaf):
            return f"{what} in {name}"
    return None


def wrong_in(leaf: Any) -> str | None:
    """What an array of any framework holds that is not finite, ``NaN`` before ``infinite values``; None if nothing."""
    if isinstance(leaf, _NUMPY):
        array = np.asarray(leaf)
        if array.dtype.kind not in "fc" or np.isfinite(array).all():
            return None
        return NAN if np.isnan(array).any() else INFINITE
    if "float" not in str(getattr(leaf, "dtype", "")).lower():
        return None
    if bool((leaf * 0 == 0).all()):  # as every framework's tensors understand it
        return None
    return NAN if bool((leaf != leaf).any()) else INFINITE  # only NaN is not what it is


def _is_mask(leaf: Any, axes: int) -> bool:
    shape = getattr(leaf, "shape", ())
    return len(shape) >= axes and bool((leaf == 0).any()) and bool(((leaf == 0) | (leaf == -np.inf)).all())


def finite_batches(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The batches that someone else has made, each looked at before it is used.

    Raises:
        DataError: One is not finite; the message names batch and sample.
    """
    for number, batch in enumerate(batches):
        inputs = batch[0]
        if what := not_finite((inputs, None), axes=2):
            raise DataError(f"batch {number}{_sample(inputs)} of batches: {what}; mend the data, or leave it out")
        yield batch


def _sample(inputs: Any) -> str:
    """Which sample of a batch it is, where that can be told."""
    for _, leaf in named_leaves(inputs, "inputs"):
        if wrong_in(leaf) and (shape := getattr(leaf, "shape", None)):
            places = (place for place in range(shape[0]) if wrong_in(leaf[place]))
            return f", sample {next(places, 0)}"
    return ""
