"""Ranks units by the L1 norm of the filters that produce them."""

from __future__ import annotations

from prunekit.core.pruning import Ranking, magnitude_scores
from prunekit.core.pruning.importance import ImportanceInputs
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.IMPORTANCE)
class L1:
    """Li et al. 2017, "Pruning Filters for Efficient ConvNets"; a group's share of its own total norm is its error."""

    def rank(self, inputs: ImportanceInputs) -> dict[int, Ranking]:
        """Smallest norm first."""
        scores = magnitude_scores(inputs.graph)
        return {gid: Ranking.of_scores(values / max(values.sum(), 1e-30)) for gid, values in scores.items()}
