"""High accuracy, or another metric, at low latency."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

from pydantic import PositiveFloat

from prunekit.core.search import Reading, Target
from prunekit.plugins.rewards.amc_formula import Gamma, Scale, amc_reward
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.REWARD, name="acc_latency")
class AccLatency:
    """The same as ``acc_flops`` with the share of the latency, minus a penalty for what is slower than the target.

    The penalty is ``scale * gamma * log(latency / target)``, and nothing below the target: in a ratio, because
    latencies differ by factors; one-sided, because being faster than asked for is no fault and is rewarded by the
    formula as it is. A tenth above the target costs about as much as ten points of accuracy (gamma 1), so the search
    settles below it unless accuracy breaks down there. Without a target the reward is that of ``acc_flops``, of another
    cost.

    Args:
        scale: Factor of the reward.
        gamma: How much of the reward is speed.
        target_latency: Milliseconds that a network should not exceed; None sets no limit.
    """

    costs: ClassVar[tuple[str, ...]] = ("latency",)

    def __init__(self, *, scale: Scale = 1.0, gamma: Gamma = 1.0, target_latency: PositiveFloat | None = None) -> None:
        self.scale, self.gamma = scale, gamma
        self.target = None
        if target_latency is not None:
            self.target = Target("latency", target_latency, parameter="target_latency")

    def __call__(self, err: float, costs: Mapping[str, Reading]) -> float:
        """Return the reward of a network that is so wrong and takes so long."""
        latency, late = costs["latency"], 0.0
        if self.target is not None and latency.amount is not None:
            late = max(0.0, math.log(latency.amount / self.target.value))
        return amc_reward(err, latency.share, self.scale, self.gamma) - self.scale * self.gamma * late
