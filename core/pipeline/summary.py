"""The table at the end of a run: original and pruned networks side by side, and where the files lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from prunekit.core.json_file import JsonError, checked
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.latency import comparison
from prunekit.core.pipeline.reports import Reports
from prunekit.core.pipeline.run_files import ComparedNetwork, damaged
from prunekit.core.pipeline.run_folder import write_json
from prunekit.core.pipeline.subject import described_subject
from prunekit.core.search.reward import reward_class
from prunekit.core.search.settings import LatencySettings
from prunekit.core.text_table import columns
from prunekit.registry import RegistryError

_LATENCY = LatencySettings(batch_size=32, repeats=30)  # where no search says how
_COMPARED = TypeAdapter(ComparedNetwork)
_HEADER = ("network", "accuracy", "MACs", "parameters", "latency", "file size")
_ACTIVATIONS = "activations"  # a column where a budget or a reward looks at them


def summarize(context: RunContext) -> None:
    """Print the table and the paths; write the table's figures to ``output/summary.json``."""
    chosen = _chosen(context)
    if not chosen:
        write_json(context.folder.summary, [])
        return
    latency = _latency(context, chosen)
    rows = [_row(context, name, report, latency) for name, report in chosen.items()]
    header = [*_HEADER]
    cells = [_cells(row, rows[0]) for row in rows]
    if _ACTIVATIONS in _asked(context):
        header.append(_ACTIVATIONS)
        rows = [{**row, _ACTIVATIONS: chosen[row["network"]]["performance"].get(_ACTIVATIONS)} for row in rows]
        cells = [(*cell, _share(row, rows[0])) for cell, row in zip(cells, rows, strict=True)]
    for line in [*columns(header, cells, right=header[1:]), _caption(rows, context.backend.device)]:
        context.reporter.say(line)
    write_json(context.folder.summary, rows)
    for label, path in _paths(context, chosen).items():
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
        except JsonError as problem:
            raise damaged(reports.path, JsonError(f"{name}: {problem}")) from problem
    return found


def _latency(context: RunContext, chosen: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Measured latencies by network, or nothing where the backend has no estimator."""
    subjects = {
        name: described_subject(context.backend, _file(context, report, "desc_file")) for name, report in chosen.items()
    }
    settings, last = _latency_settings(context), next(reversed(subjects.values()))
    try:
        compare = comparison(context.backend, last.batch(settings.batch_size), settings)
    except RegistryError as problem:
        context.reporter.warn(f"latency is not measured: {problem}")
        return {}
    return dict(compare({name: subject.network for name, subject in subjects.items()}))


def _latency_settings(context: RunContext) -> LatencySettings:
    """As the last search measures, so that its figures and these can be compared."""
    for step in reversed(context.config.pipeline):
        settings = context.config.steps[step].settings
        if settings is not None and (settings.latency is not None or settings.measures_latency):
            return settings.latency or LatencySettings()
    return _LATENCY


def _row(context: RunContext, name: str, report: dict[str, Any], latency: dict[str, Any]) -> dict[str, Any]:
    performance, measured = report["performance"], latency.get(name)
    return {
        "network": name,
        "accuracy": performance["accuracy"],
        "macs": performance["macs"],
        "params": performance["params"],
        "latency_ms": measured.median_ms if measured else None,
        "latency_spread_ms": measured.spread_ms if measured else None,
        "latency_batch_size": measured.batch_size if measured else None,
        "latency_threads": measured.threads if measured else None,
        "file_bytes": _file(context, report, "model_path").stat().st_size,
        "desc_file": report["desc_file"],
    }


def _asked(context: RunContext) -> set[str]:
    """The costs that budgets and rewards look at."""
    found = [step.settings for step in context.config.steps.values() if step.settings is not None]
    budgets = {constraint.cost for settings in found for constraint in settings.constraints}
    return budgets | {reward_class(settings.reward_type).cost for settings in found}


def _file(context: RunContext, report: dict[str, Any], key: str) -> Path:
    """A file of a record; the task's folder may have been moved since it was written."""
    return context.folder.output / str(report["step_name"]) / Path(report[key]).name


def _cells(row: dict[str, Any], first: dict[str, Any]) -> tuple[str, ...]:
    def share(key: str, text: str) -> str:
        return text if row is first else f"{text} ({row[key] / first[key]:.0%})"

    latency = "-" if row["latency_ms"] is None else share("latency_ms", f"{row['latency_ms']:.2f} ms")
    return (
        row["network"],
        f"{row['accuracy']:.2%}",
        share("macs", f"{row['macs'] / 1e6:,.2f} M"),
        share("params", f"{row['params'] / 1e3:,.1f} K"),
        latency,
        share("file_bytes", f"{row['file_bytes'] / 1024:,.0f} KiB"),
    )


def _share(row: dict[str, Any], first: dict[str, Any]) -> str:
    value, whole = row[_ACTIVATIONS], first[_ACTIVATIONS]
    if not value or not whole:  # of a step that does not count them
        return "-"
    return f"{value / 1e3:,.1f} K" + ("" if row is first else f" ({value / whole:.0%})")


def _caption(rows: list[dict[str, Any]], device: str) -> str:
    text = "accuracy on the test split; MACs of one image"
    if rows[0]["latency_ms"] is None:
        return text
    return (
        f"{text}; latency: median of a batch of {rows[0]['latency_batch_size']} on {device},"
        f" {rows[0]['latency_threads']} CPU thread(s), networks measured in turns"
    )


def _paths(context: RunContext, chosen: dict[str, dict[str, Any]]) -> dict[str, Path]:
    """The curve, the graph and the networks, as far as they were written."""
    found: dict[str, Path] = {}
    for step in context.config.pipeline:
        folder = context.folder.output / step
        for label, names in (("curve", ("train_curve.png",)), ("graph", ("graph.svg", "graph.dot"))):
            for name in names:
                if (folder / name).exists():
                    found.setdefault(label, folder / name)
    found["networks"] = context.folder.output / context.config.pipeline[-1]
    found["report"] = context.folder.output / "reports.json"
    return found
