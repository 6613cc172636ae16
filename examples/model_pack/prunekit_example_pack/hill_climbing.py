"""A search algorithm without a model: vary the best network so far, keep what is better."""

from __future__ import annotations

import numpy as np
from pydantic import PositiveFloat, PositiveInt

from prunekit import Register, RegisterType
from prunekit.core.search import Counts, Feedback, SearchAlgorithm, SearchSettings, SearchSpace, Trial, fitted_counts


@Register.register(RegisterType.SEARCH_ALGORITHM, name="hill_climbing")
class HillClimbing(SearchAlgorithm):
    """A (1 + 1) evolution strategy on the preserve ratios, after a few that are drawn at random.

    Args:
        drawn: How many trials are drawn before the best of them is varied.
        step: Standard deviation of a ratio's change, as a share of its range.
    """

    version = 1  # raise it when the same results lead to other trials: begun searches are then refused on -r

    def __init__(
        self, space: SearchSpace, settings: SearchSettings, *, drawn: PositiveInt = 4, step: PositiveFloat = 0.15
    ) -> None:
        super().__init__(space, settings)
        self._drawn, self._step = drawn, step
        self._low, self._high = space.ratios(space.lowest), space.ratios(space.highest)
        self._best: tuple[float, Trial] | None = None

    def needs_told(self, number: int) -> bool:
        return number >= self._drawn  # what is drawn needs no result, and is evaluated side by side

    def propose(self, number: int, generator: np.random.Generator) -> Counts:
        wanted = generator.uniform(self._low, self._high)
        if number >= self._drawn and self._best is not None:
            change = generator.normal(0, self._step, len(wanted)) * (self._high - self._low)
            wanted = np.array(self._best[1].ratios) + change
        return fitted_counts(self.space, wanted)  # bounded, and moved until it just meets the budget

    def learn(self, trial: Trial, feedback: Feedback, generator: np.random.Generator) -> None:
        if self._best is None or feedback.reward > self._best[0]:
            self._best = feedback.reward, trial
