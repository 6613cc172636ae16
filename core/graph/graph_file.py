"""Writes a channel structure to a file and reads it in another process: what was recorded and proven, not followed.

The file holds the recorded forward and what the proof found. The couplings are followed again when it is read, which
needs neither network nor framework and gives the same ones.
"""

from __future__ import annotations

from pathlib import Path

from prunekit.core.array_file import ArrayFileError, read_arrays, write_arrays
from prunekit.core.graph.attributes import CLASSES
from prunekit.core.graph.build import channel_structure
from prunekit.core.graph.code_places import CodePlace
from prunekit.core.graph.operators import Operator, OperatorGraph, Tensor
from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.graph.tracked_sizes import Attribute, Combined, Compared, Extent, Field, Literal, Unknown
from prunekit.core.value_codec import NotStorableError

_RECORDS = (
    *CLASSES.values(), Attribute, CodePlace, Combined, Compared, Extent, Field, Literal, Operator, OperatorGraph,
    Tensor, Unknown,
)  # fmt: skip


def write_graph(path: Path, graph: ChannelStructure) -> None:
    """Write a structure.

    Raises:
        WriteError: The system refuses.
        NotStorableError: A module of the network holds a size under a key that no file can hold.
    """
    parts = {
        "operators": graph.operators, "ignore": graph.ignore, "frozen": graph.frozen, "whole_parts": graph.whole_parts,
        "held": graph.held, "proven": graph.proven, "notes": graph.notes, "signature": graph.signature,
    }  # fmt: skip
    try:
        write_arrays(path, parts, _RECORDS)
    except NotStorableError as problem:
        raise NotStorableError(f"the network's structure cannot be written to {path}: it holds {problem}") from problem


def read_graph(path: Path) -> ChannelStructure:
    """The structure that `write_graph` wrote.

    Raises:
        ArrayFileError: The file is missing or damaged.
    """
    parts = read_arrays(path, _RECORDS)
    try:
        found = channel_structure(
            parts["operators"], parts["ignore"], parts["frozen"], parts["whole_parts"], parts["held"]
        )
        found.proven, found.notes = parts["proven"], parts["notes"]
    except (AttributeError, LookupError, TypeError, ValueError) as problem:
        raise ArrayFileError(f"{path} is damaged: {problem}") from problem
    if found.signature != parts["signature"]:
        raise ArrayFileError(f"{path}: another version of prunekit has written it, which follows channels otherwise")
    return found
