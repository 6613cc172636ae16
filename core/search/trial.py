"""A trial, its result, and the record of both."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from prunekit.core.pruning import PrunePlan

Status = Literal["ok", "skipped", "failed"]


@dataclass(frozen=True)
class Trial:
    """A pruned network that an algorithm asks about.

    Attributes:
        id: Its number; trials are numbered in the order of asking, from 0.
        counts: Units kept in each group of the graph.
        ratios: The same as shares of each group's units.
        shares: Kept / all for the reward's cost and each cost of the budget.
        within_budget: Whether it meets every condition of the budget.
        plan: Which units stay.
    """

    id: int
    counts: tuple[int, ...]
    ratios: tuple[float, ...]
    shares: Mapping[str, float]
    within_budget: bool
    plan: PrunePlan

    def to_json(self) -> dict[str, Any]:
        """The trial as plain JSON values; `from_json` gives it back exactly."""
        return {**self._figures(), "plan": self.plan.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Trial:
        """The trial that `to_json` wrote."""
        return cls(
            int(data["id"]),
            tuple(data["counts"]),
            tuple(data["ratios"]),
            dict(data["shares"]),
            bool(data["within_budget"]),
            PrunePlan.from_json(data["plan"]),
        )

    def summary(self) -> dict[str, Any]:
        """As `to_json`, with a digest in place of the plan: what the journal compares when it is replayed."""
        chosen = {key: value for key, value in self.plan.to_json().items() if key != "layers"}  # those are for people
        text = json.dumps(chosen, sort_keys=True)
        return {**self._figures(), "plan": hashlib.sha256(text.encode()).hexdigest()[:16]}

    def _figures(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "counts": list(self.counts),
            "ratios": list(self.ratios),
            "shares": dict(self.shares),
            "within_budget": self.within_budget,
        }


@dataclass(frozen=True)
class Result:
    """What became of a trial.

    Attributes:
        status: ``ok``; ``skipped`` when it was not worth an evaluation; ``failed`` when it could not be evaluated.
        correct: Correct answers on the held-out images.
        total: Number of those images.
        loss: Mean loss on them.
        reward: What the algorithm learns from; the loop fills it in.
        message: Why it was skipped or failed.
        reward_error: How much less the reward would be if the accuracy were one standard error lower.
        measured: Measured seconds and the like; they differ from run to run, so nothing may depend on them but a
            reward that looks at latency, which is recorded with the result and never computed again.
    """

    status: Status
    correct: int = 0
    total: int = 0
    loss: float | None = None
    reward: float | None = None
    message: str = ""
    reward_error: float = 0.0
    measured: Mapping[str, float] = field(default_factory=dict, compare=False)

    @property
    def accuracy(self) -> float:
        """Share of correct answers; NaN where nothing was evaluated."""
        return self.correct / self.total if self.total else math.nan

    @property
    def accuracy_error(self) -> float:
        """Standard error of the accuracy: so many images tell no finer differences apart."""
        return math.sqrt(self.accuracy * (1 - self.accuracy) / self.total)

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON values without what was measured; `from_json` gives it back exactly."""
        names = ("status", "correct", "total", "loss", "reward", "message", "reward_error")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], measured: Mapping[str, float] | None = None) -> Result:
        """The result that `to_json` wrote."""
        return cls(**data, measured=dict(measured or {}))


@dataclass(frozen=True)
class Record:
    """One trial of a search and what became of it.

    Attributes:
        id: The trial's number.
        trial: The trial; None where the algorithm failed to ask one.
        result: Its result.
        replayed: Whether it was read from the journal rather than evaluated now.
    """

    id: int
    trial: Trial | None
    result: Result
    replayed: bool = field(default=False, compare=False)
