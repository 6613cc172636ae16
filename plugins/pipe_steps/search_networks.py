"""Tests, prices and writes the networks that a search leaves: the original and the best trials."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from prunekit.core.backend import Network
from prunekit.core.config import StepConfig
from prunekit.core.cost import price
from prunekit.core.metric import Measured
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.description import Description, layer_rows, save_network
from prunekit.core.pipeline.errors import error_location
from prunekit.core.pipeline.original_outputs import refuse_not_finite
from prunekit.core.pipeline.reports import held_out_figures, record, tested_figures
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.search.trial import Record
from prunekit.plugins.pipe_steps.search_setup import PreparedSearch


def original_figures(context: RunContext, step: StepConfig, setup: PreparedSearch) -> dict[str, Any]:
    """Test the original network, so that it can be compared with.

    Raises:
        RunError: Its outputs are not finite.
        DataError: Something is wrong with the test data.
    """
    assert step.dataset is not None
    costs = {key: value for reference in setup.references for key, value in reference.figures().items()}
    split, network = step.dataset.test, setup.subject.network
    tested = context.measure(network, context.data.batches(split, "test"), step.metric)
    dataset, again = context.data.of(split, "test"), context.data.batches(split, "test")
    with error_location(step.where):
        refuse_not_finite(context.backend, network, step.metric, tested, again, dataset, "test")
    return _figures(setup, step.metric, tested, None, costs)


def keep_original(
    context: RunContext, step: StepConfig, setup: PreparedSearch, figures: dict[str, Any]
) -> dict[str, Any]:
    """Write the original network with its figures."""
    subject = setup.subject
    return _write(context, step, "original", subject.network, subject.description, figures)


def keep_trial(context: RunContext, step: StepConfig, setup: PreparedSearch, found: Record) -> dict[str, Any]:
    """Build one of the best again and write it."""
    assert found.trial is not None
    graph, plan, result = setup.subject.graph, found.trial.plan, found.result
    network, _ = setup.evaluator.network(found.trial)
    description = replace(
        setup.subject.description, plan=plan, ignore=graph.ignore, frozen=graph.frozen, whole_parts=graph.whole_parts,
        outputs=graph.operators.asked,
        layers=layer_rows(graph, plan),
    )  # fmt: skip
    search = held_out_figures(result)
    for reference in setup.references:
        search |= reference.recorded(result.measured)
    assert step.dataset is not None
    tested = context.measure(network, context.data.batches(step.dataset.test, "test"), step.metric)
    figures = _figures(setup, step.metric, tested, plan, search)
    return _write(context, step, str(found.id), network, description, figures)


def _figures(
    setup: PreparedSearch, metric: str, tested: Measured, plan: PrunePlan | None, search: dict[str, Any]
) -> dict[str, Any]:
    """The metric on the test split, what the search said, and the cost."""
    cost, full = price(setup.subject.graph, plan), price(setup.subject.graph)
    return {
        **tested_figures(metric, tested), **search,
        "macs": int(cost.macs), "params": int(cost.params), "activations": int(cost.activations),
        "macs_share": cost.macs / full.macs, "params_share": cost.params / full.params,
    }  # fmt: skip


def _write(
    context: RunContext,
    step: StepConfig,
    number: str,
    network: Network,
    description: Description,
    figures: dict[str, Any],
) -> dict[str, Any]:
    files = save_network(context.backend, context.folder.step(step.name), number, network, description)
    return record(step.name, number, files, figures, step.metric)
