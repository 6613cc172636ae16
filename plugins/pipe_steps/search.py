"""The search stage: samples pruned networks, evaluates them, keeps the best k."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from prunekit.core.config import StepConfig
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.errors import RunError
from prunekit.core.pipeline.reports import write_step
from prunekit.core.search.trial import Record
from prunekit.plugins.pipe_steps.messages import nothing_found, target_missed, tell_structure
from prunekit.plugins.pipe_steps.search_networks import keep_original, keep_trial, original_figures
from prunekit.plugins.pipe_steps.search_setup import PreparedSearch, prepare_search
from prunekit.plugins.pipe_steps.search_trials import run_trials, search_info
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.PIPE_STEP)
class SearchPipeStep:
    """Runs a search algorithm on the step's network and writes the best networks that it found."""

    needs: ClassVar[frozenset[str]] = frozenset({"model", "dataset", "search_algorithm"})
    allows: ClassVar[frozenset[str]] = frozenset({"trainer", "pruning"})
    late: ClassVar[frozenset[str]] = frozenset({"dataset.test", "search_algorithm.keep_pareto_top_k"})

    def run(self, context: RunContext, step: StepConfig) -> list[dict[str, Any]]:
        """Search; the records are those of the original and of the best k, best first."""
        folder = context.folder.step(step.name)
        setup = prepare_search(context, step)
        figures = original_figures(context, step, setup)  # first: what is wrong with the test data shows here
        best = _best_trials(context, step, setup)
        rows = [
            keep_original(context, step, setup, figures),
            *(keep_trial(context, step, setup, found) for found in best),
        ]
        write_step(folder, rows)
        return rows


def _best_trials(context: RunContext, step: StepConfig, setup: PreparedSearch) -> list[Record]:
    """The best trials of the search.

    Raises:
        RunError: No trial gave a network.
    """
    assert step.search_algorithm is not None and step.settings is not None
    settings, folder = step.settings, context.folder.step(step.name)
    algorithm = context.make(step.search_algorithm, space=setup.space, settings=settings)
    extra = [Path(settings.plot_graph_save_folder)] if settings.plot_graph_save_folder else []
    tell_structure(context.reporter, step.name, setup.subject.graph, [folder, *extra])
    records = run_trials(context, step, setup, algorithm)
    best = setup.objective.best(records, settings.keep_pareto_top_k)
    context.hooks.search_finished(search_info(context, step, algorithm.episodes), tuple(best))
    if not best:
        raise RunError(nothing_found(step.where, records))
    assert best[0].trial is not None
    if not setup.objective.meets_target(best[0].trial, best[0].result):
        context.reporter.warn(target_missed(step.name, best[0], setup.objective, setup.references))
    return best
