"""Prepares a search before its first trial: network, data, candidate builder, space, evaluator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prunekit.core.config import StepConfig
from prunekit.core.cost import CostModel
from prunekit.core.cost.measuring import CostMeter, Reference, measuring
from prunekit.core.data.batch_cache import CachedBatches
from prunekit.core.metric import Measured, is_rate, metric_class, shown_value
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.errors import RunError, error_location
from prunekit.core.pipeline.measured_costs import cost_meters
from prunekit.core.pipeline.original_outputs import refuse_not_finite
from prunekit.core.pipeline.search_setup import SearchSetup
from prunekit.core.pipeline.subject import Subject
from prunekit.core.search.candidate_builder import CandidateBuilder
from prunekit.core.search.evaluator import Evaluator
from prunekit.core.search.objective import Objective
from prunekit.core.search.reward import Target, priced_costs
from prunekit.core.search.settings import SearchSettings
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
        objective: What it aims at.
        meters: Measure the costs that the reward looks at and that are not priced.
    """

    subject: Subject
    space: SearchSpace
    setup: SearchSetup
    builder: CandidateBuilder
    evaluator: Evaluator
    objective: Objective
    meters: Sequence[CostMeter]

    @property
    def references(self) -> tuple[Reference, ...]:
        """What the measured costs of all trials refer to."""
        return tuple(meter.reference for meter in self.meters)

    def hand_over(self) -> SearchSetup:
        """What other processes build the same evaluator from; its files stay until the step ends."""
        self.setup.hand_over(self.builder, self.subject.description)
        return self.setup


def prepare_search(context: RunContext, step: StepConfig) -> PreparedSearch:
    """Load the network and the data, parse, rank and price; every mistake shows here, before the first trial.

    Raises:
        PrunekitError: The network is pruned already or cannot be, the data is broken, or the budget is out of reach.
    """
    assert step.dataset is not None and step.pruning is not None
    assert step.search_algorithm is not None and step.objective is not None
    subject = context.subjects.of_step(step)
    if subject.description.plan is not None:
        raise RunError(f"{step.where}: the network is pruned already; search on the original network instead")
    calibration, held_out = context.calibration(step), context.held_out(step)
    calibration.make_once()
    with error_location(step.where):
        original = _original_value(context, step, subject, held_out)
    builder = _candidate_builder(step, subject, calibration)
    rankings = context.make(step.pruning.importance).rank(builder.importance_inputs)
    with error_location(step.search_algorithm.where):
        reward = context.make(step.objective.reward)
        costs = priced_costs(reward, context.backend.name)
        space = SearchSpace(subject.graph, rankings, _settings(step), CostModel(subject.graph), costs)
        meters = _cost_meters(context, step, subject, space, getattr(reward, "target", None))
        amounts = {meter.reference.cost: meter.reference.original for meter in meters}
        metric = metric_class(step.metric, context.backend.name)
        objective = Objective(step.metric, reward, original, is_rate=is_rate(metric), amounts=amounts)
    setup = _setup(context, step, meters)
    evaluator = setup.evaluator(builder, context.data, held_out, measuring(meters))
    return PreparedSearch(subject, space, setup, builder, evaluator, objective, meters)


def _setup(context: RunContext, step: StepConfig, meters: Sequence[CostMeter]) -> SearchSetup:
    """What evaluates a trial, for any process."""
    assert step.dataset is not None and step.pruning is not None and step.objective is not None
    settings, pruning = _settings(step), step.pruning
    return SearchSetup(
        context.backend.name, context.backend.device, context.imports, context.folder.cache(step.name).resolve(),
        train=step.dataset.train, val=step.dataset.val,
        calibration_images=pruning.calibration_images,
        recalibration_images=pruning.recalibration_images if pruning.recalibrate else 0,
        compensate=pruning.compensate, metric=step.metric, trainer=step.trainer,
        costs=tuple((step.objective.costs[each.reference.cost], each.reference) for each in meters), seed=settings.seed,
    )  # fmt: skip


def _settings(step: StepConfig) -> SearchSettings:
    assert step.settings is not None
    return step.settings


def _original_value(context: RunContext, step: StepConfig, subject: Subject, held_out: CachedBatches) -> Measured:
    """What the metric says of the original network; it is told."""
    assert step.dataset is not None
    before = context.measure(subject.network, held_out, step.metric)
    dataset = context.data.of(step.dataset.val, "val")
    refuse_not_finite(context.backend, subject.network, step.metric, before, held_out, dataset, "val")
    value, error = shown_value(before.value), f" +- {shown_value(before.error)}" if before.error else ""
    context.reporter.say(
        f"{step.name}: before pruning {step.metric} {value}{error} on {before.samples:,} held-out images"
    )
    return before


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


def _cost_meters(
    context: RunContext, step: StepConfig, subject: Subject, space: SearchSpace, target: Target | None
) -> list[CostMeter]:
    """What measures the costs that the reward looks at and that are not priced."""
    assert step.objective is not None
    if not step.objective.measured:
        return []
    smallest = subject.backend.prune(subject.network, subject.graph, space.plan(space.lowest))
    return cost_meters(context.reporter, context.folder.step(step.name), step, subject, smallest, target)
