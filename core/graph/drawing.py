"""Draws the channel graph: layers by mid, coloured by group, as they feed each other."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from prunekit.core.graph.channel_graph import ChannelGraph, Layer
from prunekit.core.graph.operators import Kind
from prunekit.core.writing import whole_file, write

_JOINS = (Kind.ELEMENTWISE, Kind.CONCAT, Kind.MATMUL)
_COLOURS = ("#cfe8ff", "#d9f2d0", "#fff1c4", "#fbd9d3", "#e6dcf5", "#d5f0ee", "#f6dcee", "#ece8d6")
_PROTECTED = "#eeeeee"


def dot_source(graph: ChannelGraph) -> str:
    """The drawing as text in the DOT language. Layers of one group share a colour; grey ones keep all channels."""
    import graphviz  # drawing is rare; starting up must not pay for it

    drawing = graphviz.Digraph(graph_attr={"rankdir": "TB", "ranksep": "0.25"})
    drawing.attr("node", shape="box", style="filled,rounded", fontname="Helvetica", fontsize="10", margin="0.08,0.04")
    for layer in graph.layers:
        drawing.node(f"mid{layer.mid}", _label(layer), fillcolor=_colour(graph, layer))
    for name, label in (("in", "input"), ("out", "output")):
        drawing.node(name, label, shape="plaintext", style="")
    joins, edges = _edges(graph)
    for node, label in joins.items():
        drawing.node(node, label, shape="ellipse", style="filled", fillcolor="white")
    for tail, head in edges:
        drawing.edge(tail, head)
    return str(drawing.source)


def draw(graph: ChannelGraph, path: Path) -> str | None:
    """Write ``path`` (its suffix says the format) and the DOT text beside it; return a hint if only the text could be.

    The picture needs the ``dot`` program of Graphviz, which pip does not bring.
    """
    source, text = dot_source(graph), path.with_suffix(".dot")
    write(text, source)
    if path.suffix in ("", ".dot"):
        return None
    if shutil.which("dot") is None:
        return f"wrote {text}; for {path.name} install Graphviz (its 'dot' program is not on the PATH)"
    import graphviz

    picture = graphviz.Source(source).pipe(format=path.suffix[1:])
    with whole_file(path) as file:
        file.write(picture)
    return None


def _label(layer: Layer) -> str:
    kept = sum(count for _, count in layer.protected)
    group = "kept" if layer.group is None else f"group {layer.group}, {layer.out_channels - kept} can go"
    return f"{layer.mid}  {layer.name}\n{layer.in_channels} > {layer.out_channels}, {group}"


def _colour(graph: ChannelGraph, layer: Layer) -> str:
    if layer.group is None:
        return _PROTECTED
    position = [group.id for group in graph.groups].index(layer.group)
    return _COLOURS[position % len(_COLOURS)]


def _edges(graph: ChannelGraph) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Joins (operators where several layers meet) and edges, with everything in between left out."""
    mids = {layer.weight: layer.mid for layer in graph.layers}
    tensors = graph.operators.tensors
    weight_of = {t.id: t.name for t in tensors if t.name in mids}
    source: dict[int, frozenset[str]] = {t: frozenset({"in"}) for t in graph.operators.inputs}
    joins, edges = dict[str, str](), dict[tuple[str, str], None]()
    for position, operator in enumerate(graph.operators.operators):
        names = [weight_of[t] for t in operator.inputs if t in weight_of]
        feeds: Iterable[frozenset[str]] = [source[t] for t in operator.inputs if t in source]
        comes = frozenset().union(*feeds)
        if names and not comes:  # a view of a weight
            weight_of.update(dict.fromkeys(operator.outputs, names[0]))
            continue
        node = None
        if operator.kind in (Kind.CONVOLUTION, Kind.LINEAR) and names:
            node = f"mid{mids[names[0]]}" if names[0] in mids else None
        elif operator.kind in _JOINS and len(comes) > 1:
            node = f"op{position}"
            joins[node] = operator.name
        if node is not None:
            edges.update(dict.fromkeys((tail, node) for tail in sorted(comes)))
            comes = frozenset({node})
        source.update(dict.fromkeys(operator.outputs, comes))
    for tensor in graph.operators.outputs:
        edges.update(dict.fromkeys((tail, "out") for tail in sorted(source.get(tensor, ()))))
    return joins, list(edges)
