"""Compares channel structures to the last bit."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from prunekit.core.graph import ChannelStructure
from prunekit.core.graph.graph_file import read_graph, write_graph


def content(value: Any) -> Any:
    """Everything in a structure, with arrays as their bits; orders and quotas are told by what they say."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value) if field.name not in ("arrangement", "quotas")]
        quotas = getattr(value, "quotas", None)
        parts = [content(getattr(value, name)) for name in names]
        return type(value).__name__, parts, quotas and (list(quotas.counts), quotas.kinds.tolist())
    if isinstance(value, Mapping):
        return [(content(key), content(part)) for key, part in value.items()]
    return [content(part) for part in value] if isinstance(value, (list, tuple)) else value


def same(one: ChannelStructure, other: ChannelStructure) -> bool:
    names = [field.name for field in dataclasses.fields(ChannelStructure)]
    parts = [content(ChannelStructure(**{name: getattr(each, name) for name in names})) for each in (one, other)]
    return bool(parts[0] == parts[1])


def assert_a_file_keeps(graph: ChannelStructure, folder: Path) -> None:
    """Assert that a structure that is written and read is the same, in what it keeps of a plan too."""
    write_graph(folder / "graph", graph)
    found = read_graph(folder / "graph")
    assert same(found, graph) and found.signature == graph.signature
    keep = np.zeros(graph.units, dtype=bool)
    for group in graph.groups:
        keep[group.offset + group.last(range(group.size), group.nearest(group.size / 2))] = True
    assert content(found.kept(keep)) == content(graph.kept(keep))
