"""High accuracy at few MACs."""

from __future__ import annotations

from prunekit.core.search.reward import Reward
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.REWARD, name="acc_flops")
class AccFlops(Reward):
    """The reward of the error and the share of MACs kept; the formula is `Reward`'s."""

    cost = "flops"
