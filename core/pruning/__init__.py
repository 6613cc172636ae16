"""Pruning: plans, rankings of units, compensation."""

from prunekit.core.pruning.moments import Moments
from prunekit.core.pruning.plan import PlanError, PrunePlan, magnitude_scores
from prunekit.core.pruning.ranking import Ranking

__all__ = ["Moments", "PlanError", "PrunePlan", "Ranking", "magnitude_scores"]
