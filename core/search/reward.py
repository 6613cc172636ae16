"""What a trial is worth."""

from __future__ import annotations

import math
from typing import ClassVar, cast

from prunekit.registry import Register, RegisterType


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


def reward_class(name: str) -> type[Reward]:
    """Return the registered reward ``name``."""
    return cast("type[Reward]", Register.get(RegisterType.REWARD, name))
