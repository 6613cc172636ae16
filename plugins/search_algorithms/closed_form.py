"""The smallest elimination error per cost saved goes first."""

from __future__ import annotations

import numpy as np

from prunekit.core.search import Counts, SearchAlgorithm, SearchSettings, SearchSpace, closed_form_counts
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.SEARCH_ALGORITHM, name="closed_form")
class ClosedForm(SearchAlgorithm):
    """One trial: the allocation of `closed_form_counts`, which needs no evaluation.

    Raises:
        BudgetError: There is no budget.
    """

    def __init__(self, space: SearchSpace, settings: SearchSettings) -> None:
        super().__init__(space, settings)
        self.episodes = 1
        self._counts = closed_form_counts(space)

    def needs_told(self, number: int) -> bool:
        """It learns nothing."""
        return False

    def propose(self, number: int, generator: np.random.Generator) -> Counts:
        """Return the one allocation."""
        return self._counts
