"""Messages of a search: the network's structure, its trials, why nothing was found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prunekit.core.cost.measuring import Reference, shown
from prunekit.core.graph import ChannelStructure
from prunekit.core.metric import shown_value
from prunekit.core.pipeline.reporter import Reporter
from prunekit.core.report.drawing import draw
from prunekit.core.search.objective import Objective
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


def line(found: Record, metric: str, references: Sequence[Reference] = ()) -> str:
    """A trial for the log."""
    result, parts = found.result, list[str]()
    if result.status != "ok":
        parts.append(result.status)
    if result.reward is not None:
        parts.append(f"reward {result.reward:.4f}, {metric} {shown_value(result.value)}")
    if found.trial is not None:
        parts += [f"{name} {share:.1%}" for name, share in found.trial.shares.items()]
    parts += [told for each in references if (told := _measured(found, each, spread=True))]
    if result.message:
        parts.append(" ".join(result.message.split()))
    return f"episode {found.id + 1}: {', '.join(parts)}"


def short(found: Record, best: Sequence[Record], metric: str, references: Sequence[Reference] = ()) -> str:
    """A trial beside the bar: short enough for a terminal of 80 columns."""
    text = f"best {best[0].result.reward:.4f}, " if best and best[0].result.reward is not None else ""
    result = found.result
    if result.reward is None or found.trial is None:
        return f"{text}now {result.status}: {' '.join(result.message.split())}"
    costs = ", ".join(f"{name} {share:.1%}" for name, share in found.trial.shares.items())
    costs = ", ".join(filter(None, (_measured(found, each) for each in references))) or costs
    return f"{text}now {result.reward:.4f}, {metric} {shown_value(result.value, 1)}, {costs}"


def _measured(found: Record, reference: Reference, spread: bool = False) -> str:
    """A trial's measured cost; nothing where it was not measured."""
    measured, cost, unit = found.result.measured, reference.cost, reference.unit
    amount = measured.get(f"{cost}_{unit}")
    if amount is None:
        return ""
    more = f" ({measured[f'{cost}_share']:.1%}, spread {shown(measured[f'{cost}_spread_{unit}'], unit)})"
    return f"{cost} {shown(amount, unit)}{more if spread else ''}"


def nothing_found(where: str, records: Sequence[Record]) -> str:
    """Why no trial gave a network."""
    reasons = [" ".join(record.result.message.split()) for record in records if record.result.message]
    why = f"the first of them: {reasons[0]}" if reasons else "none met the budget"
    return (
        f"{where}: none of {len(records)} trials gave a network; {why}. What was tried stays so: mend it and start"
        " a new task with another -t, or go on with more train_episode"
    )


def target_missed(step: str, best: Record, objective: Objective, references: Sequence[Reference]) -> str:
    """That the best network costs more than was asked."""
    target = objective.target
    assert target is not None
    own = next(each for each in references if each.cost == target.cost)
    amount = best.result.measured[f"{own.cost}_{own.unit}"]
    return (
        f"{step}: no sampled network meets {target.parameter} {target.value:g} {own.unit}; the best, of episode"
        f" {best.id + 1}, takes {own.shown(amount)}. More episodes, lower bounds or a greater gamma of the reward may"
        " help"
    )
