"""One ratio for every group."""

from __future__ import annotations

import numpy as np

from prunekit.core.search import Counts, SearchAlgorithm, SearchSettings, SearchSpace, uniform_counts
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.SEARCH_ALGORITHM, name="uniform")
class Uniform(SearchAlgorithm):
    """One trial: the largest ratio that, the same for every group within its bounds, meets the budget.

    Raises:
        BudgetError: There is no budget.
    """

    def __init__(self, space: SearchSpace, settings: SearchSettings) -> None:
        super().__init__(space, settings)
        self.episodes = 1
        self._counts = uniform_counts(space)

    def needs_told(self, number: int) -> bool:
        """It learns nothing."""
        return False

    def propose(self, number: int, generator: np.random.Generator) -> Counts:
        """Return the one allocation."""
        return self._counts
