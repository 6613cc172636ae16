"""Draws the channel graph: layers by mid, coloured by group, as they feed each other; equal blocks are drawn once."""

from __future__ import annotations

import html
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prunekit.core.atomic_file import atomic_write, write_text
from prunekit.core.cost import CostModel
from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.report.drawing_graph import Node, outline
from prunekit.core.report.module_boxes import Cluster, clustered
from prunekit.core.report.repeated_blocks import Folded, fold, inside
from prunekit.core.report.table import prunable
from prunekit.registry import PrunekitError

_COLOURS = (
    "#9ecbf0", "#b5dea0", "#ffd97a", "#f4a9a0", "#cdb7ec", "#8fdcd3", "#f2b3dc", "#d6c79a", "#a9b8ff", "#e3e37f",
    "#ffbe8a", "#a8d8b9",
)  # fmt: skip
_ALONE, _KEPT = "#ffffff", "#d9d9d9"
_LISTED = 12  # groups, and reasons, that the legend names


@dataclass
class _Keys:
    """What the legend explains.

    Attributes:
        colours: Of each group that couples several layers.
        reasons: Why something is kept, numbered from 1.
    """

    colours: dict[int, str] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)


def dot_source(graph: ChannelStructure, title: str = "") -> str:
    """The drawing as text in the DOT language; see the legend in it.

    Args:
        graph: What to draw.
        title: What to call it.
    """
    import graphviz  # drawing is rare; starting up must not pay for it

    drawn = fold(graph, *outline(graph))
    keys = _keys(graph, drawn)
    drawing = graphviz.Digraph(
        graph_attr={"ranksep": "0.22", "nodesep": "0.3", "fontname": "Helvetica", "fontsize": "11"}
    )
    drawing.attr("node", shape="box", style="filled,rounded", fontname="Helvetica", fontsize="10", margin="0.1,0.04")
    drawing.attr("edge", arrowsize="0.6", color="#555555")
    _fill(drawing, clustered(drawn), graph, drawn, keys)
    for tail, head in drawn.edges:
        drawing.edge(tail, head)
    drawing.attr(label=_legend(graph, drawn, keys, title), labelloc="t", labeljust="l")
    return str(drawing.source)


def check_format(path: Path) -> None:
    """Make sure, before anything takes its time, that there can be a drawing of that name.

    Raises:
        PrunekitError: Its suffix is no format.
    """
    import graphviz  # as above

    suffix = path.suffix.removeprefix(".")
    if suffix not in ("", "dot", *graphviz.FORMATS):
        raise PrunekitError(f"{path}: Graphviz draws no {suffix!r}; take .svg, .png, .pdf or .dot")


def draw(graph: ChannelStructure, path: Path, title: str = "") -> str | None:
    """Write ``path`` (its suffix says the format) and the DOT text beside it; return a hint if only the text could be.

    The picture needs the ``dot`` program of Graphviz, which pip does not bring.
    """
    source, text = dot_source(graph, title), path.with_suffix(".dot")
    write_text(text, source)
    if path.suffix in ("", ".dot"):
        return None
    if shutil.which("dot") is None:
        return f"wrote {text}; for {path.name} install Graphviz (its 'dot' program is not on the PATH)"
    import graphviz

    picture = graphviz.Source(source).pipe(format=path.suffix[1:])
    with atomic_write(path) as file:
        file.write(picture)
    return None


def _keys(graph: ChannelStructure, drawn: Folded) -> _Keys:
    keys = _Keys()
    for layer in (node.layer for node in drawn.nodes if node.layer):
        group = graph.group_of(layer.mid) if layer.group is not None else None
        if group is not None and len(group.mids) > 1:
            keys.colours.setdefault(group.id, _COLOURS[len(keys.colours) % len(_COLOURS)])
        for reason, _ in layer.protected:
            keys.reasons.setdefault(reason, len(keys.reasons) + 1)
    return keys


def _fill(part: Any, cluster: Cluster, graph: ChannelStructure, drawn: Folded, keys: _Keys) -> None:
    for node in cluster.nodes:
        copies = drawn.copies.get(node.id, [node])
        if node.layer is not None:
            fill = keys.colours.get(node.layer.group, _ALONE) if node.layer.group is not None else _KEPT
            style = "filled,rounded" if not node.layer.protected else "filled,rounded,dashed"
            part.node(node.id, _label(_name(node, cluster, drawn), copies, keys), fillcolor=fill, style=style)
        elif node.id in ("in", "out"):
            part.node(node.id, node.text, shape="plaintext", style="")
        else:
            part.node(node.id, node.text, shape="ellipse", fillcolor=_ALONE, fontsize="9", height="0.2", margin="0.02")
    for inner in cluster.inside:
        with part.subgraph(name=f"cluster_{inner.module}") as box:
            box.attr(
                label=_span(drawn.blocks.get(inner.module, [inner.module])),
                fontsize="11",
                style="rounded",
                color="#999999",
                labeljust="l",
            )
            if inner.module in drawn.blocks:
                box.attr(style="rounded,bold", color="#444444", peripheries="2")
            _fill(box, inner, graph, drawn, keys)


def _name(node: Node, cluster: Cluster, drawn: Folded) -> str:
    """The module's within its box; of a block that holds nothing else, and so has no box, all its modules."""
    for block, modules in drawn.blocks.items():
        if inside(node, block) and not inside(Node("", cluster.module), block):
            return _span([cluster.name_of(modules[0]), *modules[1:]])
    return cluster.name_of(node.module)


def _label(name: str, copies: Sequence[Node], keys: _Keys) -> str:
    layers = [copy.layer for copy in copies if copy.layer is not None]
    first = layers[0]
    kind = first.kind if first.kind == "linear" else f"{first.kernel}x{first.kernel}"
    kind = ("depthwise " if first.depthwise else "") + kind + (f" /{first.stride}" if first.stride > 1 else "")
    reads = sorted({layer.in_channels for layer in layers})
    width = f"{reads[0]}..{reads[-1]}" if len(reads) > 1 else f"{reads[0]}"
    where = f"mid {_numbers(layer.mid for layer in layers)}"
    if first.group in keys.colours:
        where += f", group {_numbers(layer.group for layer in layers if layer.group is not None)}"
    lines = [f"<b>{_safe(name)}</b>", f"{kind}&#160; {width} &#8594; {first.out_channels}", where]
    if kept := ", ".join(f"({keys.reasons[reason]})" for reason, _ in first.protected):
        lines.append(f"{prunable(first)} can go, rest kept {kept}" if prunable(first) else f"kept {kept}")
    return f"<{'<br/>'.join(lines)}>"


def _numbers(found: Iterable[int]) -> str:
    numbers = list(dict.fromkeys(found))
    if len(numbers) <= 3:
        return ", ".join(map(str, numbers))
    return f"{numbers[0]}, {numbers[1]}..{numbers[-1]}"


def _span(modules: Sequence[str]) -> str:
    """``layer3.1 .. 5  x5`` for five modules, the name for one."""
    if len(modules) == 1:
        return modules[0]
    return f"{modules[0]} .. {modules[-1].rpartition('.')[2]}  \u00d7{len(modules)}"


def _legend(graph: ChannelStructure, drawn: Folded, keys: _Keys, title: str) -> str:
    full = CostModel(graph).full
    lines = [f"<b>{_safe(title)}</b>"] if title else []
    lines.append(f"{_short(full.macs)} MACs, {_short(full.params)} parameters in {len(graph.numbered)} layers")
    if keys.colours:
        lines.append("layers of one colour lose channels together:")
    for group in [each for each in graph.groups if each.id in list(keys.colours)[:_LISTED]]:
        swatch = _swatch(keys.colours[group.id])
        lines.append(f"{swatch} group {group.id}: {len(group.mids)} layers, {group.size} units")
    lines += _more(len(keys.colours), "groups, in the same colours again")
    if any(node.layer and node.layer.group not in (None, *keys.colours) for node in drawn.nodes):
        lines.append("&#9633; a layer that loses channels by itself; its group is its mid")
    for reason, number in list(keys.reasons.items())[:_LISTED]:
        lines.append(f"{_swatch(_KEPT)} kept ({number}): {_safe(reason)}")
    lines += _more(len(keys.reasons), "reasons, in the table")
    if drawn.blocks:
        lines.append("&#215; equal blocks one after the other, drawn once, with the mids and groups of all")
    return "<" + "".join(f'{line}<br align="left"/>' for line in lines) + ">"


def _swatch(colour: str) -> str:
    return f'<font color="{colour}">&#9632;</font>'


def _more(count: int, words: str) -> list[str]:
    return [f"and {count - _LISTED} further {words}"] if count > _LISTED else []


def _short(count: float) -> str:
    for size, letter in ((10**9, " G"), (10**6, " M"), (10**3, " k")):
        if count >= size:
            return f"{count / size:.3g}{letter}"
    return f"{count:.0f}"


def _safe(text: str) -> str:
    return html.escape(text)
