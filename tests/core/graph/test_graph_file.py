"""A structure that was written and read is the same structure, on every small network."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_nets import CASES
from structures import assert_a_file_keeps, same

from prunekit.core.array_file import ArrayFileError
from prunekit.core.graph import channel_structure
from prunekit.core.graph.graph_file import read_graph, write_graph
from prunekit.core.graph.tracked_sizes import Attribute
from prunekit.core.value_codec import NotStorableError


@pytest.mark.parametrize("name", CASES)
def test_a_structure_is_the_same_when_it_is_read(name: str, tmp_path: Path) -> None:
    assert_a_file_keeps(CASES[name].traced(proof=False)[2], tmp_path)


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
