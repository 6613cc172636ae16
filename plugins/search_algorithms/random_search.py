"""Random ratios: what an algorithm that learns must beat at the same number of evaluations."""

from __future__ import annotations

import numpy as np

from prunekit.core.search import Counts, SearchAlgorithm, fitted_counts
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.SEARCH_ALGORITHM, name="random")
class RandomSearch(SearchAlgorithm):
    """Each trial draws every group's ratio uniformly within its bounds, then `fitted_counts` uses the budget up.

    All groups are drawn before any is fitted: drawn one after the other within what the budget leaves, the last
    groups would always get least, and the baseline would be easy to beat.
    """

    def needs_told(self, number: int) -> bool:
        """It learns nothing."""
        return False

    def propose(self, number: int, generator: np.random.Generator) -> Counts:
        """Return a random allocation."""
        low, high = self.space.ratios(self.space.lowest), self.space.ratios(self.space.highest)
        return fitted_counts(self.space, generator.uniform(low, high))
