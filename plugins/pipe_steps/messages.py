"""Messages of a search: the network's structure, its trials, why nothing was found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prunekit.core.graph import ChannelStructure
from prunekit.core.pipeline.reporter import Reporter
from prunekit.core.report.drawing import draw
from prunekit.core.search.latency import shown
from prunekit.core.search.trial import Record


def tell_structure(reporter: Reporter, step: str, graph: ChannelStructure, folders: Sequence[Path]) -> None:
    """Say what can be pruned, and draw the graph into each folder; the first is the step's own."""
    free = sum(1 for layer in graph.numbered if layer.group is not None)
    reporter.say(
        f"{step}: {len(graph.numbered)} layers, {free} of them prunable in {len(graph.groups)} groups;"
        f" {'; '.join(graph.notes) or 'nothing to prove'}"
    )
    for folder in folders:
        hint = draw(graph, folder / "graph.svg")
        if hint and folder == folders[0]:
            reporter.say(hint)


def line(found: Record) -> str:
    """A trial for the log."""
    result, parts = found.result, list[str]()
    if result.status != "ok":
        parts.append(result.status)
    if result.reward is not None:
        parts.append(f"reward {result.reward:.4f}, accuracy {result.accuracy:.2%}")
    if found.trial is not None:
        parts += [f"{name} {share:.1%}" for name, share in found.trial.shares.items()]
    if latency := result.measured.get("latency_ms"):
        spread, share = shown(result.measured["latency_spread_ms"]), result.measured["latency_share"]
        parts.append(f"latency {shown(latency)} ({share:.1%}, spread {spread})")
    if result.message:
        parts.append(" ".join(result.message.split()))
    return f"episode {found.id + 1}: {', '.join(parts)}"


def short(found: Record, best: Sequence[Record]) -> str:
    """A trial beside the bar: short enough for a terminal of 80 columns."""
    text = f"best {best[0].result.reward:.4f}, " if best and best[0].result.reward is not None else ""
    result = found.result
    if result.reward is None or found.trial is None:
        return f"{text}now {result.status}: {' '.join(result.message.split())}"
    costs = ", ".join(f"{name} {share:.1%}" for name, share in found.trial.shares.items())
    if latency := result.measured.get("latency_ms"):
        costs = f"latency {shown(latency)}"
    return f"{text}now {result.reward:.4f}, accuracy {result.accuracy:.1%}, {costs}"


def nothing_found(where: str, records: Sequence[Record]) -> str:
    """Why no trial gave a network."""
    reasons = [" ".join(record.result.message.split()) for record in records if record.result.message]
    why = f"the first of them: {reasons[0]}" if reasons else "none met the budget"
    return (
        f"{where}: none of {len(records)} trials gave a network; {why}. What was tried stays so: mend it and start"
        " a new task with another -t, or go on with more train_episode"
    )


def too_slow(step: str, best: Record, target_ms: float) -> str:
    """That the best network is slower than was asked."""
    return (
        f"{step}: no sampled network meets target_latency {target_ms:g} ms; the best, of episode {best.id + 1}, takes"
        f" {shown(best.result.measured['latency_ms'])}. More episodes, lower bounds or a greater agent.reward_gamma may"
        " help"
    )
