"""Groups the nodes of a drawing into boxes, one for each module."""

from __future__ import annotations

from dataclasses import dataclass, field

from prunekit.core.report.drawing_graph import Node
from prunekit.core.report.repeated_blocks import Folded

_DEEPEST = 2  # boxes within boxes, unless they stand for several


@dataclass
class Cluster:
    """A box of the drawing.

    Attributes:
        module: Path of the module that it stands for; empty for the whole network.
        nodes: What lies directly in it.
        inside: The boxes in it.
    """

    module: str
    nodes: list[Node] = field(default_factory=list)
    inside: list[Cluster] = field(default_factory=list)

    def name_of(self, module: str) -> str:
        """What a module is called within this one."""
        return module.removeprefix(f"{self.module}.") if self.module else module

    def all_nodes(self) -> list[Node]:
        """What lies in it and in its boxes."""
        return [*self.nodes, *(node for inner in self.inside for node in inner.all_nodes())]


def clustered(drawn: Folded) -> Cluster:
    """The whole network as boxes: stages, blocks in them, and whatever stands for several."""
    root = Cluster("")
    for node in drawn.nodes:
        path = node.module.rpartition(".")[0] if node.layer is not None else node.module
        _place(root, path).nodes.append(node)
    return _simple(root, drawn, 0)


def _place(root: Cluster, path: str) -> Cluster:
    """The box of a module, made with those around it where they are missing."""
    found, at = root, ""
    for part in path.split(".") if path else ():
        at = f"{at}.{part}" if at else part
        inner = next((each for each in found.inside if each.module == at), None)
        if inner is None:
            inner = Cluster(at)
            found.inside.append(inner)
        found = inner
    return found


def _simple(cluster: Cluster, drawn: Folded, depth: int) -> Cluster:
    """The box without those in it that hold one thing only, hold everything, or lie too deep."""
    found = Cluster(cluster.module, list(cluster.nodes))
    for inner in cluster.inside:
        count = len(inner.all_nodes())
        wanted = 1 < count < len(drawn.nodes) - 2 and depth < _DEEPEST and (inner.nodes or len(inner.inside) > 1)
        shown = bool(wanted or (inner.module in drawn.blocks and count > 1))
        made = _simple(inner, drawn, depth + shown)
        if shown:
            found.inside.append(made)
        else:
            found.nodes += made.nodes
            found.inside += made.inside
    return found
