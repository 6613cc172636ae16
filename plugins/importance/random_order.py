"""Ranks units at random: the baseline that every criterion has to beat."""

from __future__ import annotations

import numpy as np

from prunekit.core.pruning import Ranking
from prunekit.core.pruning.importance import ImportanceInputs
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.IMPORTANCE)
class Random:
    """A seeded permutation of each group."""

    def rank(self, inputs: ImportanceInputs) -> dict[int, Ranking]:
        """The same permutation for the same seed and group."""
        rankings = {}
        for group in inputs.graph.groups:
            rng = np.random.default_rng(np.random.SeedSequence([inputs.seed, group.id]))
            rankings[group.id] = Ranking(rng.permutation(group.size), np.arange(group.size + 1) / group.size)
        return rankings
