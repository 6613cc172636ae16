"""A trial, its result, and the record of both."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from prunekit.core.metric import Measured
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
class Feedback:
    """What an algorithm is told of an evaluated trial; of any other it is told None.

    Attributes:
        reward: What the trial is worth; higher is better.
        signal: A finer figure of how well its network does, whatever it costs; higher is better. Minus the loss on the
            held-out images, or the metric's value where it has no loss.
    """

    reward: float
    signal: float


@dataclass(frozen=True)
class Result:
    """What became of a trial.

    Attributes:
        status: ``ok``; ``skipped`` when it was not worth an evaluation; ``failed`` when it could not be evaluated.
        metric: What the metric found on the held-out images; None where nothing was evaluated.
        reward: What the trial is worth; the objective fills it in.
        message: Why it was skipped or failed.
        reward_error: How much less the reward would be if the metric's value were one standard error lower.
        measured: Measured seconds and costs; they differ from run to run, so nothing may depend on them but a
            reward that looks at a measured cost, which is recorded with the result and never computed again.
    """

    status: Status
    metric: Measured | None = None
    reward: float | None = None
    message: str = ""
    reward_error: float = 0.0
    measured: Mapping[str, float] = field(default_factory=dict, compare=False)

    @property
    def value(self) -> float:
        """The metric's value; NaN where nothing was evaluated."""
        return math.nan if self.metric is None else self.metric.value

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON values without what was measured; `from_json` gives it back exactly."""
        return {
            "status": self.status, "metric": None if self.metric is None else self.metric.to_json(),
            "reward": self.reward, "message": self.message, "reward_error": self.reward_error,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any], measured: Mapping[str, float] | None = None) -> Result:
        """The result that `to_json` wrote."""
        found = data["metric"]
        metric = None if found is None else Measured.from_json(found)
        return cls(**{**data, "metric": metric}, measured=dict(measured or {}))


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
