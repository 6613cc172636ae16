"""Runs a search to its end, with every step in the journal."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from prunekit.core.search.algorithm import SearchAlgorithm
from prunekit.core.search.begun_by import begun_by
from prunekit.core.search.executor import Executor
from prunekit.core.search.journal import Journal
from prunekit.core.search.lagged import LaggedSearch
from prunekit.core.search.objective import Objective
from prunekit.core.search.trial import Feedback, Record, Result, Trial

_EQUAL = 1e-9  # another machine's logarithm may differ in the last bit


def run_search(
    algorithm: SearchAlgorithm,
    objective: Objective,
    executor: Executor,
    journal: Journal,
    on_trial: Callable[[Record], bool | None] | None = None,
) -> list[Record]:
    """Run ``algorithm`` to its end and return the record of every trial, in the order of asking.

    Trials are asked with the lag of the algorithm's settings; see `LaggedSearch`. What ``journal`` already holds is
    told again instead of evaluated, once its reward was found to follow from what was counted and measured; an ask
    without its tell is evaluated. A network that was evaluated before, or is being evaluated, keeps its result. A trial
    that raises is recorded as failed and the search goes on; so is one that is lost twice with its worker.
    KeyboardInterrupt, broken data, which would fail every trial, and what the journal and the executor raise end it;
    what has no result then is evaluated when the search is resumed.

    Args:
        algorithm: Freshly made; the same seed and space as when the journal was begun.
        objective: What a trial is worth.
        executor: Evaluates trials, leaving ``reward`` to the objective. Its owner closes it, which discards what is
            being evaluated when the search ends early.
        journal: An open journal.
        on_trial: Called when a trial has been told, in the order of asking, replayed ones too; True ends the search
            there. It does not where the journal shows that the search had gone on: all that was computed is told.

    Raises:
        JournalError: The journal belongs to another search, or was edited; the message names the trial.
        DataError: The data is broken, or does not fit the network.
    """
    journal.begin(begun_by(type(algorithm), algorithm.settings.lag, objective.metric))
    search, records = LaggedSearch(algorithm, executor, journal, _Judge(algorithm, objective)), list[Record]()
    for record in search.told():
        records.append(record)
        if on_trial is not None and on_trial(record) and not search.went_on_after(record.id):
            break
    return records


class _Judge:
    """What the objective and the settings say of a trial and its result."""

    def __init__(self, algorithm: SearchAlgorithm, objective: Objective) -> None:
        self._algorithm, self._objective = algorithm, objective

    @property
    def measured_costs(self) -> tuple[str, ...]:
        return self._objective.measured_costs

    def too_small(self, trial: Trial) -> str:
        cost, least = self._algorithm.space.cost, self._algorithm.settings.lbound_preserve_ratio
        share = trial.shares[cost]
        return "" if share >= least else f"keeps {share:.4g} of its {cost}, less than lbound_preserve_ratio {least:g}"

    def rewarded(self, trial: Trial, result: Result) -> Result:
        return self._objective.judged(trial, result)

    def feedback(self, result: Result) -> Feedback | None:
        return self._objective.feedback(result)

    def disagreement(self, trial: Trial | None, told: Result) -> str:
        """What a recorded result says that cannot be, given the trial and what was counted and measured."""
        if told.status != "ok" and told.reward is not None:
            return f"is {told.status} and has a reward"
        if trial is None:
            return "" if told.status == "failed" else f"was not asked and is {told.status}"
        if (told.status == "skipped") != bool(self.too_small(trial)):
            return f"is {told.status}, which its costs contradict"
        return _other_reward(self._objective, trial, told) if told.status == "ok" else ""


def _other_reward(objective: Objective, trial: Trial, told: Result) -> str:
    """How a recorded reward differs from the one that follows from the recorded metric and costs; else nothing."""
    try:
        again = objective.judged(trial, replace(told, reward=None, reward_error=0.0))
    except Exception as problem:
        return f"has a reward, but there is none for its metric and costs ({type(problem).__name__}: {problem})"
    if again.reward is None or told.reward is None:
        return f"has the reward {told.reward}, but its metric and costs give {again.reward}"
    for name, one, other in (
        ("reward", told.reward, again.reward), ("reward_error", told.reward_error, again.reward_error)
    ):  # fmt: skip
        if not math.isclose(one, other, rel_tol=_EQUAL, abs_tol=_EQUAL):
            return f"has the {name} {one:.6g}, but its metric and costs give {other:.6g}"
    return ""
