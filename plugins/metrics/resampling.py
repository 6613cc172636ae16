"""Standard errors of figures that are no mean of samples, by the bootstrap (Efron 1979)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def resamples(samples: int, times: int) -> NDArray[np.int64]:
    """The numbers of the samples that each resample holds [times, samples], drawn with replacement.

    The same for the same numbers, so that two networks judged on the same samples are resampled alike.
    """
    return np.random.default_rng(0).integers(samples, size=(times, samples))


def standard_error(values: NDArray[Any]) -> float:
    """What resampled figures say of the error of the figure itself; resamples that have none (NaN) are left out."""
    known = values[np.isfinite(values)]
    return float(known.std(ddof=1)) if len(known) > 1 else float("inf")
