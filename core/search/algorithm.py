"""The interface of every search algorithm: ask for a trial, tell its result."""

from __future__ import annotations

import abc
from typing import ClassVar

import numpy as np

from prunekit.core.search.settings import SearchSettings
from prunekit.core.search.space import Counts, SearchSpace
from prunekit.core.search.trial import Feedback, Trial


class SearchAlgorithm(abc.ABC):
    """Base of the search algorithms.

    A subclass says in `propose` what to try and in `learn` what it makes of a result; its own parameters are
    keyword-only in its constructor. Its only randomness is the generator that it is given, so that a search can be
    replayed from its results: trial i draws from ``SeedSequence([seed, i])``.

    Several trials may be asked before the first of them is told: with a lag of L, trial i is asked when exactly the
    results of trials 0 to i - L have been told.

    Attributes:
        version: Raised by one when the same results lead to other trials than before: a search that was begun by
            another version is not gone on with, and its journal says so.
        space: What may be chosen.
        settings: The parameters that all algorithms share.
        episodes: How many trials it asks.
    """

    version: ClassVar[int] = 1

    def __init__(self, space: SearchSpace, settings: SearchSettings) -> None:
        self.space = space
        self.settings = settings
        self.episodes = settings.train_episode
        self._asked = 0

    @property
    def done(self) -> bool:
        """Whether all trials were asked."""
        return self._asked >= self.episodes

    def ask(self) -> Trial:
        """Return the next trial. It counts as asked even where this raises."""
        number = self._asked
        self._asked += 1
        return self.space.trial(number, self.propose(number, self._generator(number, 0)))

    def needs_told(self, number: int) -> bool:
        """Whether asking trial ``number`` looks at what was told; True unless a subclass says otherwise.

        Where it is False, `propose` must come to the same whatever was told before. Such trials, an algorithm's warm-up
        or all trials of one that does not learn, are evaluated side by side without waiting for each other's results.
        """
        return True

    def tell(self, trial: Trial, feedback: Feedback | None) -> None:
        """Take what became of a trial, in the order of asking; only evaluated trials are learnt from."""
        if feedback is not None:
            self.learn(trial, feedback, self._generator(trial.id, 1))

    @abc.abstractmethod
    def propose(self, number: int, generator: np.random.Generator) -> Counts:
        """Return the units to keep in each group for trial ``number``."""

    def learn(self, trial: Trial, feedback: Feedback, generator: np.random.Generator) -> None:  # noqa: B027
        """Learn from an evaluated trial; nothing to learn by default."""

    def _generator(self, number: int, purpose: int) -> np.random.Generator:
        # A spawn key, because SeedSequence([seed]) and SeedSequence([seed, 0]) are the same.
        return np.random.default_rng(np.random.SeedSequence([self.settings.seed, number], spawn_key=(purpose,)))
