"""The channel graph as a table for people, and as JSON for programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from math import prod
from typing import Any

import numpy as np

from prunekit.core.cost import CostModel
from prunekit.core.graph.flips import flips
from prunekit.core.graph.structure import NO_MID, ChannelStructure, Group, Layer
from prunekit.core.text_table import columns

HEADER = ("mid", "module", "group", "channels", "prunable", "MACs %", "params %", "kept because it")
COSTS = (("MACs", "macs"), ("parameters", "params"))
ACTIVATIONS = ("activations", "activations")  # told where they are asked for


def rows(graph: ChannelStructure) -> list[tuple[str, ...]]:
    """One row of texts for each layer, in the columns of ``HEADER``."""
    macs, params = _totals(graph)
    return [_row(layer, macs, params) for layer in graph.layers]


def reach(graph: ChannelStructure, costs: Sequence[tuple[str, str]] = COSTS) -> str:
    """The range of cost that pruning can reach, in one line for each cost."""
    return "\n".join(
        f"{name}: {full:,.0f}, down to {least:,.0f} ({least / max(full, 1):.1%}) with one unit left in every group"
        for (name, _), (full, least) in zip(costs, _ranges(graph, costs).values(), strict=True)
    )


def as_text(graph: ChannelStructure, activations: bool = False) -> str:
    """The table, the reachable cost and what the proof found; columns are as wide as they need to be.

    Args:
        graph: What to show.
        activations: Whether to show, beside MACs and parameters, the elements that the layers write.
    """
    header, cells, costs = list(HEADER), [list(row) for row in rows(graph)], list(COSTS)
    if activations:
        costs.append(ACTIVATIONS)
        for row, share in zip([header, *cells], ["activations %", *_written(graph)], strict=True):
            row.insert(-1, share)
    lines = columns(header, cells, right=set(header) - {"module", "kept because it"})
    return "\n".join([*lines, *elsewhere(graph), reach(graph, costs), *choices(graph), *compared(graph), *graph.notes])


def summary(graph: ChannelStructure) -> str:
    """What there is and how much of it can go, in a line."""
    channels, free = sum(layer.out_channels for layer in graph.layers), sum(map(prunable, graph.layers))
    told = [f"{len(graph.layers)} layers, {len(graph.groups)} groups, {free} of {channels} channels prunable"]
    return "; ".join([*told, *graph.notes])


def elsewhere(graph: ChannelStructure) -> list[str]:
    """What the rows leave out of the totals, in a line, if it is worth one."""
    macs, params = _totals(graph)
    rest = (1 - sum(x.macs for x in graph.layers) / macs, 1 - sum(x.params for x in graph.layers) / params)
    named = zip(rest, ("MACs (products of activations)", "parameters (embeddings, positions, norms)"), strict=True)
    told = [f"{share:.1%} of the {what}" for share, what in named if share >= 0.01]
    return [f"in no layer above: {', '.join(told)}"] if told else []


def choices(graph: ChannelStructure) -> list[str]:
    """Where code splits channels into parts: what goes there, and how to have the other, in a line for each."""
    found: dict[bool, dict[str, None]] = {False: {}, True: {}}
    for choice in graph.choices:
        if choice.groups:
            module = choice.name.rpartition("#")[0] or "the network"
            found[choice.whole][re.sub(r"\b\d+\b", "*", module)] = None
    told = (
        "positions within every part go (of attention: width of every head); whole ones by networkparser.whole_parts",
        "whole parts go (of attention: heads)",
    )
    return [f"{', '.join(found[whole])}: {told[whole]}" for whole in (False, True) if found[whole]]


def compared(graph: ChannelStructure) -> list[str]:
    """Where the code compares sizes so that the smallest network would be another function, in a line."""
    smallest = np.zeros(graph.units, dtype=bool)
    smallest[[group.offset for group in graph.groups]] = True
    places = ", ".join(dict.fromkeys(found.comparison.place for found in flips(graph, smallest)))
    return [f"plans keep what comes of {places}"] if places else []


def as_json(graph: ChannelStructure) -> dict[str, Any]:
    """What the table says and what it has no room for, as JSON values.

    Unit number ``u`` of the graph is the one of the group with ``first <= u < first + units``. An axis names for each
    of its indices the unit that owns it, or -1: when a unit goes, all that it owns goes with it.
    """
    macs, params = _totals(graph)
    return {
        "cost": {key: {"full": full, "least": least} for key, (full, least) in _ranges(graph).items()},
        "layers": [_layer(layer, macs, params) for layer in graph.layers],
        "groups": [_group(group, graph) for group in graph.groups],
        "axes": [
            {"parameter": axis.parameter, "axis": axis.axis, "units": axis.units.tolist()}
            for axis in graph.axes
            if (axis.units >= 0).any()
        ],
        "choices": [
            {"name": each.name, "groups": sorted(each.groups), "whole_parts": each.whole} for each in graph.choices
        ],
        "notes": list(graph.notes),
    }


def prunable(layer: Layer) -> int:
    """How many of a layer's channels may go."""
    return layer.out_channels - sum(count for _, count in layer.protected)


def reasons(layer: Layer) -> str:
    """Why channels of a layer stay, with how many where it is not all of them."""
    return "; ".join(
        f"{reason} ({count})" if count < layer.out_channels else reason for reason, count in layer.protected
    )


def _totals(graph: ChannelStructure) -> tuple[int, int]:
    full = CostModel(graph).full
    return round(full.macs) or 1, round(full.params) or 1


def _ranges(graph: ChannelStructure, costs: Sequence[tuple[str, str]] = COSTS) -> dict[str, tuple[int, int]]:
    model = CostModel(graph)
    least = model.estimate(np.ones(len(graph.groups), dtype=np.int64))
    return {key: (round(getattr(model.full, key)), round(getattr(least, key))) for _, key in costs}


def _written(graph: ChannelStructure) -> list[str]:
    """For each layer its share of the activations; nothing for those without a number."""
    whole, found = CostModel(graph).full.activations or 1, dict[int | None, float]()
    for work in graph.work:
        elements = work.written * prod(units.size for units in work.output)
        found[work.layer] = found.get(work.layer, 0.0) + elements
    return ["-" if x.mid == NO_MID else f"{100 * found.get(x.mid, 0.0) / whole:.1f}" for x in graph.layers]


def _layer(layer: Layer, macs: int, params: int) -> dict[str, Any]:
    return {
        **asdict(layer),
        "prunable": prunable(layer),
        "macs_share": layer.macs / macs,
        "params_share": layer.params / params,
        "protected": [{"reason": reason, "channels": count} for reason, count in layer.protected],
    }


def _group(group: Group, graph: ChannelStructure) -> dict[str, Any]:
    return {
        "id": group.id,
        "mids": list(group.mids),
        "modules": [graph.layers[mid].name for mid in group.mids],
        "units": group.size,
        "first": group.offset,
        "channels_per_unit": group.per_unit,
        "fixed_channels": group.fixed,
        "proven": group.id in graph.proven,
    }


def _row(layer: Layer, macs: int, params: int) -> tuple[str, ...]:
    return (
        "-" if layer.mid == NO_MID else str(layer.mid),
        layer.name,
        "-" if layer.group is None else str(layer.group),
        str(layer.out_channels),
        str(prunable(layer)),
        f"{100 * layer.macs / macs:.1f}",
        f"{100 * layer.params / params:.1f}",
        reasons(layer),
    )
