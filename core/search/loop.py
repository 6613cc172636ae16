"""The search loop: ask, evaluate, tell, with every step in the journal."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from prunekit.core.data.contract import DataError
from prunekit.core.search.algorithm import SearchAlgorithm
from prunekit.core.search.errors import JournalError
from prunekit.core.search.journal import Journal
from prunekit.core.search.objective import Objective
from prunekit.core.search.trial import Record, Result, Trial
from prunekit.registry.errors import described

Evaluate = Callable[[Trial], Result]
_EQUAL = 1e-9  # another machine's logarithm may differ in the last bit


def run_search(
    algorithm: SearchAlgorithm,
    objective: Objective,
    evaluate: Evaluate,
    journal: Journal,
    on_trial: Callable[[Record], bool | None] | None = None,
) -> list[Record]:
    """Run ``algorithm`` to its end and return the record of every trial, in the order of asking.

    What ``journal`` already holds is told again instead of evaluated, once its reward was found to follow from what was
    counted and measured; an ask without its tell is evaluated. A network that was evaluated before keeps its result.
    A trial that raises is recorded as failed and the search goes on. KeyboardInterrupt, broken data, which would fail
    every trial, and what the journal raises end it; the trial is then evaluated when the search is resumed.

    Args:
        algorithm: Freshly made; the same seed and space as when the journal was begun.
        objective: What a trial is worth.
        evaluate: Builds and evaluates the pruned network. It leaves ``reward`` to the objective.
        journal: An open journal.
        on_trial: Called after each trial, replayed ones too; True ends the search, once all that was recorded is told.

    Raises:
        JournalError: The journal belongs to another search, or was edited; the message names the trial.
        DataError: The data is broken, or does not fit the network.
    """
    records: list[Record] = []
    evaluate = _Once(evaluate, records, objective.measured_costs)
    while not algorithm.done:
        record = _episode(algorithm, objective, evaluate, journal, len(records))
        records.append(record)
        if on_trial is not None and on_trial(record) and not journal.replaying:
            break
    if journal.replaying:
        raise JournalError(f"{journal.path}: holds more trials than the {len(records)} that the search asks")
    return records


class _Once:
    """Evaluates no network twice: tight bounds may leave few, and each may cost a fine-tuning."""

    def __init__(self, evaluate: Evaluate, records: Sequence[Record], costs: Sequence[str]) -> None:
        self._evaluate, self._records = evaluate, records
        self._costs = tuple(f"{cost}_" for cost in costs)

    def __call__(self, trial: Trial) -> Result:
        for before in self._records:
            if before.trial is not None and before.result.status == "ok" and before.trial.counts == trial.counts:
                costs = {name: value for name, value in before.result.measured.items() if name.startswith(self._costs)}
                return replace(before.result, reward=None, message=f"as episode {before.id + 1}", measured=costs)
        return self._evaluate(trial)


def _episode(
    algorithm: SearchAlgorithm, objective: Objective, evaluate: Evaluate, journal: Journal, number: int
) -> Record:
    started = time.perf_counter()
    trial, problem = _ask(algorithm)
    asked = {"event": "ask", **(trial.summary() if trial else {"id": number, "error": problem})}
    _replay_or_append(journal, asked)
    seconds = {"ask": time.perf_counter() - started}
    told = journal.next_recorded()
    if told is None:
        result = _result(algorithm, objective, evaluate, trial, problem, seconds)
        journal.append({"event": "tell", "id": number, "result": result.to_json(), "measured": dict(result.measured)})
    elif (told["event"], told.get("id")) == ("tell", number):
        result = Result.from_json(told["result"], told["measured"])
        if wrong := _disagreement(algorithm, objective, trial, result):
            raise JournalError(
                f"{journal.path}: trial {number} {wrong}: the file was edited, or the reward's code has changed."
                " Restore the file, or start a new task"
            )
    else:
        raise JournalError(f"{journal.path}: trial {number} has no result, but more follows; the file was edited")
    if trial is not None:
        result = _tell(algorithm, objective, trial, result)
    return Record(number, trial, result, replayed=told is not None)


def _ask(algorithm: SearchAlgorithm) -> tuple[Trial | None, str]:
    try:
        return algorithm.ask(), ""
    except Exception as problem:
        return None, f"asking failed: {described(problem)}"


def _replay_or_append(journal: Journal, asked: dict[str, Any]) -> None:
    recorded = journal.next_recorded()
    if recorded is None:
        journal.append(asked)
    elif recorded != asked and not ("error" in recorded and "error" in asked):
        different = [key for key in {**recorded, **asked} if recorded.get(key) != asked.get(key)]
        raise JournalError(
            f"{journal.path}: trial {asked['id']} is not the one that was recorded (different: {', '.join(different)})."
            " The weights, the data, the yml or the versions of the libraries have changed; start a new task"
        )


def _result(
    algorithm: SearchAlgorithm,
    objective: Objective,
    evaluate: Evaluate,
    trial: Trial | None,
    problem: str,
    seconds: dict[str, float],
) -> Result:
    if trial is None:
        return Result("failed", message=problem, measured=seconds)
    if why := _too_small(algorithm, trial):
        return Result("skipped", message=why, measured=seconds)
    started = time.perf_counter()
    try:
        result = objective.judged(trial, evaluate(trial))
    except DataError:
        raise
    except Exception as failure:
        result = Result("failed", message=described(failure))
    seconds["evaluate"] = time.perf_counter() - started
    return replace(result, measured={**result.measured, **seconds})


def _disagreement(algorithm: SearchAlgorithm, objective: Objective, trial: Trial | None, told: Result) -> str:
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


def _too_small(algorithm: SearchAlgorithm, trial: Trial) -> str:
    """Why a trial is not worth an evaluation; nothing where it is."""
    share, least = trial.shares[algorithm.space.cost], algorithm.settings.lbound_preserve_ratio
    if share >= least:
        return ""
    return f"keeps {share:.4g} of its {algorithm.space.cost}, less than lbound_preserve_ratio {least:g}"


def _tell(algorithm: SearchAlgorithm, objective: Objective, trial: Trial, result: Result) -> Result:
    """A raising algorithm has learnt nothing from this trial; the trial itself stays as it was evaluated."""
    try:
        algorithm.tell(trial, objective.feedback(result))
    except Exception as problem:
        return replace(result, message=f"not learnt from: {described(problem)}")
    return result
