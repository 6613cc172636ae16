"""High accuracy at low latency."""

from __future__ import annotations

import math

from prunekit.core.search.reward import LatencyReward
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.REWARD, name="acc_latency")
class AccLatency(LatencyReward):
    """`Reward`'s formula with the share of the latency kept, minus a penalty for what is slower than the target.

    The penalty is ``scale * gamma * log(share / target)``, and nothing below the target: in a ratio, because latencies
    differ by factors; one-sided, because being faster than asked for is no fault and is rewarded by the formula as it
    is. A tenth above the target costs about as much as ten points of accuracy (gamma 1), so the search settles below it
    unless accuracy breaks down there. Without a target the reward is that of ``acc_flops``, of another cost.
    """

    cost = "flops"

    def __call__(self, accuracy: float, share: float) -> float:
        """Return the reward of a network with this accuracy and this share of the original's latency."""
        late = max(0.0, math.log(share / self.target)) if self.target is not None else 0.0
        return super().__call__(accuracy, share) - self.scale * self.gamma * late

    def meets(self, share: float, error: float) -> bool:
        """Whether it is not slower than the target, as far as the measurement can tell."""
        return self.target is None or share - error <= self.target
