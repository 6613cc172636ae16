"""A structure that was written and read is the same structure, on every small network."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_nets import CASES

from prunekit.core.array_file import ArrayFileError
from prunekit.core.graph import ChannelStructure, channel_structure
from prunekit.core.graph.graph_file import read_graph, write_graph
from prunekit.core.graph.tracked_sizes import Attribute
from prunekit.core.value_codec import NotStorableError


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


@pytest.mark.parametrize("name", CASES)
def test_a_structure_is_the_same_when_it_is_read(name: str, tmp_path: Path) -> None:
    graph = CASES[name].traced(proof=False)[2]
    write_graph(tmp_path / "g", graph)
    found = read_graph(tmp_path / "g")
    assert same(found, graph) and found.signature == graph.signature
    keep = np.zeros(graph.units, dtype=bool)
    for group in graph.groups:
        keep[group.offset + group.last(range(group.size), group.nearest(group.size / 2))] = True
    assert content(found.kept(keep)) == content(graph.kept(keep))


def test_what_the_proof_found_is_kept(traced: Callable[[str], Any], tmp_path: Path) -> None:
    """Here as if it had protected a layer and a channel, too."""
    graph = next(graph for name in CASES if len((graph := traced(name)[2]).groups) > 1)
    first, second = graph.groups[:2]
    held = [(second.mids[0], 0, "stays, as a test wants")]
    changed = channel_structure(graph.operators, (), [(mid, "the proof failed") for mid in first.mids], (), held)
    changed.proven, changed.notes = frozenset({second.id}), ["proven, but for one"]
    assert changed.signature != graph.signature
    write_graph(tmp_path / "g", changed)
    found = read_graph(tmp_path / "g")
    assert same(found, changed) and found.proven == {second.id} and found.held == tuple(held)


def test_what_no_file_can_hold_is_told(traced: Callable[[str], Any], tmp_path: Path) -> None:
    class Key:
        pass

    graph = traced(next(iter(CASES)))[2]
    odd = [Attribute(3, "m", ("sizes", Key()))]
    changed = dataclasses.replace(graph, operators=dataclasses.replace(graph.operators, notes=odd))
    with pytest.raises(NotStorableError, match=r"structure cannot be written to .*Key"):
        write_graph(tmp_path / "g", changed)


def test_a_file_of_another_version_is_told(traced: Callable[[str], Any], tmp_path: Path) -> None:
    graph = traced(next(iter(CASES)))[2]
    write_graph(tmp_path / "g", graph)
    whole = (tmp_path / "g").read_bytes()
    (tmp_path / "g").write_bytes(whole.replace(graph.signature.encode(), b"0" * 64))
    with pytest.raises(ArrayFileError, match="another version of prunekit"):
        read_graph(tmp_path / "g")
    (tmp_path / "g").write_bytes(whole.replace(b'"frozen"', b'"thawed"'))
    with pytest.raises(ArrayFileError, match="is damaged"):
        read_graph(tmp_path / "g")
