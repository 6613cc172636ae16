"""High accuracy, or another metric, at few parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from prunekit.core.search import Reading
from prunekit.plugins.rewards.amc_formula import Gamma, Scale, amc_reward
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.REWARD, name="acc_params")
class AccParams:
    """``-scale * err * (1 + log(1 + gamma * share))`` with the share of the parameters that is kept.

    Args:
        scale: Factor of the reward.
        gamma: How much of the reward is cheapness.
    """

    costs: ClassVar[tuple[str, ...]] = ("params",)

    def __init__(self, *, scale: Scale = 1.0, gamma: Gamma = 1.0) -> None:
        self.scale, self.gamma = scale, gamma

    def __call__(self, err: float, costs: Mapping[str, Reading]) -> float:
        """Return the reward of a network that is so wrong and keeps this share of the parameters."""
        return amc_reward(err, costs["params"].share, self.scale, self.gamma)
