"""Shows the structure of a yml's networks before anyone starts a search."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from prunekit.core.config import RunConfig
from prunekit.core.cost import CostModel
from prunekit.core.graph import ChannelGraph
from prunekit.core.graph.drawing import draw
from prunekit.core.hooks import Hooks
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.errors import RunError, told_at
from prunekit.core.pipeline.original import example_inputs, original
from prunekit.core.pipeline.progress import Reporter
from prunekit.core.pipeline.run_folder import RunFolder
from prunekit.core.pruning.proof import parse
from prunekit.core.search.settings import SearchSettings
from prunekit.core.search.space import SearchSpace
from prunekit.registry import Register, RegisterType


def inspect_config(config: RunConfig, picture: Path | None, imports: tuple[str, ...]) -> Iterator[str]:
    """The table of each network that a step brings, line by line; ``picture`` is drawn for the first one."""
    backend: Any = Register.get(RegisterType.BACKEND, config.general.backend)(config.general.device_category)
    steps = [config.steps[name] for name in config.pipeline]
    steps = [step for step in steps if step.search_algorithm is not None] or [s for s in steps if s.model is not None]
    if not steps:
        raise RunError(f"{config.path}: no step has a network to inspect")
    with TemporaryDirectory() as folder:
        reporter = Reporter(Console(stderr=True), Path(folder) / "log")
        context = RunContext(config, RunFolder(Path(folder)), backend, reporter, Hooks(reporter.warn), imports)
        try:
            for step in steps:
                network, _ = original(context, step, weights_needed=False)
                graph = parse(backend, network, example_inputs(context, step))
                yield f"{step.name}: {step.model.network.name if step.model and step.model.network else 'network'}"
                yield graph.table()
                if step.settings is not None and step.search_algorithm is not None and graph.groups:
                    with told_at(step.search_algorithm.where):
                        yield from _reachable(graph, step.settings)
                if picture is not None:
                    hint = draw(graph, picture)
                    yield hint or f"wrote {picture}"
                    picture = None
        finally:
            reporter.close()


def _reachable(graph: ChannelGraph, settings: SearchSettings) -> Iterator[str]:
    """What the yml's bounds leave of each cost, and whether the budget is within; raises as the search would."""
    space = SearchSpace(graph, {}, settings, CostModel(graph))
    for cost in dict.fromkeys([space.cost, *(constraint.cost for constraint in space.constraints)]):
        least, most = space.share(cost, space.lowest), space.share(cost, space.highest)
        yield f"within the bounds the search keeps {least:.1%} to {most:.1%} of the {cost}"
    if settings.budget is not None:
        yield f"budget {settings.budget}: within reach"
