"""Rewards: the base classes, and how a registered one is made."""

from __future__ import annotations

import math
from typing import ClassVar, cast

from prunekit.registry import Register, RegisterType, RegistryError

LATENCY = "latency"
"""The cost estimator that the latency rewards measure with; each backend registers its own."""


class Reward:
    """``-scale * err * (1 + log(1 + gamma * share))`` with err = 1 - accuracy and share = cost kept / all of the cost.

    It is AMC's ``-err * log(cost)`` (He et al., ECCV 2018) made independent of the cost's unit: of two networks with
    the same error the cheaper one has the greater reward, and gamma sets how much cheapness counts (0: not at all,
    the paper's ``-err``). A network without errors has reward 0, whatever it costs.

    Attributes:
        cost: The registered cost estimator that the reward looks at; a subclass says which.
    """

    cost: ClassVar[str]

    def __init__(self, *, scale: float = 1.0, gamma: float = 1.0) -> None:
        self.scale = scale
        self.gamma = gamma

    def __call__(self, accuracy: float, share: float) -> float:
        """Return the reward of a network with this accuracy that keeps this share of the cost; both in [0, 1]."""
        return -self.scale * (1.0 - accuracy) * (1.0 + math.log1p(self.gamma * share))


class LatencyReward(Reward):
    """Base of the rewards that look at measured latency: ``share`` is the latency as a share of the original's.

    ``cost`` stays a cost that is priced without measuring: it is what the agent sees of a network before it is built,
    and what ``lbound_preserve_ratio`` looks at.

    Args:
        scale: Factor of the reward.
        gamma: How much latency counts.
        target: The latency aimed at, as a share of the original's; None where the yml gives none.

    Attributes:
        two_sided: Whether the target is to be met from both sides, and so cannot be left out.
    """

    two_sided: ClassVar[bool] = False

    def __init__(self, *, scale: float = 1.0, gamma: float = 1.0, target: float | None = None) -> None:
        super().__init__(scale=scale, gamma=gamma)
        self.target = target

    def meets(self, share: float, error: float) -> bool:
        """Whether a network of this latency, known up to this error, is as fast as it has to be."""
        return True


def reward_class(name: str) -> type[Reward]:
    """Return the registered reward ``name``."""
    return cast("type[Reward]", Register.get(RegisterType.REWARD, name))


def make_reward(name: str, target: float | None = None, *, scale: float = 1.0, gamma: float = 1.0) -> Reward:
    """Make the registered reward ``name``; ``target`` goes to those that look at latency."""
    kind = reward_class(name)
    if issubclass(kind, LatencyReward):
        return kind(scale=scale, gamma=gamma, target=target)
    return kind(scale=scale, gamma=gamma)


def latency_rewards() -> str:
    """Return the names of the rewards that look at latency, for messages."""
    return " or ".join(entry.name for entry in Register.entries(RegisterType.REWARD) if _looks_at_latency(entry.name))


def no_latency(reward: str, backend: str) -> str | None:
    """Return why ``reward`` cannot be had on ``backend``: it measures latency, and nobody does there; else None."""
    if not issubclass(reward_class(reward), LatencyReward):
        return None
    try:
        Register.entry(RegisterType.COST_ESTIMATOR, LATENCY, backend)
    except RegistryError as problem:
        return f"reward_type {reward} measures latency, which cannot be done here ({problem}); choose another reward"
    return None


def _looks_at_latency(name: str) -> bool:
    try:
        return issubclass(reward_class(name), LatencyReward)
    except RegistryError:  # a broken pack's reward is nothing to recommend
        return False
