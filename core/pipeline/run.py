"""Runs a pipeline step by step; a step that has ended well before is skipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from prunekit.core.backend_factory import make_backend
from prunekit.core.config import RunConfig, StepConfig, dump
from prunekit.core.hooks import Hooks, StepInfo
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.errors import RunError, error_location
from prunekit.core.pipeline.older_tasks import as_now
from prunekit.core.pipeline.preflight import look_ahead
from prunekit.core.pipeline.reporter import Reporter
from prunekit.core.pipeline.reports import Reports, check_records
from prunekit.core.pipeline.resuming import Dependence, refuse_changes, refuse_old_searches, step_keys
from prunekit.core.pipeline.run_folder import RunFolder
from prunekit.core.pipeline.summary import summarize
from prunekit.registry import PrunekitError
from prunekit.registry.errors import described


def run_pipeline(config: RunConfig, console: Console, *, resume: bool = False, imports: tuple[str, ...] = ()) -> None:
    """Run, or go on with, the task that ``config`` names.

    Args:
        config: A checked yml.
        console: Where people look.
        resume: Go on with a task that is there already.
        imports: Modules that were imported for their decorators; written into the descriptions.

    Raises:
        PrunekitError: With what was computed so far on disk.
    """
    backend = make_backend(config.general.backend, config.general.device_category)
    folder = RunFolder(config.general.task.folder)
    resolved = {"imports": sorted(imports), **dump.resolved(config)}
    depends = {name: Dependence.of(step, backend.name) for name, step in config.steps.items()}
    try:
        folder.open(config.path, resume)
        reports, before, keys = Reports(folder), folder.begun_with(), step_keys(resolved, depends)
        if before is not None:
            older, before = before, as_now(before, resolved)
            reports.rename_keys(step_keys(older, depends), step_keys(before, depends))
            refuse_changes(folder, before, resolved, depends, reports)
            left = [step for step in config.steps.values() if not reports.finished(step.name, keys[step.name][0])]
            refuse_old_searches(folder, left, backend.name)
            if older != before:
                reports.save()
        folder.begin_with(config.path, resolved)
        reporter = Reporter(console, folder.log)
    except BaseException as problem:
        folder.close()
        if isinstance(problem, OSError):
            raise RunError(
                f"{problem.filename} cannot be used: {problem.strerror}; mend that, then -r goes on"
            ) from problem
        raise
    try:
        context = RunContext(config, folder, backend, reporter, Hooks.installed(reporter.warn), imports)
        reporter.say(f"task {config.general.task.task_id}: results in {folder.output}")
        for warning in config.warnings:
            reporter.warn(warning)
        _run_steps(context, reports, keys)
        if folder.summary.is_file():
            reporter.say(f"every step has finished before; nothing to do. The figures are in {folder.summary}")
        else:
            summarize(context)
    except Exception:
        reporter.log_failure()
        reporter.say(f"stopped by an error; once it is mended, -r -t {config.general.task.task_id} goes on")
        raise
    finally:
        reporter.close()
        folder.close()


def _run_steps(context: RunContext, reports: Reports, keys: Mapping[str, tuple[str, str]]) -> None:
    """Do what is left to do. A step is done again when what it depends on, or one before it, has changed."""
    pipeline, steps = context.config.pipeline, context.config.steps
    left = [steps[name] for name in pipeline if not reports.finished(name, keys[name][0])]
    look_ahead(left, context.data, context.backend.name)
    for position, name in enumerate(pipeline):
        if reports.finished(name, keys[name][0]):
            context.reporter.note(f"{name}: finished before")
        else:
            _run_step(context, reports, steps[name], keys[name], pipeline[position + 1 :])


def _run_step(
    context: RunContext, reports: Reports, step: StepConfig, keys: tuple[str, str], later: Sequence[str]
) -> None:
    folder, name = context.folder, step.name
    if not reports.begun(name, keys[1]):
        folder.clear_workers(name)  # checkpoints of another training
    folder.summary.unlink(missing_ok=True)
    reports.begin(name, keys, later)
    try:
        records = _records(context, step)
    except KeyboardInterrupt:
        reports.fail(name, "stopped", "interrupted")
        raise
    except Exception as problem:
        reports.fail(name, "error", described(problem))
        raise
    finally:
        folder.clear_cache()
    reports.end(name, records)
    folder.clear_workers(name)
    task = context.config.general.task.task_id
    context.hooks.step_finished(StepInfo(task, name, step.pipe_step.name, folder.step(name), tuple(records)))


def _records(context: RunContext, step: StepConfig) -> list[dict[str, Any]]:
    try:
        with error_location(step.where):
            found: list[dict[str, Any]] = context.make(step.pipe_step).run(context, step)
            check_records(found)
            return found
    except (PrunekitError, OSError):
        raise
    except (Exception, SystemExit) as problem:  # a step runs its authors' networks, datasets and trainers
        raise RunError(
            f"{step.where}: {described(problem)}; where it was raised is in {context.folder.log}"
        ) from problem
