"""The search stage: samples pruned networks, evaluates them, keeps the best k."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from prunekit.core.backend import Network
from prunekit.core.config import StepConfig
from prunekit.core.cost import CostModel, price
from prunekit.core.graph.drawing import draw
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.curve import plot_curve
from prunekit.core.pipeline.description import Description, layer_rows
from prunekit.core.pipeline.errors import RunError
from prunekit.core.pipeline.original import calibration_batches, original, save_network
from prunekit.core.pipeline.records import record, write_step
from prunekit.core.pruning.proof import parse
from prunekit.core.pruning.treatment import Treatment
from prunekit.core.search.evaluator import Evaluator
from prunekit.core.search.journal import Journal
from prunekit.core.search.loop import run_search, top_k
from prunekit.core.search.space import SearchSpace
from prunekit.core.search.trial import Record, Trial
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.PIPE_STEP)
class SearchPipeStep:
    """Runs a search algorithm on the step's network and writes the best networks that it found."""

    needs: ClassVar[frozenset[str]] = frozenset({"model", "dataset", "search_algorithm"})
    allows: ClassVar[frozenset[str]] = frozenset({"trainer", "pruning"})

    def run(self, context: RunContext, step: StepConfig) -> list[dict[str, Any]]:
        """Search; the records are those of the original and of the best k, best first."""
        stage = _Stage(context, step)
        records = stage.search()
        best = top_k(records, stage.settings.keep_pareto_top_k)
        if not best:
            raise RunError(_nothing_found(step, records))
        rows = [stage.keep_original(), *(stage.keep(found) for found in best)]
        write_step(stage.folder, rows)
        return rows


class _Stage:
    """One search with everything that it needs, made once."""

    def __init__(self, context: RunContext, step: StepConfig) -> None:
        assert step.dataset is not None and step.settings is not None and step.pruning is not None
        self.context, self.step, self.settings = context, step, step.settings
        self.folder = context.folder.step(step.name)
        self.network, self.description = original(context, step)
        if self.description.plan is not None:
            raise RunError(f"{step.where}: the network is pruned already; search on the original network instead")
        calibration = calibration_batches(context, step, step.pruning.calibration_images)
        self.held_out = list(context.plain_batches(context.dataset(step.dataset.val, "val"), step.dataset.val))
        inputs = calibration[0][0]
        self.graph = parse(context.backend, self.network, _first(inputs))
        self._tell_structure()
        self.treatment = Treatment(
            context.backend, self.network, self.graph, calibration, compensate=step.pruning.compensate,
            recalibrate=step.pruning.recalibrate,
            recalibration_images=step.pruning.recalibration_images, seed=step.settings.seed,
        )  # fmt: skip
        rankings = context.make(step.pruning.importance).rank(self.treatment.evidence)
        self.space = SearchSpace(self.graph, rankings, step.settings, CostModel(self.graph))
        metric = Register.get(RegisterType.METRIC, "accuracy", context.backend.name)
        self.evaluator = Evaluator(self.treatment, self.held_out, metric, self._fine_tune())

    def search(self) -> list[Record]:
        """Every trial of the search, with progress; resumed from the journal where there is one."""
        assert self.step.search_algorithm is not None
        algorithm = self.context.make(self.step.search_algorithm, space=self.space, settings=self.settings)
        reporter, records = self.context.reporter, list[Record]()
        with reporter.bar(self.step.name, algorithm.episodes) as bar, Journal(self.folder / "journal.jsonl") as journal:

            def seen(found: Record) -> None:
                records.append(found)
                bar.advance(_short(found, top_k(records, 1)), found.replayed)
                if not found.replayed:
                    reporter.note(f"{self.step.name} {_line(found)}")

            run_search(algorithm, self.evaluator, journal, seen)
        if self.settings.plot_train_curve:
            plot_curve(records, self.folder / "train_curve.png")
        return records

    def keep_original(self) -> dict[str, Any]:
        """Write the original network, so that it can be compared with."""
        return self._write("original", self.network, self.description, {}, None)

    def keep(self, found: Record) -> dict[str, Any]:
        """Build one of the best again and write it."""
        assert found.trial is not None
        network, _ = self.evaluator.network(found.trial)
        description = replace(
            self.description, plan=found.trial.plan, ignore=self.graph.ignore, frozen=self.graph.frozen,
            held=self.graph.held,
            layers=layer_rows(self.graph, found.trial.plan),
        )  # fmt: skip
        search = {"reward": found.result.reward, "correct": found.result.correct, "total": found.result.total}
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

    def _tell_structure(self) -> None:
        reporter, graph = self.context.reporter, self.graph
        free = sum(1 for layer in graph.layers if layer.group is not None)
        reporter.say(
            f"{self.step.name}: {len(graph.layers)} layers, {free} of them prunable in {len(graph.groups)} groups;"
            f" {'; '.join(graph.notes) or 'nothing to prove'}"
        )
        folders = [
            self.folder,
            *([Path(self.settings.plot_graph_save_folder)] if self.settings.plot_graph_save_folder else []),
        ]
        for folder in folders:
            hint = draw(graph, folder / "graph.svg")
            if hint and folder == self.folder:
                reporter.say(hint)


def _first(inputs: Any) -> Any:
    """The first sample of a batch's inputs."""
    if isinstance(inputs, dict):
        return {key: _first(value) for key, value in inputs.items()}
    if isinstance(inputs, tuple):
        return tuple(_first(value) for value in inputs)
    return inputs[:1]


def _line(found: Record) -> str:
    """A trial for the log."""
    result, parts = found.result, list[str]()
    if result.status != "ok":
        parts.append(result.status)
    if result.reward is not None:
        parts.append(f"reward {result.reward:.4f}, accuracy {result.accuracy:.2%}")
    if found.trial is not None:
        parts += [f"{name} {share:.1%}" for name, share in found.trial.shares.items()]
    if result.message:
        parts.append(" ".join(result.message.split()))
    return f"episode {found.id + 1}: {', '.join(parts)}"


def _short(found: Record, best: list[Record]) -> str:
    """A trial beside the bar: short enough for a terminal of 80 columns."""
    text = f"best {best[0].result.reward:.4f}, " if best and best[0].result.reward is not None else ""
    result = found.result
    if result.reward is None or found.trial is None:
        return f"{text}now {result.status}: {' '.join(result.message.split())}"
    shares = ", ".join(f"{name} {share:.1%}" for name, share in found.trial.shares.items())
    return f"{text}now {result.reward:.4f}, accuracy {result.accuracy:.1%}, {shares}"


def _nothing_found(step: StepConfig, records: list[Record]) -> str:
    reasons = [" ".join(record.result.message.split()) for record in records if record.result.message]
    why = f"the first of them: {reasons[0]}" if reasons else "none met the budget"
    return f"{step.where}: none of {len(records)} trials gave a network; {why}"
