"""Runs the trials of a search, with progress, log, hooks and the learning curve."""

from __future__ import annotations

from contextlib import closing
from typing import cast

from prunekit.core.config import ComponentSpec, StepConfig
from prunekit.core.hooks import SearchInfo
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.learning_curve_plot import plot_curve
from prunekit.core.search.algorithm import SearchAlgorithm
from prunekit.core.search.executor import Executor
from prunekit.core.search.journal import Journal
from prunekit.core.search.loop import run_search
from prunekit.core.search.trial import Record
from prunekit.plugins.pipe_steps.messages import line, short
from prunekit.plugins.pipe_steps.search_setup import PreparedSearch
from prunekit.registry import Register, RegisterType


def run_trials(
    context: RunContext, step: StepConfig, setup: PreparedSearch, algorithm: SearchAlgorithm
) -> list[Record]:
    """Run every trial of the search; resumed from the journal where there is one."""
    assert step.settings is not None
    objective = setup.objective
    reporter, hooks, records = context.reporter, context.hooks, list[Record]()
    info, folder = search_info(context, step, algorithm.episodes), context.folder.step(step.name)
    with (
        reporter.bar(step.name, algorithm.episodes) as bar,
        Journal(context.folder.journal(step.name)) as journal,
        closing(_executor(context, setup)) as executor,
    ):

        def seen(found: Record) -> bool:
            records.append(found)
            if not found.replayed and all(each.replayed for each in records[:-1]) and journal.results:
                reporter.say(f"{step.name}: {journal.results} of {algorithm.episodes} episodes were recorded before")
            bar.advance(short(found, objective.best(records, 1), step.metric, setup.references), found.replayed)
            if not found.replayed:
                reporter.note(f"{step.name} {line(found, step.metric, setup.references)}")
            hooks.episode_end(info, found)
            return bool(hooks.should_stop(info, found))

        hooks.search_started(info)
        run_search(algorithm, objective, executor, journal, seen)
    if len(records) < algorithm.episodes:
        reporter.say(f"{step.name}: a hook ended the search after {len(records)} episodes")
    if step.settings.plot_train_curve:
        plot_curve(records, folder / "train_curve.png", step.metric)
    return records


def _executor(context: RunContext, search: PreparedSearch) -> Executor:
    """Where candidates are evaluated: in this process, where the yml says nothing else."""
    spec = context.config.general.executor or ComponentSpec(RegisterType.EXECUTOR, "inline")
    component = Register.get(spec.kind, spec.name, context.backend.name)
    if getattr(component, "in_process", False):
        return cast(Executor, context.make(spec, make=lambda: search.evaluator))
    return cast(Executor, context.make(spec, make=search.hand_over().build))


def search_info(context: RunContext, step: StepConfig, episodes: int) -> SearchInfo:
    """What hooks are told of the search."""
    assert step.search_algorithm is not None
    task, folder = context.config.general.task.task_id, context.folder.step(step.name)
    return SearchInfo(task, step.name, folder, context.backend.name, step.search_algorithm.name, episodes, step.metric)
