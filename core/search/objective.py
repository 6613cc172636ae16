"""What a search aims at: turns what was measured and priced of a trial into a reward, and orders the trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from prunekit.core.metric import Measured
from prunekit.core.search.errors import TargetError
from prunekit.core.search.reward import Reading, Reward, Target
from prunekit.core.search.trial import Feedback, Record, Result, Trial

_AT_ORIGINAL = 0.9
"""How near the original's value comes to no error: the tenth that is left lets costs weigh at every value."""
_SAME = 1.01  # costs that differ by less count as equal: counts are whole, so a budget is met more or less closely


class Objective:
    """Metric, costs and target of a search.

    A reward sees how wrong a network is. Of a metric that is a rate (accuracy) that is ``err = 1 - value``; of any
    other ``err = max(0, 1 - 0.9 * value / value of the original)``, so that a cost weighs alike at an mAP of 0.37 and
    at an accuracy of 0.93.

    Args:
        metric: The metric's name, for messages.
        reward: What a trial is worth.
        original: What the metric said of the original network on the held-out images.
        is_rate: Whether ``1 - value`` is a rate of errors.
        amounts: For each measured cost what the original network takes, in the estimator's unit.

    Raises:
        TargetError: The original's value leaves nothing to compare with.
    """

    def __init__(
        self,
        metric: str,
        reward: Reward,
        original: Measured,
        *,
        is_rate: bool = False,
        amounts: Mapping[str, float] | None = None,
    ) -> None:
        self.metric, self.reward, self._is_rate = metric, reward, is_rate
        self._original, self._amounts = original.value, dict(amounts or {})
        if not is_rate and not self._original > 0:
            raise TargetError(
                f"the original network's {metric} is {self._original:g} on the held-out images: no pruned network could"
                " be compared with it. Give trained weights that fit the dataset, or another metric (objective_keys)"
            )

    @property
    def target(self) -> Target | None:
        """What the reward aims at."""
        return getattr(self.reward, "target", None)

    @property
    def measured_costs(self) -> tuple[str, ...]:
        """The costs of the reward that are measured."""
        return tuple(self._amounts)

    def err(self, value: float) -> float:
        """How wrong a network with this value of the metric is."""
        return 1.0 - value if self._is_rate else max(0.0, 1.0 - _AT_ORIGINAL * value / self._original)

    def worth(self, value: float, costs: Mapping[str, Reading]) -> float:
        """The reward of a network with this value of the metric."""
        return float(self.reward(self.err(value), costs))

    def readings(self, trial: Trial, result: Result) -> dict[str, Reading]:
        """The costs of a trial as the reward sees them.

        Raises:
            TargetError: The reward looks at one that was not measured.
        """
        return {name: self._reading(name, trial, result) for name in self.reward.costs}

    def judged(self, trial: Trial, result: Result) -> Result:
        """Add the reward and its error; a result without a finite value, loss or reward has failed."""
        if result.status != "ok":
            return result
        found = result.metric
        if found is None or not found.samples:
            return replace(result, status="failed", metric=None, message="nothing was evaluated: no held-out images")
        if not math.isfinite(found.value):
            return self._failed(result, f"the {self.metric} is {found.value}")
        try:
            costs = self.readings(trial, result)
        except TargetError as problem:
            return self._failed(result, str(problem))
        reward = self.worth(found.value, costs)
        for name, value in (("loss", found.loss), ("reward", reward)):
            if value is not None and not math.isfinite(value):
                return self._failed(result, f"the {name} is {value}")
        unlucky = self.worth(found.value - (found.error or 0.0), costs)
        return replace(result, reward=reward, reward_error=reward - unlucky)

    def feedback(self, result: Result) -> Feedback | None:
        """What an algorithm is told of an evaluated trial; None of any other."""
        if result.status != "ok" or result.reward is None or result.metric is None:
            return None
        loss = result.metric.loss
        return Feedback(result.reward, result.metric.value if loss is None else -loss)

    def meets_target(self, trial: Trial, result: Result) -> bool:
        """Whether an evaluated trial is as cheap as it has to be, as far as the measurement can tell."""
        target = self.target
        return target is None or target.met(self._reading(target.cost, trial, result))

    def best(self, records: Sequence[Record], k: int) -> list[Record]:
        """Return the k best different networks by reward among those evaluated within the budget.

        A metric on a few hundred images is a matter of chance in its last percents, and the greatest of many is chosen
        for its luck. So of the trials that are not dearer than the best and whose rewards lie within one standard error
        of its reward, the one with the lowest loss comes first: measured on MobileNetV2 (70 % of the MACs, 250 images),
        of two trials with 74.4 % the one with loss 1.07 had 65.2 % on other images, the one with 1.13 had 60.8 %.

        Those that miss the target are left out if any trial meets it; a reward that weighs the metric against a cost
        could otherwise hand on a network that is not as fast as was asked. Where none meets it, the best by reward are
        the nearest there are.
        """
        best: dict[tuple[int, ...], Record] = {}
        for record in sorted(records, key=_rank):
            if record.result.status == "ok" and record.trial is not None and record.trial.within_budget:
                best.setdefault(record.trial.counts, record)
        rest = [each for each in best.values() if self._met(each)] or list(best.values())
        chosen: list[Record] = []
        while rest and len(chosen) < k:
            chosen.append(min((record for record in rest if self._as_good(record, rest[0])), key=_by_loss))
            rest.remove(chosen[-1])
        return chosen

    def _met(self, record: Record) -> bool:
        return record.trial is not None and self.meets_target(record.trial, record.result)

    def _as_good(self, record: Record, best: Record) -> bool:
        """Whether only chance may set a trial apart from the best: costs, which are known exactly, may not."""
        least = (best.result.reward or 0.0) - best.result.reward_error
        close = record is best or (record.result.reward is not None and record.result.reward >= least)
        most = self._costs(best)
        return close and all(cost <= _SAME * most.get(name, cost) for name, cost in self._costs(record).items())

    def _costs(self, record: Record) -> dict[str, float]:
        found = dict(record.trial.shares) if record.trial is not None else {}
        measured = record.result.measured
        return found | {name: measured[f"{name}_share"] for name in self._amounts if f"{name}_share" in measured}

    def _reading(self, name: str, trial: Trial, result: Result) -> Reading:
        if name in trial.shares:
            return Reading(trial.shares[name])
        share = result.measured.get(f"{name}_share")
        if share is None or name not in self._amounts:
            raise TargetError(f"the reward looks at {name}, and none was measured")
        return Reading(share, share * self._amounts[name], result.measured.get(f"{name}_share_error", 0.0))

    def _failed(self, result: Result, message: str) -> Result:
        return replace(result, status="failed", metric=None, message=message)


def _by_loss(record: Record) -> float:
    found = record.result.metric
    return math.inf if found is None or found.loss is None else found.loss


def _rank(record: Record) -> tuple[float, float, int]:
    reward = record.result.reward
    return (math.inf if reward is None else -reward, _by_loss(record), record.id)
