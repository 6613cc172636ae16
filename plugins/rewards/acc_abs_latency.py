"""High accuracy near a target latency."""

from __future__ import annotations

import math

from prunekit.core.search.reward import LatencyReward
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.REWARD, name="acc_abs_latency")
class AccAbsLatency(LatencyReward):
    """``-scale * (err + gamma * |log(share / target)|)`` with err = 1 - accuracy.

    The two-sided soft constraint of MnasNet (Tan et al., CVPR 2019: ``accuracy * (latency / target)^w``, w = -0.07),
    with the logarithm in the sum rather than the power in the product, so that it neither vanishes with the accuracy
    nor changes sign at the target: nearness counts as much for a poor network, with which every search begins. gamma
    takes the place of -w; with 1 a tenth off the target costs about as much as ten points of accuracy, so the target
    comes first and accuracy decides among the networks near it.
    """

    cost = "flops"
    two_sided = True

    def __call__(self, accuracy: float, share: float) -> float:
        """Return the reward of a network with this accuracy and this share of the original's latency."""
        if self.target is None:
            raise ValueError("acc_abs_latency needs a target")
        return -self.scale * (1.0 - accuracy + self.gamma * abs(math.log(share / self.target)))
