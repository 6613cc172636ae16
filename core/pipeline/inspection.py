"""Inspects networks before a search: those of a yml, or any by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from prunekit.core.backend_factory import make_backend
from prunekit.core.config import RunConfig, StepConfig
from prunekit.core.cost import CostModel
from prunekit.core.cost.counting import CountedKind, CountError, OperatorCounter, compare_counts
from prunekit.core.cost.estimators import DEFAULT_COST
from prunekit.core.graph import ChannelStructure
from prunekit.core.parsing.channel_graph import ChannelGraph
from prunekit.core.pipeline.components import constructing
from prunekit.core.pipeline.datasets import Datasets
from prunekit.core.pipeline.errors import RunError, error_location
from prunekit.core.pipeline.input_spec import spec_of
from prunekit.core.pipeline.reporter import Reporter
from prunekit.core.pipeline.subject import Subject, SubjectLoader, named_subject
from prunekit.core.search.reward import priced_costs, reward_class
from prunekit.core.search.settings import SearchSettings
from prunekit.core.search.space import SearchSpace
from prunekit.registry import PrunekitError, Register, RegisterType
from prunekit.registry.errors import described


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
        counted: For each kind of operator its price and what was counted on the built network, where that was asked.
    """

    network: str
    step: str | None
    inputs: Any
    graph: ChannelGraph
    within: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    budget: str | None = None
    counted: tuple[CountedKind, ...] = ()


def inspect_config(config: RunConfig, imports: tuple[str, ...], counter: str | None = None) -> Iterator[Inspected]:
    """The network of each step of a yml that brings one.

    Args:
        config: The yml.
        imports: Modules named by ``--import``.
        counter: The cost estimator that counts the built networks, see `OperatorCounter`; None counts nothing.

    Raises:
        PrunekitError: There is none, or one cannot be built or does not run, or the budget is out of reach.
    """
    steps = [config.steps[name] for name in config.pipeline]
    chosen = [step for step in steps if step.search_algorithm is not None] or [s for s in steps if s.model is not None]
    if not chosen:
        raise RunError(f"{config.path}: no step has a network to inspect")
    backend = make_backend(config.general.backend, config.general.device_category)
    counting = _operator_counter(counter, backend.name)
    reporter = Reporter(Console(stderr=True))
    loader = SubjectLoader(backend, Datasets(backend.name, reporter.warn), reporter, steps, imports)
    for step in chosen:
        yield _inspected(step, loader.of_step(step, weights_needed=False), counting)


def _inspected(step: StepConfig, subject: Subject, counter: OperatorCounter | None) -> Inspected:
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
    return Inspected(name, step.name, spec_of(subject.inputs), graph, within, budget, _counted(subject, counter))


def inspect_model(
    name: str, params: Mapping[str, Any], inputs: Any, backend: str, device: str, counter: str | None = None
) -> Inspected:
    """Any registered network.

    Args:
        name: Its name in the registry.
        params: What its class is constructed with, as JSON values.
        inputs: What it is called with, see ``spec_of``.
        backend: The framework, by its name in the registry.
        device: ``CPU``, ``GPU`` or ``NPU``.
        counter: As for `inspect_config`.

    Raises:
        PrunekitError: There is no such network, its parameters or inputs do not fit, or the device is not there.
    """
    made = make_backend(backend, device, offer_other=True)
    counting = _operator_counter(counter, made.name)
    subject = named_subject(made, name, params, inputs)
    return Inspected(name, None, inputs, subject.graph, counted=_counted(subject, counting))


def _operator_counter(name: str | None, backend: str) -> OperatorCounter | None:
    """The cost estimator of that name.

    Raises:
        PrunekitError: There is none, or it counts no built networks.
    """
    if name is None:
        return None
    component = Register.get(RegisterType.COST_ESTIMATOR, name, backend)
    if not hasattr(component, "by_operator"):
        raise RunError(f"cost estimator {name!r} counts no operators of a built network; name one that does")
    with constructing(name):
        counter: OperatorCounter = component()
        return counter


def _counted(subject: Subject, counter: OperatorCounter | None) -> tuple[CountedKind, ...]:
    """The price of each kind of operator beside what is counted.

    Raises:
        PrunekitError: It cannot be counted.
    """
    if counter is None:
        return ()
    try:
        found = counter.by_operator(subject.network, subject.inputs, subject.backend.device)
        return compare_counts(subject.graph, found)
    except PrunekitError:
        raise
    except Exception as problem:  # another program's code, on the user's network
        raise CountError(f"{type(subject.network).__name__} cannot be counted: {described(problem)}") from problem


def _reachable(
    graph: ChannelStructure, settings: SearchSettings, seen: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """What the yml's bounds leave of each cost; raises as the search would where the budget is not within."""
    space = SearchSpace(graph, {}, settings, CostModel(graph), seen)
    costs = dict.fromkeys([*seen, *(constraint.cost for constraint in space.constraints)])
    return {cost: (space.share(cost, space.lowest), space.share(cost, space.highest)) for cost in costs}
