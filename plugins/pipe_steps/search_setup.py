"""Prepares a search before its first trial: network, data, candidate builder, space, evaluator."""

from __future__ import annotations

from dataclasses import dataclass

from prunekit.core.config import StepConfig
from prunekit.core.cost import CostModel
from prunekit.core.data.batch_cache import CachedBatches
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.errors import RunError, error_location
from prunekit.core.pipeline.latency import latency_meter, refuse_unmeasurable
from prunekit.core.pipeline.original_outputs import refuse_not_finite
from prunekit.core.pipeline.search_setup import SearchSetup
from prunekit.core.pipeline.subject import Subject
from prunekit.core.search.candidate_builder import CandidateBuilder
from prunekit.core.search.evaluator import Evaluator
from prunekit.core.search.latency import LatencyMeter
from prunekit.core.search.settings import LatencySettings, SearchSettings
from prunekit.core.search.space import SearchSpace


@dataclass(frozen=True)
class PreparedSearch:
    """A search before its first trial.

    Attributes:
        subject: The original network.
        space: What may be chosen.
        setup: Builds the evaluator in another process.
        builder: Makes the small network of a trial.
        evaluator: Builds and evaluates a trial's network.
        meter: Measures latency, where the reward looks at it.
    """

    subject: Subject
    space: SearchSpace
    setup: SearchSetup
    builder: CandidateBuilder
    evaluator: Evaluator
    meter: LatencyMeter | None

    def hand_over(self) -> SearchSetup:
        """What other processes build the same evaluator from; its files stay until the step ends."""
        self.setup.hand_over(self.builder, self.subject.description)
        return self.setup


def prepare_search(context: RunContext, step: StepConfig) -> PreparedSearch:
    """Load the network and the data, parse, rank and price; every mistake shows here, before the first trial.

    Raises:
        PrunekitError: The network is pruned already or cannot be, the data is broken, or the budget is out of reach.
    """
    assert step.dataset is not None and step.pruning is not None and step.search_algorithm is not None
    refuse_unmeasurable(context.backend, step)
    subject = context.subjects.of_step(step)
    if subject.description.plan is not None:
        raise RunError(f"{step.where}: the network is pruned already; search on the original network instead")
    calibration, held_out = context.calibration(step), context.held_out(step)
    calibration.make_once()
    with error_location(step.where):
        _tell_accuracy(context, step, subject, held_out)
    builder = _candidate_builder(step, subject, calibration)
    rankings = context.make(step.pruning.importance).rank(builder.importance_inputs)
    with error_location(step.search_algorithm.where):
        space = SearchSpace(subject.graph, rankings, _settings(step), CostModel(subject.graph))
        meter = _latency_meter(context, step, subject, space)
        if meter is not None:
            space = space.with_target(_target_share(step, meter))
    setup = _setup(context, step, meter)
    evaluator = setup.evaluator(builder, context.data, held_out, meter)
    return PreparedSearch(subject, space, setup, builder, evaluator, meter)


def _setup(context: RunContext, step: StepConfig, meter: LatencyMeter | None) -> SearchSetup:
    """What evaluates a trial, for any process."""
    assert step.dataset is not None and step.pruning is not None
    settings, pruning = _settings(step), step.pruning
    return SearchSetup(
        context.backend.name, context.backend.device, context.imports, context.folder.cache(step.name).resolve(),
        train=step.dataset.train, val=step.dataset.val,
        calibration_images=pruning.calibration_images,
        recalibration_images=pruning.recalibration_images if pruning.recalibrate else 0,
        compensate=pruning.compensate, metric="accuracy", trainer=step.trainer,
        latency=None if meter is None else settings.latency or LatencySettings(),
        reference=None if meter is None else meter.reference, seed=settings.seed,
    )  # fmt: skip


def _settings(step: StepConfig) -> SearchSettings:
    assert step.settings is not None
    return step.settings


def _tell_accuracy(context: RunContext, step: StepConfig, subject: Subject, held_out: CachedBatches) -> None:
    assert step.dataset is not None
    before = context.measure(subject.network, held_out)
    dataset = context.data.of(step.dataset.val, "val")
    refuse_not_finite(context.backend, subject.network, before, held_out, dataset, "val")
    context.reporter.say(f"{step.name}: before pruning {before.accuracy:.2%} of {before.total:,} held-out images")


def _candidate_builder(step: StepConfig, subject: Subject, calibration: CachedBatches) -> CandidateBuilder:
    assert step.pruning is not None
    if not subject.graph.groups:
        raise RunError(
            f"{step.where}: no layer of {type(subject.network).__name__} can be pruned; prunekit inspect says why for"
            " each"
        )
    return CandidateBuilder.observing(
        subject.backend, subject.network, subject.graph, calibration, compensate=step.pruning.compensate,
        recalibrate=step.pruning.recalibrate, recalibration_images=step.pruning.recalibration_images,
        seed=_settings(step).seed,
    )  # fmt: skip


def _latency_meter(context: RunContext, step: StepConfig, subject: Subject, space: SearchSpace) -> LatencyMeter | None:
    """What measures latency, where the reward looks at it."""
    if not _settings(step).measures_latency:
        return None
    smallest = subject.backend.prune(subject.network, subject.graph, space.plan(space.lowest))
    return latency_meter(context.reporter, context.folder.step(step.name), step, subject, smallest)


def _target_share(step: StepConfig, meter: LatencyMeter) -> float | None:
    target = _settings(step).target_latency
    return None if target is None else target / meter.reference.original_ms
