"""The nodes and edges of a drawing: layers, the joins where they meet, and what feeds what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prunekit.core.graph.attributes import Attributes
from prunekit.core.graph.kinds import Kind
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.structure import ChannelStructure, Layer

_FEW = 4  # joins behind the last layers that are drawn
_JOINS = (Kind.ELEMENTWISE, Kind.CONCAT, Kind.MATMUL)


@dataclass(frozen=True)
class Node:
    """A thing in the drawing.

    Attributes:
        id: Its name in the DOT text.
        module: Path of the layer's module, or of the module whose forward runs the join.
        text: What a join or an end is called; empty for layers.
        layer: The layer, or None.
    """

    id: str
    module: str
    text: str = ""
    layer: Layer | None = None


Edge = tuple[str, str]


def outline(graph: ChannelStructure) -> tuple[list[Node], list[Edge]]:
    """Nodes in the order of execution and edges, with everything that is neither layer nor join left out.

    Of a forward in training mode only the layers are drawn that evaluation does not run.
    """
    walk = _Walk(graph)
    for position, operator in enumerate(graph.operators.operators):
        walk.step(position, operator)
    nodes = {**walk.nodes, "out": Node("out", "", "output")}
    ends = [(tail, "out") for t in graph.operators.outputs for tail in sorted(walk.source.get(t, ()))]
    for layer in graph.numbered:
        nodes.setdefault(f"mid{layer.mid}", Node(f"mid{layer.mid}", layer.name, layer=layer))
    return _without_tail(*_without_dead_ends(list(nodes.values()), list(dict.fromkeys([*walk.edges, *ends]))))


class _Walk:
    """Goes along a recorded forward with, for each tensor, the drawn things that it is computed from."""

    def __init__(self, graph: ChannelStructure) -> None:
        self.layers, operators = graph.numbered, graph.operators
        self.mids = {layer.weight: layer.mid for layer in graph.numbered}
        self.weights = {t.id: t.name for t in operators.tensors if t.name in self.mids}
        self.training = operators.training_from or len(operators.operators)
        self.source: dict[int, frozenset[str]] = {t: frozenset({"in"}) for t in operators.inputs}
        self.calls: dict[tuple[str, int], frozenset[str]] = {}  # one may be recorded as several operators, not linked
        self.joins: dict[tuple[str, int], str] = {}
        read = {t for operator in operators.operators[: self.training] for t in operator.inputs}
        shapes = ", ".join("x".join(map(str, operators.tensors[t].shape)) for t in operators.inputs if t in read)
        self.nodes = {"in": Node("in", "", f"input {shapes}")}
        self.edges: dict[Edge, None] = {}

    def step(self, position: int, operator: Operator[Attributes]) -> None:
        """Take one operator into account."""
        names = [self.weights[t] for t in operator.inputs if t in self.weights]
        call = (operator.name, operator.call if operator.call >= 0 else -1 - position)
        feeds: Iterable[frozenset[str]] = [self.source[t] for t in operator.inputs if t in self.source]
        comes = frozenset().union(self.calls.get(call, ()), *feeds)
        if names and not comes:  # a view of a weight
            self.weights.update(dict.fromkeys(operator.outputs, names[0]))
            return
        if operator.kind in (Kind.CONVOLUTION, Kind.LINEAR) and names:
            layer = self.layers[self.mids[names[0]]]
            comes = self._drawn(Node(f"mid{layer.mid}", layer.name, layer=layer), comes, position)
        elif operator.kind in _JOINS and len(comes) > 1 and position < self.training:
            name = self.joins.setdefault(call, f"op{position}")
            comes = self._drawn(Node(name, operator.module, operator.name.strip("_")), comes, position)
        self.source.update(dict.fromkeys(operator.outputs, comes))
        self.calls[call] = comes

    def _drawn(self, node: Node, comes: Iterable[str], position: int) -> frozenset[str]:
        if node.id not in self.nodes or position < self.training:  # else it is drawn as it is evaluated
            self.edges.update(dict.fromkeys((tail, node.id) for tail in sorted(comes) if tail != node.id))
        self.nodes.setdefault(node.id, node)
        return frozenset({node.id})


def _without_dead_ends(nodes: Sequence[Node], edges: Sequence[Edge]) -> tuple[list[Node], list[Edge]]:
    """Leave out joins that lead nowhere, such as those of a detector's boxes that only steer what is computed."""
    kept, left = list(nodes), list(edges)
    while True:
        tails = {tail for tail, _ in left}
        dead = {node.id for node in kept if node.layer is None and node.id not in ("in", "out", *tails)}
        if not dead:
            return kept, left
        kept = [node for node in kept if node.id not in dead]
        left = [(tail, head) for tail, head in left if head not in dead]


def _without_tail(nodes: list[Node], edges: list[Edge]) -> tuple[list[Node], list[Edge]]:
    """Leave out the joins from which no layer is reached, where they are many: a detector sorting its boxes."""
    layers = {node.id for node in nodes if node.layer is not None}
    before = set(layers)
    while more := {tail for tail, head in edges if head in before} - before:
        before |= more
    tail = {node.id for node in nodes if node.id not in (*before, "in", "out")}
    if len(tail) <= _FEW:
        return nodes, edges
    found = dict.fromkeys((a, "out" if b in tail else b) for a, b in edges if a not in tail)
    return [node for node in nodes if node.id not in tail], list(found)
