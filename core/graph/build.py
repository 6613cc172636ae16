"""Builds units, groups and the channel structure from settled labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.attributes import Convolution
from prunekit.core.graph.channel_consumers import axis_of, readers
from prunekit.core.graph.comparisons import comparisons, stuck
from prunekit.core.graph.flow import follow
from prunekit.core.graph.flow_state import Contraction, FlowState
from prunekit.core.graph.labels import IntArray, components
from prunekit.core.graph.operators import OperatorGraph
from prunekit.core.graph.quotas import Quotas
from prunekit.core.graph.shuffles import Arrangement, chained
from prunekit.core.graph.structure import (
    Axis,
    ChannelStructure,
    Group,
    HeldSize,
    Layer,
    Mask,
    PartChoice,
    Rescale,
    Work,
)
from prunekit.core.graph.unnumbered_layers import unnumbered_layers

COMPARED = "cannot go without another outcome of"
ALONE = "can only go all at once"
LAST = "is the last channel of a layer, or of a part that the code takes, that has only a part of the group"


def channel_structure(
    operators: OperatorGraph,
    ignore: Iterable[str] = (),
    frozen: Iterable[tuple[int, str]] = (),
    whole_parts: Iterable[str] = (),
    held: Iterable[tuple[int, int, str]] = (),
) -> ChannelStructure:
    """Find what is coupled with what.

    Args:
        operators: A recorded forward.
        ignore: Modules whose outputs are kept.
        frozen: ``(mid, reason)`` of layers whose output channels are kept.
        whole_parts: Names of choices where whole parts go, not positions within every part.
        held: ``(mid, position, reason)`` of single output channels that are kept.

    Raises:
        ValueError: A module in ``ignore`` has no layer; the nearest names are given.
    """
    ignore, frozen, whole_parts, held = tuple(ignore), tuple(frozen), tuple(sorted(whole_parts)), tuple(held)
    tied = found = _assembled(operators, ignore, frozen, whole_parts, held)
    dealt, refused = set[int](), tied.halves_alone()
    while new := found.chained() - dealt - refused or found.deal(tied):
        refused |= new & dealt
        dealt = (dealt | new) - refused
        found = _assembled(operators, ignore, frozen, whole_parts, held, dealt) if dealt else tied
    return replace(found.graph(), ignore=ignore, frozen=frozen, whole_parts=whole_parts, held=held)


def _assembled(
    operators: OperatorGraph,
    ignore: Iterable[str],
    frozen: Iterable[tuple[int, str]],
    whole_parts: Collection[str],
    held: Iterable[tuple[int, int, str]],
    dealt: Collection[int] = (),
) -> _Assembly:
    """Units and groups; ``dealt`` as for ``follow``."""
    flow = follow(operators, whole_parts, dealt)
    for name in ignore:
        if not flow.freeze_module(name, "is kept as the caller asks"):
            names = sorted({operators.owner(c.weight or "") for c in flow.contractions if c.out is not None})
            raise ValueError(f"ignore: no layer in a module {name!r}; there are {', '.join(names)}")
    producers = _producers(flow)
    for mid, reason in frozen:
        out = producers[mid].out
        if out is not None:
            flow.labels.freeze(out, reason)
    for mid, position, reason in held:
        out = producers[mid].out
        if out is not None:
            flow.labels.freeze(out[position : position + 1], reason)
    return _Assembly(flow, producers)


def _producers(flow: FlowState) -> list[Contraction]:
    """The first contraction of every weight that produces channels; its position here is its mid."""
    first: dict[str, Contraction] = {}
    for contraction in flow.contractions:
        if contraction.weight is not None and contraction.out is not None:
            first.setdefault(contraction.weight, contraction)
    return list(first.values())


class _Assembly:
    """Numbers units and groups, and looks everything else up by them."""

    def __init__(self, flow: FlowState, producers: list[Contraction]) -> None:
        self.flow, self.producers = flow, producers
        training = flow.graph.training_from
        self.priced = len(flow.graph.operators) if training is None else training  # training costs nothing later
        self.root = flow.labels.classes()
        self.reasons = flow.labels.reasons(self.root)
        self.out = [self.root[p.out] for p in producers if p.out is not None]
        self._number()
        while found := self._stuck():
            self.reasons.update(found)
            self._number()
        if second := self._second():
            self.reasons.update(second)
            self._number()
        if last := self._last_of_layers():
            self.reasons.update(dict.fromkeys(last, LAST))
            self._number()
        self.arrangement: Arrangement | None = None

    def _number(self) -> None:
        """Form the groups and number their units."""
        self.unit = np.full(self.root.size, -1, dtype=np.int64)
        self.groups = self._groups()
        ends = [group.offset + group.size for group in self.groups]
        self.group_of_unit = np.repeat(np.arange(len(ends)), np.diff([0, *ends]))

    def _stuck(self) -> dict[int, str]:
        """Classes that stay for the sake of sizes that the code compares, and why."""
        found = dict[int, str]()
        for comparison in comparisons(self.flow, self.units):
            if (units := stuck(comparison, self.group_of_unit)).size:
                classes = np.flatnonzero(np.isin(self.unit, units)).tolist()
                found.update(dict.fromkeys(classes, f"{COMPARED} {comparison.place}"))
        return found

    def chained(self) -> set[int]:
        """First results of operators by whose parts channels hang together because they are divided again."""
        return chained(self.flow, self.out)

    def halves_alone(self) -> set[int]:
        """First results of operators that divide nothing but groups that go whole, in as many steps as their axes have.

        More or finer cannot be had of those by dealing their channels out.
        """
        divided, counts = [each for each in self.flow.divided if each.free], list[IntArray]()
        free = [(self.unit[out] >= 0).all() for out in self.out]
        whole = np.array([all(free[mid] for mid in group.mids) for group in self.groups], dtype=bool)
        if not divided or not whole.any():
            return set()
        for axes in self.flow.labelled().values():
            for units in map(self.units, axes.values()):
                counts.append(np.bincount(self.group_of_unit[units[units >= 0]], minlength=whole.size))
        steps = np.gcd.reduce(np.array(counts), axis=0)
        fine = np.append(whole & (steps == [group.size for group in self.groups]), False)
        groups = np.append(self.group_of_unit, whole.size)  # of what stays
        return {each.result for each in divided if fine[groups[self.units(each.parts)]].all()}

    def deal(self, tied: _Assembly) -> set[int]:
        """Give quotas to the groups whose channels the code deals out by counting.

        Args:
            tied: The same where what stands at one position of every part goes together.

        Returns:
            First results of operators where nothing is gained by that.
        """
        dealt = [self.groups[k] for k in np.flatnonzero(self._is_dealt())]
        found = {group: self._quotas(group) for group in dealt}
        poor = self._dividing([group for group in dealt if found[group] is None])
        if not poor:
            quotas = {group: each for group, each in found.items() if each is not None}
            poor = self._dividing([group for group in dealt if not self._gains(group, quotas, tied)])
        if dealt and not poor:
            self.groups = tuple(replace(group, quotas=quotas.get(group)) for group in self.groups)
            self.arrangement = Arrangement(self.flow, self.unit[self.root], dealt)
        return poor

    def _gains(self, group: Group, quotas: Mapping[Group, Quotas], tied: _Assembly) -> bool:
        """Whether more can go of a group than where positions are tied, or in finer steps and no less of it."""
        before, now = tied._halved(group.mids, {}), self._halved(group.mids, quotas)
        steps = max((other.size for other in tied.groups if set(group.mids) & set(other.mids)), default=1)
        return now < 0.99 * before or (now < 1.01 * before and quotas[group].more_than(steps))

    def _halved(self, mids: Iterable[int], quotas: Mapping[Group, Quotas]) -> float:
        """How many channels of some layers are left when about half of the units of every group stay."""
        left = np.ones(self.group_of_unit.size + 1)
        for group in self.groups:
            nearest = quotas.get(group, group).nearest(group.size / 2)
            left[group.offset : group.offset + group.size] = nearest / group.size
        return float(sum(left[self.unit[self.out[mid]]].sum() for mid in mids))

    def _dividing(self, groups: Collection[Group]) -> set[int]:
        """First results of the operators that deal out channels of these groups, or channels that stay."""
        poor, found = np.zeros(self.group_of_unit.size + 1, dtype=bool), set[int]()
        poor[-1] = True  # of what stays
        for group in groups:
            poor[group.offset : group.offset + group.size] = True
        for divided in self.flow.divided:
            if divided.free and divided.result in self.flow.dealt and poor[self.units(divided.parts)].any():
                found.add(divided.result)
        return found

    def _quotas(self, group: Group) -> Quotas | None:
        produced = self.producers[group.id].out
        try:
            alone = Arrangement(self.flow, self.unit[self.root], [group])
            return Quotas(alone, group, 0 if produced is None else produced.size)
        except ValueError:  # its channels cannot be told apart
            return None

    def _is_dealt(self) -> NDArray[np.bool_]:
        """Whether of parts of each group equally many go, whichever."""
        units = [self.units(labels) for pair in self.flow.labels.loose() for labels in pair]
        dealt = np.zeros(len(self.groups), dtype=bool)
        for found in units:
            dealt[self.group_of_unit[found[found >= 0]]] = True
        return dealt

    def _second(self) -> dict[int, str]:
        """Classes without which some plan would leave one position of an axis that needs two, with the reason."""
        second = dict[int, str]()
        for labels, reason in self.flow.two_stay:
            units = self.units(labels)
            free, positions = np.unique(units[units >= 0], return_counts=True)
            least = int((units < 0).sum())
            for k, group in enumerate(self.groups):  # of a whole group one unit always stays
                own = positions[self.group_of_unit[free] == k]
                least += int(own.min()) if own.size == group.size else 0
            if free.size and least < 2:
                first = [int(np.flatnonzero(units == unit)[0]) for unit in free[: 2 - least]]
                second.update((int(self.root[labels[position]]), reason) for position in first)
        return second

    def _last_of_layers(self) -> list[int]:
        """Classes without which some plan would leave an axis of a parameter, or a part of a tensor, empty."""
        sizes = np.array([group.size for group in self.groups], dtype=np.int64)
        dealt = self._is_dealt()  # their quotas leave some of every part
        stays, last = np.zeros(self.group_of_unit.size, dtype=bool), list[int]()
        axes = [labels for found in self.flow.parameters.values() for labels in found if labels is not None]
        seen = set[bytes]()
        for labels in (*axes, *self.flow.pieces):
            units = self.units(labels)
            if not units.size or (key := units.tobytes()) in seen:
                continue
            seen.add(key)
            if (units < 0).any() or stays[units].any() or dealt[self.group_of_unit[units]].any():
                continue
            each = units if (units[1:] > units[:-1]).all() else np.unique(units)
            owned = np.bincount(self.group_of_unit[each], minlength=sizes.size)
            if not (owned == sizes).any():  # of a whole group one unit always stays
                stays[units[0]] = True
                last.append(int(self.root[labels[0]]))
                sizes[self.group_of_unit[units[0]]] -= 1
        return last

    def graph(self) -> ChannelStructure:
        axes = [
            Axis(name, axis, self.units(labels))
            for name, found in self.flow.parameters.items()
            for axis, labels in enumerate(found)
            if labels is not None
        ]
        mids = {p.weight: mid for mid, p in enumerate(self.producers)}
        work = tuple(self._work(c, mids.get(c.weight)) for c in self.flow.contractions if c.operator < self.priced)
        numbered = {producer.weight or "" for producer in self.producers}
        others = unnumbered_layers(self.flow, numbered, self)
        layers = (*(self._layer(mid) for mid in range(len(self.producers))), *others)
        norms = tuple((module, self.units(labels)) for module, labels in self.flow.norms.items())
        normed = tuple(self.flow.normed.values())
        found = tuple(readers(self.flow, self.producers, self.root, self.unit))
        return ChannelStructure(
            self.flow.graph, self.groups, layers, tuple(axes), found, work, self._masks(), self._held(),
            self._rescales(), self._choices(), comparisons(self.flow, self.units), norms, normed, self._positions(),
            frozenset().union(*(found.passed for found in self.flow.rescaled)), arrangement=self.arrangement,
            notes=list(self.flow.graph.notes),
        )  # fmt: skip

    def _work(self, contraction: Contraction, mid: int | None) -> Work:
        output = self.flow.graph.operators[contraction.operator].outputs[0]
        labels = list(self.flow.counted(output).values())
        written = prod(self.flow.shape(output)) / prod(each.size for each in labels)
        sizes, axes = (tuple(self.units(each) for each in found) for found in (contraction.sizes, labels))
        return Work(mid, contraction.multiplier, sizes, written, axes, contraction.operator)

    def _positions(self) -> dict[int, dict[int, IntArray]]:
        found = dict[int, dict[int, IntArray]]()
        for number in {tensor for results in self.flow.graph.results.values() for tensor in results}:
            if self.flow.is_spread(number):  # each part keeps positions of its own
                continue
            axes = {axis: self.units(labels) for axis, labels in self.flow.axes(number).items()}
            if axes := {axis: units for axis, units in axes.items() if (units >= 0).any()}:
                found[number] = axes
        return found

    def _masks(self) -> tuple[Mask, ...]:
        masks = (Mask(m.operator, m.operand, m.axis, self.units(m.labels)) for m in self.flow.masked)
        return tuple(mask for mask in masks if (mask.units >= 0).any())

    def _held(self) -> tuple[HeldSize, ...]:
        sizes = (HeldSize(a.module, a.path, self.units(uses[0])) for a, uses in self.flow.attributes.items())
        return tuple(size for size in sizes if (size.units >= 0).any())

    def _rescales(self) -> tuple[Rescale, ...]:
        return tuple(
            Rescale(name, axis, rows, self.units(found.labels), -found.exponent, found.origin)
            for found in self.flow.rescaled
            if (self.units(found.labels) >= 0).any()
            for (name, axis), rows in found.rows.items()
        )

    def _choices(self) -> tuple[PartChoice, ...]:
        return tuple(PartChoice(c.name, self._touched([c.labels]), c.parts) for c in self.flow.choices)

    def units(self, labels: IntArray) -> IntArray:
        """The unit of each label, or -1."""
        return self.unit[self.root[labels]]

    def _groups(self) -> tuple[Group, ...]:
        """Classes that one layer produces share a ratio; frozen ones do not carry it from layer to layer."""
        stays = np.zeros(self.root.size, dtype=bool)
        stays[list(self.reasons)] = True
        free = [out[~stays[out]] for out in self.out]
        pairs = [(np.full_like(f, f[0]), f) for f in free if f.size]
        for a, b in self.flow.labels.loose():  # equally many stay of both
            both = ~stays[self.root[a]] & ~stays[self.root[b]]
            pairs.append((self.root[a[both]], self.root[b[both]]))
        together = components(self.root.size, pairs)
        members: dict[int, list[IntArray]] = {}
        mids: dict[int, list[int]] = {}
        for mid, classes in enumerate(free):
            if classes.size:
                key = int(together[classes[0]])
                members.setdefault(key, []).append(classes)
                mids.setdefault(key, []).append(mid)
        groups, offset = list[Group](), 0
        for key, parts in members.items():
            classes = _in_order(np.concatenate(parts))
            if classes.size == 1:
                self.reasons[int(classes[0])] = ALONE
                continue
            self.unit[classes] = offset + np.arange(classes.size)
            groups.append(self._group(mids[key], classes.size, offset))
            offset += classes.size
        return tuple(groups)

    def _group(self, mids: list[int], size: int, offset: int) -> Group:
        first = mids[0]
        units = self.unit[self.out[first]]
        own = units[units >= offset]
        name = self.flow.graph.owner(self.producers[first].weight or "")
        per_unit = max(1, round(own.size / max(np.unique(own).size, 1)))
        return Group(first, tuple(mids), name, size, offset, int(units.size - own.size), per_unit)

    def _layer(self, mid: int) -> Layer:
        producer, graph = self.producers[mid], self.flow.graph
        operator = graph.operators[producer.operator]
        weight = producer.weight or ""
        shape = graph.parameter_shapes.get(weight, ())
        name = graph.owner(weight)
        bias = f"{name}.bias"
        uses = [c for c in self.flow.contractions if c.weight == weight and c.operator < self.priced]
        macs = sum(c.multiplier * prod(s.size for s in c.sizes) for c in uses)
        x = graph.tensors[operator.inputs[0]].shape
        kept = Counter(self.reasons[root] for root in self.out[mid].tolist() if root in self.reasons)
        group = next((g.id for g in self.groups if mid in g.mids), None)
        convolution = operator.attributes if isinstance(operator.attributes, Convolution) else None
        return Layer(
            mid, name, weight, operator.kind.value, group,
            x[1] if convolution else x[-1], int(self.out[mid].size),
            shape[-1] if convolution and shape else 1, convolution.stride if convolution else 1,
            producer.read is None and producer.groups > 1, round(macs),
            prod(shape) + prod(graph.parameter_shapes.get(bias, (0,))),
            axis_of(self.flow, weight, producer.out), tuple(kept.items()),
        )  # fmt: skip

    def group_id(self, labels: IntArray) -> int | None:
        """The id of the first group that has units among these labels."""
        return min(self._touched([labels]), default=None)

    def told(self, labels: IntArray) -> dict[int, str]:
        """Why labels stay, by their places."""
        roots = enumerate(self.root[labels].tolist())
        return {place: self.reasons[root] for place, root in roots if root in self.reasons}

    def _touched(self, arrays: Iterable[IntArray]) -> frozenset[int]:
        """Ids of the groups that have units among these labels."""
        found = np.concatenate([np.empty(0, np.int64), *(self.units(a) for a in arrays)])
        return frozenset(self.groups[k].id for k in np.unique(self.group_of_unit[found[found >= 0]]))


def _in_order(classes: IntArray) -> IntArray:
    """Each class once, by first occurrence."""
    _, first = np.unique(classes, return_index=True)
    return classes[np.sort(first)]
