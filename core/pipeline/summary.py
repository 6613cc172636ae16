"""The table at the end of a run: original and pruned networks side by side, and where the files lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from prunekit.core.backend import Network
from prunekit.core.config import ComponentSpec
from prunekit.core.cost import Turns
from prunekit.core.json_file import JsonError, checked
from prunekit.core.metric import shown_value
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.measured_costs import Measuring
from prunekit.core.pipeline.predictions import FOLDER, draw_predictions
from prunekit.core.pipeline.reports import Reports
from prunekit.core.pipeline.run_files import ComparedNetwork, Number, damaged
from prunekit.core.pipeline.run_folder import write_json
from prunekit.core.pipeline.subject import Subject, described_subject
from prunekit.core.search.reward import priced_costs, reward_class
from prunekit.core.text_table import columns
from prunekit.registry import PrunekitError, RegisterType
from prunekit.registry.errors import described

DEFAULT = "latency"  # the measured cost that every table has
_LATENCY = ComponentSpec(RegisterType.COST_ESTIMATOR, DEFAULT, {"batch_size": 32, "repeats": 30})
_REPORTED = ("activations",)  # beside MACs and parameters, which every table has
_COMPARED = TypeAdapter(ComparedNetwork)
_VALUE: TypeAdapter[int | float] = TypeAdapter(Number)


def summarize(context: RunContext) -> None:
    """Print the table and the paths; write the table's figures to ``output/summary.json``."""
    chosen = _chosen(context)
    if not chosen:
        write_json(context.folder.summary, [])
        return
    subjects = {
        name: described_subject(context.backend, _file(context, report, "desc_file")) for name, report in chosen.items()
    }
    costs, priced = _measured(context, subjects), _priced(context)
    rows = [_row(context, name, report, costs, priced) for name, report in chosen.items()]
    cells = [_cells(row, rows[0], costs, priced) for row in rows]
    header = ("network", rows[0]["metric"], "MACs", "parameters", *priced, *(costs or (DEFAULT,)), "file size")
    last = next(reversed(subjects.values()))
    for line in [*columns(header, cells, right=header[1:]), _caption(rows, costs, context.backend.device, last)]:
        context.reporter.say(line)
    write_json(context.folder.summary, rows)
    _draw(context, {name: each.network for name, each in subjects.items()})
    for label, path in _paths(context).items():
        context.reporter.say(f"{label:<10}{path}")


def _chosen(context: RunContext) -> dict[str, dict[str, Any]]:
    """The original of the last search, then the networks of the last step."""
    reports = Reports(context.folder)
    found: dict[str, dict[str, Any]] = {}
    for step in context.config.pipeline:
        for report in reports.records(step):
            if report["worker_id"] == "original":
                found = {"original": report}
    for report in reports.records(context.config.pipeline[-1]):
        if report["worker_id"] != "original":
            found[f"{context.config.pipeline[-1]} {report['worker_id']}"] = report
    for name, report in found.items():
        try:
            checked(_COMPARED, report)
            checked(_VALUE, report["performance"].get(report["objective_keys"][0]))
        except JsonError as problem:
            raise damaged(reports.path, JsonError(f"{name}: {problem}")) from problem
    return found


@dataclass(frozen=True)
class _Measured:
    """One measured cost of all networks of the table."""

    unit: str
    turns: Mapping[str, Turns]

    def figures(self, cost: str, network: str) -> dict[str, float]:
        found = self.turns[network]
        conditions = {f"{cost}_{name}": value for name, value in found.conditions.items()}
        return {f"{cost}_{self.unit}": found.median, f"{cost}_spread_{self.unit}": found.spread, **conditions}


def _draw(context: RunContext, networks: Mapping[str, Network]) -> None:
    """Pictures of what the networks find, where they are detectors or segmenters."""
    try:
        draw_predictions(context, networks)
    except Exception as problem:  # the dataset and the networks are their authors' code, and everything is computed
        why = str(problem) if isinstance(problem, PrunekitError) else described(problem)
        context.reporter.warn(f"predictions are not drawn: {why}")


def _measured(context: RunContext, subjects: dict[str, Subject]) -> dict[str, _Measured]:
    """The measured costs of the networks, by the costs' names; one that cannot be measured is told and left out."""
    last, networks = next(reversed(subjects.values())), {name: each.network for name, each in subjects.items()}
    found = {}
    for spec in _costs(context):
        try:
            how = Measuring.of(spec, context.backend, last.batch)
            found[spec.name] = _Measured(how.unit, dict(how.compare(networks)))
        except Exception as problem:  # an estimator is its author's code, and everything has been computed
            why = str(problem) if isinstance(problem, PrunekitError) else described(problem)
            context.reporter.warn(f"{spec.name} is not measured: {why}")
    return found


def _costs(context: RunContext) -> list[ComponentSpec]:
    """The costs that the last search names, measured as it does so that its figures can be compared; and latency."""
    specs: dict[str, ComponentSpec] = {}
    for step in context.config.pipeline:
        objective = context.config.steps[step].objective
        specs = dict(objective.costs) if objective is not None else specs
    return [specs.pop(DEFAULT, _LATENCY), *specs.values()]


def _row(
    context: RunContext, name: str, report: dict[str, Any], costs: Mapping[str, _Measured], priced: Sequence[str]
) -> dict[str, Any]:
    performance, metric = report["performance"], report["objective_keys"][0]
    figures = {key: value for cost, each in costs.items() for key, value in each.figures(cost, name).items()}
    return {
        "network": name,
        "metric": metric,
        metric: performance[metric],
        "macs": performance["macs"],
        "params": performance["params"],
        **{cost: performance.get(cost) for cost in priced},
        **figures,
        "file_bytes": _file(context, report, "model_path").stat().st_size,
        "desc_file": report["desc_file"],
    }


def _priced(context: RunContext) -> list[str]:
    """The further priced costs that budgets and rewards look at, as far as every step reports them."""
    asked = dict[str, None]()
    for step in context.config.steps.values():
        asked |= dict.fromkeys(constraint.cost for constraint in (step.settings.constraints if step.settings else ()))
        if step.objective is not None:
            reward = reward_class(step.objective.reward.name)
            asked |= dict.fromkeys(priced_costs(reward, context.backend.name))
    return [name for name in asked if name in _REPORTED]


def _file(context: RunContext, report: dict[str, Any], key: str) -> Path:
    """A file of a record; the task's folder may have been moved since it was written."""
    return context.folder.output / str(report["step_name"]) / Path(report[key]).name


def _cells(
    row: dict[str, Any], first: dict[str, Any], costs: Mapping[str, _Measured], priced: Sequence[str]
) -> tuple[str, ...]:
    def share(key: str, text: str) -> str:
        return text if row is first or not first[key] else f"{text} ({row[key] / first[key]:.0%})"

    metric, keys = row["metric"], {f"{cost}_{each.unit}": each.unit for cost, each in costs.items()}
    value = shown_value(row[metric])
    return (
        row["network"],
        value if metric == first["metric"] else f"{metric} {value}",
        share("macs", f"{row['macs'] / 1e6:,.2f} M"),
        share("params", f"{row['params'] / 1e3:,.1f} K"),
        *(share(cost, f"{row[cost] / 1e3:,.1f} K") if row[cost] else "-" for cost in priced),
        *([share(key, f"{row[key]:.2f} {unit}") for key, unit in keys.items()] or ["-"]),
        share("file_bytes", f"{row['file_bytes'] / 1024:,.0f} KiB"),
    )


def _caption(rows: list[dict[str, Any]], costs: Mapping[str, _Measured], device: str, last: Subject) -> str:
    text = f"{rows[0]['metric']} on the test split; MACs of one image{_size(last)}"
    for cost, each in costs.items():
        told = ", ".join(f"{name} {value:g}" for name, value in next(iter(each.turns.values())).conditions.items())
        text += f"; {cost}: median on {device}{told and f' ({told})'}, networks measured in turns"
    return text


def _size(subject: Subject) -> str:
    """The shape of what a network is called with, where that is one array: MACs depend on it."""
    inputs = subject.batch(1)
    return f" ({'x'.join(map(str, inputs.shape[1:]))})" if isinstance(inputs, np.ndarray) else ""


def _paths(context: RunContext) -> dict[str, Path]:
    """The curve, the graph, the pictures and the networks, as far as they were written."""
    found: dict[str, Path] = {}
    for step in context.config.pipeline:
        folder = context.folder.output / step
        for label, names in (("curve", ("train_curve.png",)), ("graph", ("graph.svg", "graph.dot"))):
            for name in names:
                if (folder / name).exists():
                    found.setdefault(label, folder / name)
    if any((context.folder.output / FOLDER).glob("*.png")):
        found["pictures"] = context.folder.output / FOLDER
    found["networks"] = context.folder.output / context.config.pipeline[-1]
    found["report"] = context.folder.output / "reports.json"
    return found
