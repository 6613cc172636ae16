"""Runs a search, says what its results are worth, and chooses the best."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from prunekit.core.search.algorithm import SearchAlgorithm
from prunekit.core.search.begun_by import begun_by
from prunekit.core.search.executor import Executor
from prunekit.core.search.journal import Journal
from prunekit.core.search.lagged import LaggedSearch
from prunekit.core.search.reward import LATENCY
from prunekit.core.search.trial import Record, Result, Trial

_EQUAL = 1e-9  # another machine's logarithm may differ in the last bit
_SAME = 1.01  # costs that differ by less count as equal: counts are whole, so a budget is met more or less closely


def run_search(
    algorithm: SearchAlgorithm,
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
        executor: Evaluates trials, leaving ``reward`` to this function. Its owner closes it, which discards what is
            being evaluated when the search ends early.
        journal: An open journal.
        on_trial: Called when a trial has been told, in the order of asking, replayed ones too; True ends the search
            there. It does not where the journal shows that the search had gone on: all that was computed is told.

    Raises:
        JournalError: The journal belongs to another search, or was edited; the message names the trial.
        DataError: The data is broken, or does not fit the network.
    """
    journal.begin(begun_by(type(algorithm), algorithm.settings))
    search, records = LaggedSearch(algorithm, executor, journal, _Judge(algorithm)), list[Record]()
    for record in search.told():
        records.append(record)
        if on_trial is not None and on_trial(record) and not search.went_on_after(record.id):
            break
    return records


class _Judge:
    """The functions below for one algorithm."""

    def __init__(self, algorithm: SearchAlgorithm) -> None:
        self._algorithm = algorithm

    def too_small(self, trial: Trial) -> str:
        return _too_small(self._algorithm, trial)

    def rewarded(self, trial: Trial, result: Result) -> Result:
        return _rewarded(self._algorithm, trial, result)

    def disagreement(self, trial: Trial | None, told: Result) -> str:
        return _disagreement(self._algorithm, trial, told)


def top_k(records: Sequence[Record], k: int, meets: Callable[[Result], bool] = lambda result: True) -> list[Record]:
    """Return the k best different networks by reward among those evaluated within the budget.

    Accuracy on a few hundred images is a matter of chance in its last percents, and the greatest of many is chosen for
    its luck. So of the trials that are not dearer than the best and whose rewards lie within one standard error of its
    reward, the one with the lowest loss comes first: measured on MobileNetV2 (70 % of the MACs, 250 images), of two
    trials with 74.4 % the one with loss 1.07 had 65.2 % on other images, the one with 1.13 had 60.8 %.

    Those that ``meets`` refuses (``SearchAlgorithm.meets_target``: too slow) are left out if any trial passes; a reward
    that weighs accuracy against latency could otherwise hand on a network that is not as fast as was asked. Where none
    passes, the best by reward are the nearest there are.
    """
    best: dict[tuple[int, ...], Record] = {}
    for record in sorted(records, key=_rank):
        if record.result.status == "ok" and record.trial is not None and record.trial.within_budget:
            best.setdefault(record.trial.counts, record)
    rest = [record for record in best.values() if meets(record.result)] or list(best.values())
    chosen: list[Record] = []
    while rest and len(chosen) < k:
        chosen.append(min((record for record in rest if _as_good(record, rest[0])), key=_by_loss))
        rest.remove(chosen[-1])
    return chosen


def _as_good(record: Record, best: Record) -> bool:
    """Whether only chance may set a trial apart from the best: costs, which are known exactly, may not."""
    least = (best.result.reward or 0.0) - best.result.reward_error
    close = record is best or (record.result.reward is not None and record.result.reward >= least)
    return close and all(cost <= _SAME * _costs(best).get(name, cost) for name, cost in _costs(record).items())


def _costs(record: Record) -> dict[str, float]:
    shares = dict(record.trial.shares) if record.trial is not None else {}
    latency = record.result.measured.get(f"{LATENCY}_share")
    return shares if latency is None else {**shares, LATENCY: latency}


def _by_loss(record: Record) -> float:
    return math.inf if record.result.loss is None else record.result.loss


def _rank(record: Record) -> tuple[float, float, int]:
    reward, loss = record.result.reward, record.result.loss
    return (math.inf if reward is None else -reward, math.inf if loss is None else loss, record.id)


def _rewarded(algorithm: SearchAlgorithm, trial: Trial, result: Result) -> Result:
    """Add the reward; a result without a finite accuracy, loss or reward has failed."""
    if result.status != "ok":
        return result
    if not result.total:
        return replace(result, status="failed", loss=None, message="nothing was evaluated: no held-out images")
    if not math.isfinite(result.accuracy):
        return Result("failed", message=f"the accuracy is {result.accuracy}", measured=result.measured)
    share = algorithm.cost_share(trial, result)
    if share is None:
        return replace(result, status="failed", message="the reward looks at latency, and none was measured")
    reward = algorithm.calc_reward(result.accuracy, share)
    for name, value in (("loss", result.loss), ("reward", reward)):
        if value is not None and not math.isfinite(value):
            return Result(
                "failed", result.correct, result.total, message=f"the {name} is {value}", measured=result.measured
            )
    unlucky = algorithm.calc_reward(result.accuracy - result.accuracy_error, share)
    return replace(result, reward=reward, reward_error=reward - unlucky)


def _disagreement(algorithm: SearchAlgorithm, trial: Trial | None, told: Result) -> str:
    """What a recorded result says that cannot be, given the trial and what was counted and measured; else nothing."""
    if told.status != "ok" and told.reward is not None:
        return f"is {told.status} and has a reward"
    if trial is None:
        return "" if told.status == "failed" else f"was not asked and is {told.status}"
    if (told.status == "skipped") != bool(_too_small(algorithm, trial)):
        return f"is {told.status}, which its costs contradict"
    if told.status != "ok":
        return ""
    try:
        again = _rewarded(algorithm, trial, replace(told, reward=None, reward_error=0.0))
    except Exception as problem:
        return f"has a reward, but there is none for its accuracy and costs ({type(problem).__name__}: {problem})"
    if again.reward is None or told.reward is None:
        return f"has the reward {told.reward}, but its accuracy and costs give {again.reward}"
    for name, one, other in (
        ("reward", told.reward, again.reward), ("reward_error", told.reward_error, again.reward_error)
    ):  # fmt: skip
        if not math.isclose(one, other, rel_tol=_EQUAL, abs_tol=_EQUAL):
            return f"has the {name} {one:.6g}, but its accuracy and costs give {other:.6g}"
    return ""


def _too_small(algorithm: SearchAlgorithm, trial: Trial) -> str:
    """Why a trial is not worth an evaluation; nothing where it is."""
    share, least = trial.shares[algorithm.space.cost], algorithm.settings.lbound_preserve_ratio
    if share >= least:
        return ""
    return f"keeps {share:.4g} of its {algorithm.space.cost}, less than lbound_preserve_ratio {least:g}"
