"""A prune plan: which units of which group stay. Plain data that knows no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.flips import Flip
from prunekit.core.graph.structure import ChannelStructure, Group
from prunekit.core.json_file import JsonError, checked, short
from prunekit.core.pruning.errors import PlanError as PlanError  # imported from here as well
from prunekit.core.pruning.naming import called, named_groups
from prunekit.core.pruning.nearest_counts import NearestCounts
from prunekit.core.pruning.plan_file import PLAN
from prunekit.core.pruning.ranking import Ranking


@dataclass(frozen=True)
class PrunePlan:
    """Which units stay.

    Attributes:
        keep: For each group id, the numbers (within the group) of the units that stay, ascending.
        sizes: For each group id, how many units it has, to tell when the plan is for another network.
        signature: The graph's digest.
        layers: What each layer of the graph is, by mid, for people to be told the first one that differs.
        notes: Where it keeps another number of units than was asked for, and why, one line each.
    """

    keep: Mapping[int, tuple[int, ...]]
    sizes: Mapping[int, int]
    signature: str
    layers: tuple[str, ...] = field(default=(), compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def uniform(
        cls,
        graph: ChannelStructure,
        keep: float,
        scores: Mapping[int, NDArray[np.floating]] | None = None,
        round_to: int = 1,
    ) -> PrunePlan:
        """Keep the same share of every group.

        Args:
            graph: What can go.
            keep: Share of each group's units to keep, 0 to 1; at least one unit always stays.
            scores: For each group id, one score a unit, the smallest goes first; None takes the L1 norm of the
                filters that produce the unit (Li et al. 2017, "Pruning Filters for Efficient ConvNets").
            round_to: Keep a multiple of this many channels, rounding up.

        Raises:
            PlanError: ``keep`` is no share.
        """
        return cls.from_ratios(graph, {group.id: keep for group in graph.groups}, scores, round_to)

    @classmethod
    def from_ratios(
        cls,
        graph: ChannelStructure,
        ratios: Mapping[int | str, float],
        scores: Mapping[int, NDArray[np.floating]] | None = None,
        round_to: int = 1,
    ) -> PrunePlan:
        """Keep a share of each group that is named by any of its layers; other groups stay whole.

        Counts that would change what comes of a comparison of sizes in the network's code are moved to the nearest
        that do not; ``notes`` tell of it.

        Args:
            graph: As in ``uniform``.
            ratios: The share by mid, by the name of a module, or by a pattern of such names (``layer1.*``); of the
                layers that a pattern names those that cannot be pruned are left out.
            scores: As in ``uniform``.
            round_to: As in ``uniform``.

        Raises:
            PlanError: A layer does not exist or is protected, a pattern names none that can go, two layers of one group
                contradict, or a ratio is no share.
        """
        counts = {group.id: group.size for group in graph.groups}
        allowed: dict[int, Sequence[int]] = {group.id: [group.size] for group in graph.groups}
        named: dict[int, tuple[int | str, float]] = {}
        for layer, ratio in ratios.items():
            if not 0 <= ratio <= 1:
                raise PlanError(f"{called(layer)}: {ratio} is no share between 0 and 1")
            for group in named_groups(graph, layer):
                before = named.setdefault(group.id, (layer, ratio))
                if before[1] != ratio:
                    both = called(before[0], layer)
                    raise PlanError(f"{both} belong to one group, but ask for {before[1]} and {ratio}")
                counts[group.id] = rounded(group, ratio * group.size, round_to)
                if ratio < 1:
                    allowed[group.id] = _round_counts(group, round_to)
        chosen = magnitude_scores(graph) if scores is None else scores
        rankings = {group.id: Ranking.of_scores(np.asarray(chosen[group.id])) for group in graph.groups}
        return cls.nearest(graph, list(counts.values()), rankings, list(allowed.values()))

    @classmethod
    def nearest(
        cls,
        graph: ChannelStructure,
        counts: Sequence[int] | NDArray[np.int64],
        rankings: Mapping[int, Ranking],
        allowed: Sequence[Sequence[int] | NDArray[np.int64]],
        fewer: bool = False,
    ) -> PrunePlan:
        """The plan of the counts nearest to these that change the outcome of no comparison of sizes.

        Args:
            graph: What can go.
            counts: For each group how many units to keep.
            rankings: For each group id the order in which its units go.
            allowed: For each group the ascending numbers of units that it may keep.
            fewer: Whether rather fewer units are kept than more, as under a budget.
        """
        orders = [rankings[group.id].order for group in graph.groups]
        counts = [group.nearest(int(count)) for group, count in zip(graph.groups, counts, strict=True)]
        found, moved = counts, dict[int, Flip]()
        if graph.comparisons:  # else nobody asks which numbers quotas allow, each of which is worked out
            allowed = [
                some if group.quotas is None else [n for n in some if n in group.counts] or [group.size]
                for group, some in zip(graph.groups, allowed, strict=True)
            ]
            found, moved = NearestCounts(graph, orders, allowed, fewer).of(counts)
        told = (
            f"group {graph.groups[k].id} ({graph.groups[k].name}) keeps {found[k]} units, not {counts[k]}: {flip}"
            for k, flip in moved.items()
        )
        return replace(cls.from_counts(graph, found, rankings), notes=tuple(told))

    @classmethod
    def from_counts(
        cls, graph: ChannelStructure, counts: Sequence[int] | NDArray[np.int64], rankings: Mapping[int, Ranking]
    ) -> PrunePlan:
        """Keep ``counts[i]`` units of group i, the last ones of its ranking.

        A group with quotas keeps the nearest number that it can keep, the last ones of each kind.
        """
        keep = {}
        for group, count in zip(graph.groups, counts, strict=True):
            if not 1 <= count <= group.size:
                raise PlanError(f"group {group.id} has {group.size} units; {count} of them cannot be kept")
            stays = group.last(rankings[group.id].order, group.nearest(int(count)))
            keep[group.id] = tuple(sorted(stays.tolist()))
        return cls(keep, {group.id: group.size for group in graph.groups}, graph.signature, graph.described)

    def counts(self, graph: ChannelStructure) -> tuple[int, ...]:
        """How many units stay of each of the graph's groups."""
        return tuple(len(self.keep[group.id]) for group in graph.groups)

    def flags(self, graph: ChannelStructure) -> NDArray[np.bool_]:
        """For every unit of the graph whether it stays.

        Raises:
            PlanError: The plan was made for another structure.
        """
        self._check(graph)
        flags = np.zeros(graph.units, dtype=bool)
        for group in graph.groups:
            flags[group.offset + np.array(self.keep[group.id], dtype=np.int64)] = True
        return flags

    def to_json(self) -> dict[str, Any]:
        """The plan as plain JSON values."""
        groups = [
            {"group": gid, "units": self.sizes[gid], "keep": list(kept)} for gid, kept in sorted(self.keep.items())
        ]
        notes = {"notes": list(self.notes)} if self.notes else {}
        return {"version": 1, "signature": self.signature, "groups": groups, "layers": list(self.layers), **notes}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PrunePlan:
        """The plan that ``to_json`` wrote.

        Raises:
            PlanError: The values are not those of a plan.
        """
        if isinstance(data, Mapping) and data.get("version", 1) != 1:
            raise PlanError(f"a plan of version {short(data['version'])}; this prunekit reads version 1")
        try:
            found = checked(PLAN, data)
        except JsonError as problem:
            raise PlanError(f"not a plan: {problem}") from problem
        keep = {row.group: tuple(row.keep) for row in found.groups}
        sizes = {row.group: row.units for row in found.groups}
        return cls(keep, sizes, found.signature, tuple(found.layers), tuple(found.notes))

    def _check(self, graph: ChannelStructure) -> None:
        here = {group.id: group.size for group in graph.groups}
        if self.signature != graph.signature and self.layers:
            for mid, (was, found) in enumerate(zip_longest(self.layers, graph.described, fillvalue="no layer")):
                if was != found:
                    raise PlanError(f"the plan is for another network: mid {mid} is {was} there, {found} here")
        for gid in sorted(here.keys() | self.sizes.keys()):
            if here.get(gid) != self.sizes.get(gid):
                mine, theirs = self.sizes.get(gid, "no"), here.get(gid, "no")
                raise PlanError(f"the plan is for another network: group {gid} has {mine} units there, {theirs} here")
            wrong = [unit for unit in self.keep[gid] if not 0 <= unit < here[gid]]
            if wrong or not self.keep[gid]:
                raise PlanError(f"group {gid} cannot keep units {wrong or 'none'} of its {here[gid]}")
            if len(set(self.keep[gid])) < len(self.keep[gid]):
                raise PlanError(f"group {gid} keeps a unit twice")
        for group in graph.groups:
            if group.quotas is not None and not group.quotas.allow(self.keep[group.id]):
                raise PlanError(_quota(group, self.keep[group.id]))
        if self.signature != graph.signature:
            raise PlanError("the plan is for another network: the groups agree, the layers do not")


def rounded(group: Group, units: float, round_to: int) -> int:
    """A whole number of units, at least one, that gives a multiple of ``round_to`` channels where it can.

    Rounds up, and down where up would be more than there is, as AMC does; without a multiple it does not round.
    """
    count = group.nearest(units)
    if round_to == 1:
        return count
    above, below = [c for c in group.counts if c >= count], [c for c in group.counts if c < count]
    for candidate in [*above, *reversed(below)]:
        if group.channels(candidate) % round_to == 0:
            return candidate
    return count


def _round_counts(group: Group, round_to: int) -> Sequence[int]:
    """The numbers of units, at least one, that give a multiple of ``round_to`` channels; all, if none does."""
    every = range(1, group.size + 1)
    return [n for n in every if (group.fixed + n * group.per_unit) % round_to == 0] or every


def magnitude_scores(graph: ChannelStructure) -> dict[int, NDArray[np.float64]]:
    """For each unit the L1 norm of the filters that produce it, from the weights as they were traced.

    Units of one group that different layers produce are compared by how they stand among their like: a sum over nine
    layers says nothing beside one over three.
    """
    total, kind = np.zeros(graph.units), np.zeros(graph.units, dtype=np.int64)
    axes = {(axis.parameter, axis.axis): axis.units for axis in graph.axes}
    for layer in graph.numbered:
        norms = graph.operators.magnitudes.get(layer.weight, {})
        if layer.group is not None and layer.out_axis in norms:
            units = axes[layer.weight, layer.out_axis]
            np.add.at(total, units[units >= 0], np.asarray(norms[layer.out_axis], dtype=np.float64)[units >= 0])
            kind = kind * 1_000_003 + np.bincount(units[units >= 0], minlength=graph.units)
    parts = {group.id: slice(group.offset, group.offset + group.size) for group in graph.groups}
    return {gid: _comparable(total[part], kind[part]) for gid, part in parts.items()}


def _comparable(scores: NDArray[np.float64], kind: NDArray[np.int64]) -> NDArray[np.float64]:
    """Scores of which those of every kind have the same mean."""
    kinds, own = np.unique(kind, return_inverse=True)
    if kinds.size == 1:
        return scores
    means = np.bincount(own, scores) / np.bincount(own)
    comparable: NDArray[np.float64] = scores * scores.mean() / np.where(means > 0, means, 1.0)[own]
    return comparable


def _quota(group: Group, units: Sequence[int]) -> str:
    """Why a group cannot keep these units."""
    nearest, told = group.nearest(len(units)), f"group {group.id} ({group.name}) cannot keep these {len(units)} units"
    if nearest != len(units):
        return (
            f"{told}: the network's code deals channels out in turn, and the nearest number that can stay is {nearest}"
        )
    return f"{told}: of each part of the channels that the network's code takes others stay; see PrunePlan.from_counts"


def check_network(graph: ChannelStructure, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Make sure that a network has the parameters of the one whose graph it is to be pruned by.

    Raises:
        PlanError: It has not; the message names the first that differs.
    """
    for name, shape in graph.operators.parameter_shapes.items():
        if name not in shapes:
            raise PlanError(f"the graph is of another network: this one has no {name}")
        if shapes[name] != shape:
            raise PlanError(f"the graph is of another network: {name} is {shape} there, {shapes[name]} here")
