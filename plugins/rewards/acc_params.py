"""High accuracy at few parameters."""

from __future__ import annotations

from prunekit.core.search.reward import Reward
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.REWARD, name="acc_params")
class AccParams(Reward):
    """The reward of the error and the share of parameters kept; the formula is `Reward`'s."""

    cost = "params"
