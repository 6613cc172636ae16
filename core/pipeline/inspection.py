"""Inspects networks before a search: those of a yml, or any by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from prunekit.core.backend_factory import make_backend
from prunekit.core.config import RunConfig, StepConfig
from prunekit.core.cost import CostModel
from prunekit.core.cost.estimators import DEFAULT_COST
from prunekit.core.graph import ChannelStructure
from prunekit.core.parsing.channel_graph import ChannelGraph
from prunekit.core.pipeline.datasets import Datasets
from prunekit.core.pipeline.errors import RunError, error_location
from prunekit.core.pipeline.input_spec import spec_of
from prunekit.core.pipeline.reporter import Reporter
from prunekit.core.pipeline.subject import Subject, SubjectLoader, named_subject
from prunekit.core.search.reward import priced_costs, reward_class
from prunekit.core.search.settings import SearchSettings
from prunekit.core.search.space import SearchSpace


@dataclass(frozen=True)
class Inspected:
    """What was found out about a network.

    Attributes:
        network: Its name in the registry.
        step: The step of the yml that names it, or None.
        inputs: What it was called with, as `prunekit.core.pipeline.input_spec.spec_of` says it.
        graph: Its structure.
        within: For each cost that the yml bounds, the least and the largest share that its search keeps.
        budget: The yml's budget, which is within reach.
    """

    network: str
    step: str | None
    inputs: Any
    graph: ChannelGraph
    within: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    budget: str | None = None


def inspect_config(config: RunConfig, imports: tuple[str, ...]) -> Iterator[Inspected]:
    """The network of each step of a yml that brings one.

    Raises:
        PrunekitError: There is none, or one cannot be built or does not run, or the budget is out of reach.
    """
    steps = [config.steps[name] for name in config.pipeline]
    chosen = [step for step in steps if step.search_algorithm is not None] or [s for s in steps if s.model is not None]
    if not chosen:
        raise RunError(f"{config.path}: no step has a network to inspect")
    backend = make_backend(config.general.backend, config.general.device_category)
    loader = SubjectLoader(backend, Datasets(backend.name), Reporter(Console(stderr=True)), steps, imports)
    for step in chosen:
        yield _inspected(step, loader.of_step(step, weights_needed=False))


def _inspected(step: StepConfig, subject: Subject) -> Inspected:
    graph, settings = subject.graph, step.settings
    within: dict[str, tuple[float, float]] = {}
    if settings is not None and step.search_algorithm is not None and graph.groups:
        with error_location(step.search_algorithm.where):
            costs: tuple[str, ...] = (DEFAULT_COST,)
            if step.objective is not None:
                costs = priced_costs(reward_class(step.objective.reward.name), subject.backend.name)
            within = _reachable(graph, settings, costs)
    name = step.model.network.name if step.model and step.model.network else "network"
    budget = str(settings.budget) if within and settings and settings.budget else None
    return Inspected(name, step.name, spec_of(subject.inputs), graph, within, budget)


def inspect_model(name: str, params: Mapping[str, Any], inputs: Any, backend: str, device: str) -> Inspected:
    """Any registered network.

    Args:
        name: Its name in the registry.
        params: What its class is constructed with, as JSON values.
        inputs: What it is called with, see ``spec_of``.
        backend: The framework, by its name in the registry.
        device: ``CPU``, ``GPU`` or ``NPU``.

    Raises:
        PrunekitError: There is no such network, its parameters or inputs do not fit, or the device is not there.
    """
    subject = named_subject(make_backend(backend, device, offer_other=True), name, params, inputs)
    return Inspected(name, None, inputs, subject.graph)


def _reachable(
    graph: ChannelStructure, settings: SearchSettings, seen: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """What the yml's bounds leave of each cost; raises as the search would where the budget is not within."""
    space = SearchSpace(graph, {}, settings, CostModel(graph), seen)
    costs = dict.fromkeys([*seen, *(constraint.cost for constraint in space.constraints)])
    return {cost: (space.share(cost, space.lowest), space.share(cost, space.highest)) for cost in costs}
