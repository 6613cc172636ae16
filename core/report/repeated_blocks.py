"""Finds repeated blocks, so that a drawing shows each once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.report.drawing_graph import Edge, Node

_NUMBERED = re.compile(r"(?:(.*)\.)?([^.\d]*)(\d+)")


@dataclass
class Folded:
    """A drawing with its repetitions taken out.

    Attributes:
        nodes: What is left, in the order of execution.
        edges: Between what is left.
        copies: For each node that stands for several, all of them, itself first.
        blocks: For the module of each block that stands for several, the modules of all of them, itself first.
    """

    nodes: list[Node]
    edges: list[Edge]
    copies: dict[str, list[Node]] = field(default_factory=dict)
    blocks: dict[str, list[str]] = field(default_factory=dict)


def fold(graph: ChannelStructure, nodes: Sequence[Node], edges: Sequence[Edge]) -> Folded:
    """Let the first of several equal blocks stand for all of them.

    Blocks are modules whose names differ in a last number only, one after the other. They are equal if they hold the
    same layers and joins, fed in the same way, and have their groups in common or of their own in the same way; what
    their first layers read may differ in width.
    """
    found = Folded(list(nodes), list(edges))
    for parent, stem in _families(nodes):
        modules = _modules(found.nodes, parent, stem)
        for run in _runs([(module, _shape(graph, found, module)) for module in modules]):
            _take_out(found, run)
    return found


def inside(node: Node, module: str) -> bool:
    """Whether a node belongs to a module or to one below it."""
    return node.module == module or node.module.startswith(f"{module}.")


def _families(nodes: Sequence[Node]) -> list[tuple[str, str]]:
    """Where numbered modules lie and what stands before their number, the outermost first."""
    paths = {
        ".".join(parts[:end])
        for node in nodes
        for parts in [node.module.split(".")]
        for end in range(1, len(parts) + 1)
    }
    matches = [_NUMBERED.fullmatch(path) for path in paths]
    found = {(match[1] or "", match[2]) for match in matches if match is not None}
    return sorted(found, key=lambda each: (each[0].count(".") + bool(each[0]), each))


def _modules(nodes: Sequence[Node], parent: str, stem: str) -> list[str]:
    """The modules of a family, by their numbers."""
    start = re.escape(f"{parent}.{stem}" if parent else stem)
    matches = [re.match(rf"({start}(\d+))(?:\.|$)", node.module) for node in nodes]
    found = {match[1]: int(match[2]) for match in matches if match is not None}
    return sorted(found, key=lambda module: found[module])


def _shape(graph: ChannelStructure, drawn: Folded, module: str) -> Any:
    """What must be the same in two blocks."""
    nodes = [node for node in drawn.nodes if inside(node, module)]
    number = {node.id: index for index, node in enumerate(nodes)}
    mids = {node.layer.mid for node in nodes if node.layer}
    own: dict[int, int] = {}
    rows = []
    for node in nodes:
        row: tuple[Any, ...] = (node.module[len(module):], node.text, len(drawn.copies.get(node.id, ())))  # fmt: skip
        if layer := node.layer:
            group = graph.group_of(layer.mid) if layer.group is not None else None
            shared = group is not None and not set(group.mids) <= mids
            token = (layer.group, None) if shared or group is None else (None, own.setdefault(group.id, len(own)))
            kept = [(reason.replace(module, ""), count) for reason, count in layer.protected]
            row += (layer.kind, layer.out_channels, layer.kernel, layer.stride, layer.depthwise, kept, token)
        rows.append(row)
    arrows = {(number.get(tail), number.get(head)) for tail, head in drawn.edges if {tail, head} & number.keys()}
    return rows, sorted(arrows, key=str)


def _runs(shapes: Sequence[tuple[str, Any]]) -> Iterator[list[str]]:
    """Neighbours of the same shape, two or more."""
    run: list[str] = []
    last = None
    for module, shape in shapes:
        if run and shape == last:
            run.append(module)
            continue
        if len(run) > 1:
            yield run
        run, last = [module], shape
    if len(run) > 1:
        yield run


def _take_out(drawn: Folded, run: Sequence[str]) -> None:
    """Leave the first block of a run."""
    columns = [[node for node in drawn.nodes if inside(node, module)] for module in run]
    copy_of = {node.id: number for number, column in enumerate(columns) for node in column}
    home = {node.id: first.id for column in columns for node, first in zip(column, columns[0], strict=True)}
    for copies in zip(*columns, strict=True):
        drawn.copies[copies[0].id] = [each for copy in copies for each in drawn.copies.pop(copy.id, [copy])]
    within = [edge for edge in drawn.edges if None in (ends := [copy_of.get(end) for end in edge]) or len({*ends}) == 1]
    drawn.edges[:] = dict.fromkeys((home.get(tail, tail), home.get(head, head)) for tail, head in within)
    drawn.nodes[:] = [node for node in drawn.nodes if copy_of.get(node.id, 0) == 0]
    for module in run[1:]:
        for inner in [each for each in drawn.blocks if each == module or each.startswith(f"{module}.")]:
            del drawn.blocks[inner]
    drawn.blocks[run[0]] = list(run)
