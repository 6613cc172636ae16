"""The channel graph as a table for people."""

from __future__ import annotations

import numpy as np

from prunekit.core.cost import CostModel
from prunekit.core.graph.channel_graph import ChannelGraph, Layer
from prunekit.core.tables import columns

HEADER = ("mid", "module", "group", "channels", "prunable", "MACs %", "params %", "kept because it")


def rows(graph: ChannelGraph) -> list[tuple[str, ...]]:
    """One row of texts for each layer, in the columns of ``HEADER``."""
    macs, params = (sum(getattr(x, name) for x in graph.layers) or 1 for name in ("macs", "params"))
    return [_row(layer, macs, params) for layer in graph.layers]


def reach(graph: ChannelGraph) -> str:
    """The range of cost that pruning can reach, in one line for each cost."""
    model = CostModel(graph)
    least = model.estimate(np.ones(len(graph.groups), dtype=np.int64))
    parts = [
        f"{name}: {getattr(model.full, key):,.0f}, down to {getattr(least, key):,.0f}"
        f" ({getattr(least, key) / max(getattr(model.full, key), 1):.1%}) with one unit left in every group"
        for name, key in (("MACs", "macs"), ("parameters", "params"))
    ]
    return "\n".join(parts)


def as_text(graph: ChannelGraph) -> str:
    """The table, the reachable cost and what the proof found; columns are as wide as they need to be."""
    lines = columns(HEADER, rows(graph), right=set(HEADER) - {"module", "kept because it"})
    return "\n".join([*lines, reach(graph), *graph.notes])


def _row(layer: Layer, macs: int, params: int) -> tuple[str, ...]:
    kept = sum(count for _, count in layer.protected)
    reasons = "; ".join(f"{reason} ({count})" if count < layer.out_channels else reason
                        for reason, count in layer.protected)  # fmt: skip
    return (
        str(layer.mid),
        layer.name,
        "-" if layer.group is None else str(layer.group),
        str(layer.out_channels),
        str(layer.out_channels - kept),
        f"{100 * layer.macs / macs:.1f}",
        f"{100 * layer.params / params:.1f}",
        reasons,
    )
