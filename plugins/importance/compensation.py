"""Ranks units by the error that is left when the others make up for them."""

from __future__ import annotations

from typing import ClassVar

from prunekit.core.pruning import Ranking, compensation
from prunekit.core.pruning.importance import ImportanceInputs
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.IMPORTANCE)
class Compensation:
    """Greedy elimination with closed-form compensation; see ``core.pruning.compensation``."""

    needs: ClassVar[frozenset[str]] = frozenset({"observe"})  # the moments

    def rank(self, inputs: ImportanceInputs) -> dict[int, Ranking]:
        """Order and relative output error of each step."""
        return compensation.rank(inputs.graph, inputs.moments, inputs.state)
