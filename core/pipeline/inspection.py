"""Shows the structure of a network before anyone starts a search: those of a yml, or any by its name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from prunekit.core.config import RunConfig
from prunekit.core.cost import CostModel
from prunekit.core.hooks import Hooks
from prunekit.core.parsing.channel_graph import ChannelGraph
from prunekit.core.parsing.parse import parse
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.description import example, spec_of
from prunekit.core.pipeline.errors import RunError, error_location
from prunekit.core.pipeline.example_inputs import example_inputs
from prunekit.core.pipeline.lookup import named_backend, named_network
from prunekit.core.pipeline.reporter import Reporter
from prunekit.core.pipeline.run_folder import RunFolder
from prunekit.core.pipeline.subject import original
from prunekit.core.search.settings import SearchSettings
from prunekit.core.search.space import SearchSpace
from prunekit.registry import PrunekitError


@dataclass(frozen=True)
class Inspected:
    """What was found out about a network.

    Attributes:
        network: Its name in the registry.
        step: The step of the yml that names it, or None.
        inputs: What it was called with, as `prunekit.core.pipeline.description.spec_of` says it.
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
    steps = [step for step in steps if step.search_algorithm is not None] or [s for s in steps if s.model is not None]
    if not steps:
        raise RunError(f"{config.path}: no step has a network to inspect")
    backend = named_backend(config.general.backend, config.general.device_category)
    with TemporaryDirectory() as folder:
        reporter = Reporter(Console(stderr=True), Path(folder) / "log")
        context = RunContext(config, RunFolder(Path(folder)), backend, reporter, Hooks(reporter.warn), imports)
        try:
            for step in steps:
                network, description = original(context, step, weights_needed=False)
                inputs = example_inputs(context, step, network)
                whole_parts = step.settings.networkparser.whole_parts if step.settings is not None else ()
                graph = parse(backend, network, inputs, leaf_modules=description.leaf_modules, whole_parts=whole_parts)
                within: dict[str, tuple[float, float]] = {}
                if step.settings is not None and step.search_algorithm is not None and graph.groups:
                    with error_location(step.search_algorithm.where):
                        within = _reachable(graph, step.settings)
                name = step.model.network.name if step.model and step.model.network else "network"
                budget = str(step.settings.budget) if within and step.settings and step.settings.budget else None
                yield Inspected(name, step.name, spec_of(inputs), graph, within, budget)
        finally:
            reporter.close()


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
    maker = named_backend(backend, device, choice=True)
    network = named_network(maker, name, params)
    try:
        values = example(inputs)
        for _ in maker.run(network, [(values, None)]):
            pass
    except PrunekitError:
        raise
    except Exception as problem:  # such as images with another number of channels
        raise RunError(
            f"{name} does not run on inputs {json.dumps(inputs)}: {type(problem).__name__}: {problem}"
        ) from problem
    return Inspected(name, None, inputs, parse(maker, network, values))


def _reachable(graph: ChannelGraph, settings: SearchSettings) -> dict[str, tuple[float, float]]:
    """What the yml's bounds leave of each cost; raises as the search would where the budget is not within."""
    space = SearchSpace(graph, {}, settings, CostModel(graph))
    costs = dict.fromkeys([space.cost, *(constraint.cost for constraint in space.constraints)])
    return {cost: (space.share(cost, space.lowest), space.share(cost, space.highest)) for cost in costs}
