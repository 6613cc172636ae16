"""The search stage: samples pruned networks, evaluates them, keeps the best k."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from prunekit.core.backend import Network
from prunekit.core.config import StepConfig
from prunekit.core.cost import CostModel, price
from prunekit.core.hooks import SearchInfo
from prunekit.core.parsing.parse import parse
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.curve import plot_curve
from prunekit.core.pipeline.description import Description, layer_rows
from prunekit.core.pipeline.errors import RunError, error_location
from prunekit.core.pipeline.example_inputs import example_inputs
from prunekit.core.pipeline.latency import latency_meter, refuse_unmeasurable
from prunekit.core.pipeline.reports import record, write_step
from prunekit.core.pipeline.subject import calibration_batches, original, save_network
from prunekit.core.search.algorithm import SearchAlgorithm
from prunekit.core.search.candidate_builder import CandidateBuilder
from prunekit.core.search.evaluator import Evaluator
from prunekit.core.search.journal import Journal
from prunekit.core.search.latency import LatencyMeter, latency_figures
from prunekit.core.search.loop import run_search, top_k
from prunekit.core.search.space import SearchSpace
from prunekit.core.search.trial import Record, Trial
from prunekit.plugins.pipe_steps.messages import line, nothing_found, short, tell_structure, too_slow
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.PIPE_STEP)
class SearchPipeStep:
    """Runs a search algorithm on the step's network and writes the best networks that it found."""

    needs: ClassVar[frozenset[str]] = frozenset({"model", "dataset", "search_algorithm"})
    allows: ClassVar[frozenset[str]] = frozenset({"trainer", "pruning"})

    def run(self, context: RunContext, step: StepConfig) -> list[dict[str, Any]]:
        """Search; the records are those of the original and of the best k, best first."""
        stage = _Stage(context, step)
        best = stage.best()
        rows = [stage.keep_original(), *(stage.keep(found) for found in best)]
        write_step(stage.folder, rows)
        return rows


class _Stage:
    """One search with everything that it needs, made once."""

    def __init__(self, context: RunContext, step: StepConfig) -> None:
        assert step.dataset is not None and step.settings is not None and step.pruning is not None
        assert step.search_algorithm is not None
        self.context, self.step, self.settings = context, step, step.settings
        self.folder = context.folder.step(step.name)
        refuse_unmeasurable(context, step)
        self.network, self.description = original(context, step)
        if self.description.plan is not None:
            raise RunError(f"{step.where}: the network is pruned already; search on the original network instead")
        calibration = calibration_batches(context, step, step.pruning.calibration_images)
        self.held_out = list(context.plain_batches(context.dataset(step.dataset.val, "val"), step.dataset.val))
        context.dataset(step.dataset.test, "test")  # what is wrong with it shall not show after the search
        before = context.measure(self.network, self.held_out)
        context.reporter.say(f"{step.name}: before pruning {before.accuracy:.2%} of {before.total:,} held-out images")
        self.graph = parse(
            context.backend, self.network, example_inputs(context, step, self.network),
            leaf_modules=self.description.leaf_modules, whole_parts=step.settings.networkparser.whole_parts,
        )  # fmt: skip
        if not self.graph.groups:
            raise RunError(
                f"{step.where}: no layer of {type(self.network).__name__} can be pruned; prunekit inspect says why for"
                " each"
            )
        self.treatment = CandidateBuilder(
            context.backend, self.network, self.graph, calibration, compensate=step.pruning.compensate,
            recalibrate=step.pruning.recalibrate,
            recalibration_images=step.pruning.recalibration_images, seed=step.settings.seed,
        )  # fmt: skip
        rankings = context.make(step.pruning.importance).rank(self.treatment.evidence)
        with error_location(step.search_algorithm.where):
            self.space = SearchSpace(self.graph, rankings, step.settings, CostModel(self.graph))
            self.meter = self._meter()
        metric = Register.get(RegisterType.METRIC, "accuracy", context.backend.name)
        self.evaluator = Evaluator(self.treatment, self.held_out, metric, self._fine_tune(), self.meter)

    def best(self) -> list[Record]:
        """The best trials of the search.

        Raises:
            RunError: No trial gave a network.
        """
        assert self.step.search_algorithm is not None
        target = self.settings.target_latency
        algorithm = self.context.make(self.step.search_algorithm, space=self.space, settings=self.settings)
        extra = [Path(folder)] if (folder := self.settings.plot_graph_save_folder) else []
        tell_structure(self.context.reporter, self.step.name, self.graph, [self.folder, *extra])
        records = self._search(algorithm)
        best = top_k(records, self.settings.keep_pareto_top_k, algorithm.meets_target)
        self.context.hooks.search_finished(self._info(algorithm.episodes), tuple(best))
        if not best:
            raise RunError(nothing_found(self.step.where, records))
        if target is not None and not algorithm.meets_target(best[0].result):
            self.context.reporter.warn(too_slow(self.step.name, best[0], target))
        return best

    def _search(self, algorithm: SearchAlgorithm) -> list[Record]:
        """Every trial of the search, with progress; resumed from the journal where there is one."""
        reporter, hooks, records = self.context.reporter, self.context.hooks, list[Record]()
        info = self._info(algorithm.episodes)
        with reporter.bar(self.step.name, algorithm.episodes) as bar, Journal(self.folder / "journal.jsonl") as journal:

            def seen(found: Record) -> bool:
                records.append(found)
                if not found.replayed and len(records) > 1 and records[-2].replayed:
                    reporter.say(
                        f"{self.step.name}: {len(records) - 1} of {algorithm.episodes} episodes were recorded before"
                    )
                bar.advance(short(found, top_k(records, 1, algorithm.meets_target)), found.replayed)
                if not found.replayed:
                    reporter.note(f"{self.step.name} {line(found)}")
                hooks.episode_end(info, found)
                return bool(hooks.should_stop(info, found))

            hooks.search_started(info)
            run_search(algorithm, self.evaluator, journal, seen)
        if len(records) < algorithm.episodes:
            reporter.say(f"{self.step.name}: a hook ended the search after {len(records)} episodes")
        if self.settings.plot_train_curve:
            plot_curve(records, self.folder / "train_curve.png")
        return records

    def _info(self, episodes: int) -> SearchInfo:
        """What hooks are told of the search."""
        assert self.step.search_algorithm is not None
        task, backend = self.context.config.general.task.task_id, self.context.backend.name
        return SearchInfo(task, self.step.name, self.folder, backend, self.step.search_algorithm.name, episodes)

    def keep_original(self) -> dict[str, Any]:
        """Write the original network, so that it can be compared with."""
        latency = self.meter.reference.figures() if self.meter else {}
        return self._write("original", self.network, self.description, latency, None)

    def keep(self, found: Record) -> dict[str, Any]:
        """Build one of the best again and write it."""
        assert found.trial is not None
        network, _ = self.evaluator.network(found.trial)
        description = replace(
            self.description, plan=found.trial.plan, ignore=self.graph.ignore, frozen=self.graph.frozen,
            whole_parts=self.graph.whole_parts,
            layers=layer_rows(self.graph, found.trial.plan),
        )  # fmt: skip
        result = found.result
        search = {
            "reward": result.reward, "correct": result.correct, "total": result.total,
            **latency_figures(result.measured),
        }  # fmt: skip
        return self._write(str(found.id), network, description, search, found.trial)

    def _write(
        self, number: str, network: Network, description: Description, search: dict[str, Any], trial: Trial | None
    ) -> dict[str, Any]:
        assert self.step.dataset is not None
        split = self.step.dataset.test
        tested = self.context.measure(network, self.context.plain_batches(self.context.dataset(split, "test"), split))
        cost, full = price(self.graph, trial.plan if trial else None), price(self.graph)
        performance = {
            "accuracy": tested.accuracy, "test_correct": tested.correct, "test_total": tested.total, **search,
            "macs": int(cost.macs), "params": int(cost.params),
            "macs_share": cost.macs / full.macs, "params_share": cost.params / full.params,
        }  # fmt: skip
        files = save_network(self.context, self.folder, number, network, description)
        return record(self.step.name, number, files, performance)

    def _meter(self) -> LatencyMeter | None:
        """Where the reward looks at latency: what measures it; the space is then given the target."""
        if not self.settings.measures_latency:
            return None
        backend, target = self.context.backend, self.settings.target_latency
        smallest = backend.prune(self.network, self.graph, self.space.plan(self.space.lowest))
        meter = latency_meter(self.context, self.step, self.description.inputs, self.network, smallest)
        self.space = self.space.with_target(None if target is None else target / meter.reference.original_ms)
        return meter

    def _fine_tune(self) -> Callable[[Network], Network] | None:
        """The guide fine-tunes each sampled network: ``trainer.epochs`` of the search step."""
        step = self.step
        if step.trainer is None or step.dataset is None:
            return None
        trainer = self.context.make(step.trainer, device=self.context.backend.device)
        if not trainer.epochs:
            return None
        data = self.context.train_batches(step.dataset.train, self.settings.seed)
        return lambda network: trainer.fit(network, data)
