"""From settled labels to units, groups and the channel graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from math import prod

import numpy as np

from prunekit.core.graph.channel_graph import Assumption, Axis, ChannelGraph, Group, Layer, Work
from prunekit.core.graph.flow import follow
from prunekit.core.graph.labels import IntArray, components
from prunekit.core.graph.operators import OperatorGraph
from prunekit.core.graph.readers import axis_of, readers
from prunekit.core.graph.state import Contraction, State

ALONE = "is the only channel"
LAST = "is the last channel of a layer that has only a part of the group"


def channel_graph(
    operators: OperatorGraph,
    ignore: Iterable[str] = (),
    frozen: Iterable[tuple[int, str]] = (),
    held: Iterable[int] = (),
) -> ChannelGraph:
    """Find what is coupled with what.

    Args:
        operators: A recorded forward.
        ignore: Modules whose outputs are kept.
        frozen: ``(mid, reason)`` of layers whose output channels are kept.
        held: Positions of operators whose sizes stand in the network's code.

    Raises:
        ValueError: A module in ``ignore`` has no layer; the nearest names are given.
    """
    ignore, frozen, held = tuple(ignore), tuple(frozen), tuple(sorted(held))
    flow = follow(operators, held)
    for name in ignore:
        if not flow.freeze_module(name, "is kept as the caller asks"):
            names = sorted({(c.weight or "").rpartition(".")[0] for c in flow.contractions if c.out is not None})
            raise ValueError(f"ignore: no layer in a module {name!r}; there are {', '.join(names)}")
    producers = _producers(flow)
    for mid, reason in frozen:
        out = producers[mid].out
        if out is not None:
            flow.labels.freeze(out, reason)
    graph = _Assembly(flow, producers).graph()
    return replace(graph, ignore=ignore, frozen=frozen, held=held)


def _producers(flow: State) -> list[Contraction]:
    """The first contraction of every weight that produces channels; its position here is its mid."""
    first: dict[str, Contraction] = {}
    for contraction in flow.contractions:
        if contraction.weight is not None and contraction.out is not None:
            first.setdefault(contraction.weight, contraction)
    return list(first.values())


class _Assembly:
    """Numbers units and groups, and looks everything else up by them."""

    def __init__(self, flow: State, producers: list[Contraction]) -> None:
        self.flow, self.producers = flow, producers
        self.root = flow.labels.settle()
        self.reasons = flow.labels.reasons(self.root)
        self.out = [self.root[p.out] for p in producers if p.out is not None]
        self._number()
        while (root := self._last_of_a_layer()) is not None:
            self.reasons[root] = LAST
            self._number()

    def _number(self) -> None:
        """Form the groups and number their units."""
        self.groups, unit_of_root = self._groups()
        self.unit = np.full(self.root.size, -1, dtype=np.int64)
        for root, unit in unit_of_root.items():
            self.unit[root] = unit

    def _last_of_a_layer(self) -> int | None:
        """A class without which some plan would leave an axis of a parameter empty, if there is one."""
        ends = np.array([group.offset + group.size for group in self.groups], dtype=np.int64)
        sizes = np.array([group.size for group in self.groups], dtype=np.int64)
        for labels in (labels for found in self.flow.parameters.values() for labels in found if labels is not None):
            units = np.unique(self.units(labels))
            if units[0] >= 0:
                owned = np.bincount(np.searchsorted(ends, units, side="right"), minlength=len(sizes))
                if not (owned == sizes).any():  # of a whole group one unit always stays
                    return int(self.root[labels[0]])
        return None

    def graph(self) -> ChannelGraph:
        axes = [
            Axis(name, axis, self.units(labels))
            for name, found in self.flow.parameters.items()
            for axis, labels in enumerate(found)
            if labels is not None
        ]
        mids = {p.weight: mid for mid, p in enumerate(self.producers)}
        work = tuple(
            Work(mids.get(c.weight), c.multiplier, tuple(self.units(s) for s in c.sizes))
            for c in self.flow.contractions
        )
        layers = tuple(self._layer(mid) for mid in range(len(self.producers)))
        norms = tuple((module, self.units(labels)) for module, labels in self.flow.norms.items())
        pooled = self._touched(self.flow.labels.pooled)
        assumptions = tuple(Assumption(at, self._touched([labels])) for at, labels in self.flow.assumed)
        found = tuple(readers(self.flow, self.producers, self.root, self.unit))
        return ChannelGraph(self.flow.graph, self.groups, layers, tuple(axes), found, work, pooled, norms, assumptions)

    def units(self, labels: IntArray) -> IntArray:
        """The unit of each label, or -1."""
        return self.unit[self.root[labels]]

    def _groups(self) -> tuple[tuple[Group, ...], dict[int, int]]:
        """Classes that one layer produces share a ratio; frozen ones do not carry it from layer to layer."""
        free = [out[~np.isin(out, list(self.reasons))] for out in self.out]
        pairs = [(np.full_like(f, f[0]), f) for f in free if f.size]
        together = components(self.root.size, pairs)
        members: dict[int, dict[int, None]] = {}
        mids: dict[int, list[int]] = {}
        for mid, roots in enumerate(free):
            if roots.size:
                key = int(together[roots[0]])
                members.setdefault(key, {}).update(dict.fromkeys(roots.tolist()))
                mids.setdefault(key, []).append(mid)
        groups, unit_of_root, offset = [], dict[int, int](), 0
        for key, roots_of_group in members.items():
            if len(roots_of_group) == 1:
                self.reasons[next(iter(roots_of_group))] = ALONE
                continue
            first = mids[key][0]
            own = np.isin(self.out[first], list(roots_of_group)).sum()
            in_first = len(set(self.out[first].tolist()) & set(roots_of_group))
            name = (self.producers[first].weight or "").rpartition(".")[0]
            groups.append(
                Group(
                    first, tuple(mids[key]), name, len(roots_of_group), offset,
                    int(self.out[first].size - own), max(1, round(int(own) / max(in_first, 1))),
                )
            )  # fmt: skip
            unit_of_root.update({root: offset + k for k, root in enumerate(roots_of_group)})
            offset += len(roots_of_group)
        return tuple(groups), unit_of_root

    def _layer(self, mid: int) -> Layer:
        producer, graph = self.producers[mid], self.flow.graph
        operator = graph.operators[producer.operator]
        weight = producer.weight or ""
        shape = graph.parameter_shapes.get(weight, ())
        bias = weight.rpartition(".")[0] + ".bias"
        uses = [c for c in self.flow.contractions if c.weight == weight]
        macs = sum(c.multiplier * prod(s.size for s in c.sizes) for c in uses)
        x = graph.tensors[operator.inputs[0]].shape
        kept = Counter(self.reasons[root] for root in self.out[mid].tolist() if root in self.reasons)
        group = next((g.id for g in self.groups if mid in g.mids), None)
        convolution = operator.kind.value == "convolution"
        return Layer(
            mid, weight.rpartition(".")[0], weight, operator.kind.value, group,
            x[1] if convolution else x[-1], int(self.out[mid].size),
            shape[-1] if convolution and shape else 1, int(operator.attributes.get("stride", 1)),
            producer.read is None and producer.groups > 1, round(macs),
            prod(shape) + prod(graph.parameter_shapes.get(bias, (0,))),
            axis_of(self.flow, weight, producer.out), tuple(kept.items()),
        )  # fmt: skip

    def _touched(self, arrays: Iterable[IntArray]) -> frozenset[int]:
        """Ids of the groups that have units among these labels."""
        found = np.unique(np.concatenate([np.empty(0, np.int64), *(self.units(a.ravel()) for a in arrays)]))
        ends = np.array([group.offset + group.size for group in self.groups], dtype=np.int64)
        return frozenset(self.groups[k].id for k in np.searchsorted(ends, found[found >= 0], side="right"))
