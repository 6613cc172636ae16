"""High accuracy, or another metric, near a target latency."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

from pydantic import PositiveFloat

from prunekit.core.search import Reading, Target
from prunekit.plugins.rewards.amc_formula import Gamma, Scale
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.REWARD, name="acc_abs_latency")
class AccAbsLatency:
    """``-scale * (err + gamma * |log(latency / target)|)``.

    The two-sided soft constraint of MnasNet (Tan et al., CVPR 2019: ``accuracy * (latency / target)^w``, w = -0.07),
    with the logarithm in the sum rather than the power in the product, so that it neither vanishes with the accuracy
    nor changes sign at the target: nearness counts as much for a poor network, with which every search begins. gamma
    takes the place of -w; with 1 a tenth off the target costs about as much as ten points of accuracy, so the target
    comes first and accuracy decides among the networks near it.

    Args:
        target_latency: Milliseconds aimed at.
        scale: Factor of the reward.
        gamma: How much of the reward is nearness.
    """

    costs: ClassVar[tuple[str, ...]] = ("latency",)

    def __init__(self, *, target_latency: PositiveFloat, scale: Scale = 1.0, gamma: Gamma = 1.0) -> None:
        self.scale, self.gamma = scale, gamma
        self.target = Target("latency", target_latency, two_sided=True, parameter="target_latency")

    def __call__(self, err: float, costs: Mapping[str, Reading]) -> float:
        """Return the reward of a network that is so wrong and takes so long."""
        latency = costs["latency"].amount
        assert latency is not None  # it is measured
        return -self.scale * (err + self.gamma * abs(math.log(latency / self.target.value)))
