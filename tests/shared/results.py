"""Results of trials as an accuracy gives them, and objectives, for tests."""

from __future__ import annotations

import math
from typing import Any

from prunekit.core.metric import Measured
from prunekit.core.search import Objective, Result
from prunekit.plugins.rewards.acc_flops import AccFlops


def accuracy(correct: float, total: int, loss: float | None = None) -> Measured:
    """What `Accuracy` finds."""
    value = correct / total if total else math.nan
    error = math.sqrt(value * (1 - value) / total) if total and 0 <= value <= 1 else None
    return Measured(value, error, loss, {"correct": correct, "total": total}, total)


def counted(correct: float, total: int, loss: float | None = None, reward: float | None = None, **more: Any) -> Result:
    """The result of an evaluated trial."""
    return Result("ok", accuracy(correct, total, loss), reward, **more)


def objective(reward: Any = None, **amounts: float) -> Objective:
    """That of an accuracy; ``amounts`` are those of measured costs."""
    return Objective("accuracy", reward or AccFlops(), accuracy(9, 10), is_rate=True, amounts=amounts)
