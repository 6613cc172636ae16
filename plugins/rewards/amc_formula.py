"""AMC's reward, made independent of a cost's unit; several rewards share it."""

from __future__ import annotations

import math
from typing import Annotated, TypeAlias

from pydantic import Field

Scale: TypeAlias = Annotated[float, Field(gt=0)]
Gamma: TypeAlias = Annotated[float, Field(ge=0)]


def amc_reward(err: float, share: float, scale: float, gamma: float) -> float:
    """``-scale * err * (1 + log(1 + gamma * share))`` with share = cost kept / all of the cost.

    It is AMC's ``-err * log(cost)`` (He et al., ECCV 2018) made independent of the cost's unit: of two networks with
    the same error the cheaper one has the greater reward, and gamma sets how much cheapness counts (0: not at all,
    the paper's ``-err``). A network without errors has reward 0, whatever it costs.
    """
    return -scale * err * (1.0 + math.log1p(gamma * share))
