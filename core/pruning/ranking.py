"""The order in which the units of a group are removed, and the estimated damage of each removal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Ranking:
    """A nested order of removal: it answers every ratio.

    Attributes:
        order: Units of the group, the first to go first.
        error: ``error[k]`` is the estimated damage after the first k went; ``error[0] == 0``, never falling.
    """

    order: NDArray[np.int64]
    error: NDArray[np.float64]

    @classmethod
    def of_scores(cls, scores: NDArray[np.floating]) -> Ranking:
        """Rank by independent scores: the smallest goes first, ties in the order of the units."""
        order = np.argsort(scores, kind="stable")
        return cls(order, np.concatenate([[0.0], np.cumsum(scores[order], dtype=np.float64)]))
