"""A network's structure: which slices of which parameters go together, what stays and why. Knows no framework."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.dealing import ChannelOrder, UnitQuotas
from prunekit.core.graph.labels import IntArray
from prunekit.core.graph.operators import OperatorGraph
from prunekit.core.graph.tracked_sizes import Path, SizeOrigin
from prunekit.core.graph.weight_forms import NormedWeight


@dataclass(frozen=True)
class Group:
    """Channels that can be removed unit by unit, at one ratio.

    Attributes:
        id: The smallest mid among ``mids``.
        mids: The layers whose output channels belong to it.
        name: Module of the layer ``id``.
        size: Number of units that may go (at least one always stays).
        offset: Number of its first unit among all units of the graph.
        fixed: Channels of the layer ``id`` that always stay.
        per_unit: Channels of the layer ``id`` that one unit owns.
        quotas: How many units of each kind stay together; None: any units.
    """

    id: int
    mids: tuple[int, ...]
    name: str
    size: int
    offset: int
    fixed: int
    per_unit: int
    quotas: UnitQuotas | None = field(default=None, compare=False, repr=False)

    @property
    def counts(self) -> Sequence[int]:
        """The numbers of units that can stay, ascending."""
        return range(1, self.size + 1) if self.quotas is None else self.quotas.counts

    def nearest(self, units: float) -> int:
        """The number of units that can stay that is nearest to another number."""
        return min(max(round(units), 1), self.size) if self.quotas is None else self.quotas.nearest(units)

    def channels(self, count: int) -> int:
        """How many channels of the layer ``id`` are left with so many units."""
        return self.fixed + self.per_unit * count if self.quotas is None else self.quotas.channels(count)

    def last(self, order: Sequence[int] | IntArray, count: int) -> IntArray:
        """The units that stay when they go in this order: the last ones, or the last ones of each kind."""
        units = np.asarray(order, dtype=np.int64)
        if self.quotas is None:
            return units[self.size - count :]
        kinds, stays = self.quotas.kinds[units], list[IntArray]()
        for kind, places in enumerate(self.quotas.step(count)):
            of_kind = units[kinds == kind]
            stays.append(of_kind[of_kind.size - places :])
        return np.concatenate(stays)


NO_MID = -1
"""In place of a number, for layers that are none of those that are numbered."""


@dataclass(frozen=True)
class Layer:
    """An operator that computes with a parameter; those whose weight produces channels are numbered as they run.

    Attributes:
        mid: Its number, the "module id" of the guide, or ``NO_MID``.
        name: Module that holds its weight.
        weight: Name of its weight.
        kind: ``convolution`` or ``linear``; ``index`` for tables that are looked up, which have no number.
        group: Id of the group that its output channels belong to, or None.
        in_channels: Channels that it reads.
        out_channels: Channels that it produces.
        kernel: Side of its kernel; 1 for linear layers.
        stride: Its first stride.
        depthwise: Whether each channel is filtered by itself.
        macs: Multiply-accumulates of one forward of the example.
        params: Numbers in its weight and bias.
        out_axis: Axis of the weight that its output channels run along, or None where it is not one axis.
        protected: How many of its output channels stay, for each reason.
    """

    mid: int
    name: str
    weight: str
    kind: str
    group: int | None
    in_channels: int
    out_channels: int
    kernel: int
    stride: int
    depthwise: bool
    macs: int
    params: int
    out_axis: int | None
    protected: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Axis:
    """One axis of one parameter or buffer: ``units[i]`` is the unit that owns index i, or -1."""

    parameter: str
    axis: int
    units: IntArray


def staying(units: IntArray, keep: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether each position stays, from the unit that owns it (or -1) and a flag for each unit of the graph."""
    return np.append(keep, True)[units]  # -1 is the last entry


@dataclass(frozen=True)
class Reader:
    """A layer's weight seen from what it reads; what compensation changes when units go.

    Attributes:
        mid: The layer.
        weight: Name of its weight.
        shift: ``(tensor, sign)`` that takes up a constant added to its output (its own bias, or the running mean of
            the batch normalization behind it), or None.
        in_axis: Axis of the weight that input channels run along.
        groups: Number of groups of a convolution.
        block: Columns that one input channel owns side by side (49 after flattening a 7x7 map).
        units: For each input channel of one group of the layer, its unit, or -1.
    """

    mid: int
    weight: str
    shift: tuple[str, int] | None
    in_axis: int
    groups: int
    block: int
    units: IntArray


@dataclass(frozen=True)
class Work:
    """What an operator that multiplies and sums costs: products of how many of each of some units stay.

    Attributes:
        layer: The mid whose weight it multiplies with, or None.
        multiplier: MACs that remain when ``sizes`` are taken out.
        sizes: For each size that its MACs are proportional to, the unit of each position, or -1.
        written: Elements of its output that remain when ``output`` is taken out.
        output: For each axis of its output that may shrink, the unit of each position, or -1.
        operator: Its position in the operator graph, or -1.
    """

    layer: int | None
    multiplier: float
    sizes: tuple[IntArray, ...]
    written: float
    output: tuple[IntArray, ...]
    operator: int = -1


@dataclass(frozen=True)
class Mask:
    """An operator that sums, averages or compares along an axis of an input: only what stays may take part.

    Attributes:
        operator: Its position in the operator graph.
        operand: Which of its inputs.
        axis: The axis of that input.
        units: The unit of each position, or -1.
    """

    operator: int
    operand: int
    axis: int
    units: IntArray


@dataclass(frozen=True)
class HeldSize:
    """An integer that a module holds and that its code uses as a size: it becomes the number of units that stay.

    Attributes:
        module: The module.
        path: Its attribute, then steps in what that holds.
        units: The unit of each position that it counts, or -1.
    """

    module: str
    path: Path
    units: IntArray


@dataclass(frozen=True)
class Rescale:
    """Rows of a parameter to multiply by ``(after / before) ** power`` of a number that depends on a size.

    Attributes:
        parameter: The parameter.
        axis: Its axis.
        rows: Positions along that axis.
        units: The unit of each position that the size counts, or -1.
        power: The power.
        origin: How the number is computed from the size.
    """

    parameter: str
    axis: int
    rows: IntArray
    units: IntArray
    power: float
    origin: SizeOrigin


@dataclass(frozen=True)
class Comparison:
    """Sizes that the network's code compares: where a plan changes the outcome the network is another function.

    Attributes:
        left: A size.
        operator: How they are compared: ``== != < <= > >=``.
        right: The other size, or a number.
        holds: What came of it.
        place: Where in the code, and the expression.
        module: The module whose forward does it.
        units: For each size that either is computed from and that may change, the unit of each position that it
            counts, or -1.
    """

    left: SizeOrigin | float
    operator: str
    right: SizeOrigin | float
    holds: bool
    place: str
    module: str
    units: Mapping[SizeOrigin, IntArray]


@dataclass(frozen=True)
class PartChoice:
    """Code that splits an axis into parts, so that whole parts may go or positions within every part.

    Attributes:
        name: The module whose forward does it, and its index there: ``blocks.0.attn#0``.
        groups: The groups concerned.
        whole: Whether whole parts go; both are legal.
    """

    name: str
    groups: frozenset[int]
    whole: bool


@dataclass
class ChannelStructure:
    """What a network's structure allows.

    Attributes:
        operators: The recorded forward that it was found from.
        groups: Groups with at least one unit that may go, by id.
        layers: Every layer that produces channels, ``layers[m].mid == m``; then those without a number.
        axes: Every labelled axis of every parameter and buffer.
        readers: Every layer that reads prunable channels and is not depthwise.
        work: What each operator costs.
        masks: Where channels that are zero and channels that are gone are not the same function.
        held_sizes: What modules hold and has to follow.
        rescales: What keeps values as they were where a size enters them.
        choices: Where an axis is split into parts, and what goes there.
        comparisons: What a plan may not change the outcome of.
        norms: For each module that normalizes, the unit of each channel there, or -1.
        positions: For each tensor that an operator returned, by axis, the unit of each position, or -1.
        rescaled: Operators whose results are other ones for a while, until a size makes up for `rescales`.
        normed_weights: Weights whose length another parameter gives; it makes up for what their norms lose.
        ignore: Modules whose outputs are kept, as the caller asked.
        frozen: Layers that were protected, and why, beyond what the structure says.
        whole_parts: Names of the choices where whole parts go.
        held: Output channels that were protected one by one: their layer, their number in it, and why.
        arrangement: In which order the channels of groups with quotas stay; None: there are none.
        proven: Groups that the proof removed from, where a mistake would have shown.
        notes: What the proof found out, one line each.
    """

    operators: OperatorGraph
    groups: tuple[Group, ...]
    layers: tuple[Layer, ...]
    axes: tuple[Axis, ...]
    readers: tuple[Reader, ...]
    work: tuple[Work, ...]
    masks: tuple[Mask, ...] = ()
    held_sizes: tuple[HeldSize, ...] = ()
    rescales: tuple[Rescale, ...] = ()
    choices: tuple[PartChoice, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    norms: tuple[tuple[str, IntArray], ...] = ()
    normed_weights: tuple[NormedWeight, ...] = ()
    positions: Mapping[int, Mapping[int, IntArray]] = field(default_factory=dict, repr=False)
    rescaled: frozenset[int] = frozenset()
    ignore: tuple[str, ...] = ()
    frozen: tuple[tuple[int, str], ...] = ()
    whole_parts: tuple[str, ...] = ()
    held: tuple[tuple[int, int, str], ...] = ()
    arrangement: ChannelOrder | None = field(default=None, repr=False, compare=False)
    proven: frozenset[int] = field(default=frozenset(), compare=False)
    notes: list[str] = field(default_factory=list)

    @cached_property
    def units(self) -> int:
        """Number of units that may go, over all groups."""
        return sum(group.size for group in self.groups)

    @cached_property
    def numbered(self) -> tuple[Layer, ...]:
        """The layers that have a mid, by mid."""
        return tuple(layer for layer in self.layers if layer.mid != NO_MID)

    def kept(self, keep: NDArray[np.bool_]) -> dict[tuple[str, int], IntArray]:
        """For each parameter and axis that loses something the positions that stay, in their new order.

        Args:
            keep: A flag for each unit.
        """
        order = {} if self.arrangement is None or keep.all() else self.arrangement.positions(keep)
        found = {}
        for axis in self.axes:
            stays = staying(axis.units, keep)
            if not stays.all():
                positions = order.get((axis.parameter, axis.axis))
                ordered = np.arange(stays.size) if positions is None else positions
                found[axis.parameter, axis.axis] = ordered[stays[ordered]]
        return found

    def group_of(self, mid: int) -> Group | None:
        """The group that a layer's output channels belong to, or None if they all stay."""
        return next((group for group in self.groups if mid in group.mids), None)

    @cached_property
    def signature(self) -> str:
        """A digest of the structure that does not depend on names, and so not on the framework."""
        rows = [(x.mid, x.kind, x.group, x.in_channels, x.out_channels, x.kernel, x.depthwise) for x in self.numbered]
        sizes = [(g.id, g.mids, g.size, g.fixed, g.per_unit) for g in self.groups]
        return hashlib.sha256(json.dumps([rows, sizes]).encode()).hexdigest()

    @cached_property
    def described(self) -> tuple[str, ...]:
        """Each layer in a few words that do not depend on names."""
        return tuple(
            f"{'depthwise ' if layer.depthwise else ''}{layer.kind} {layer.in_channels} > {layer.out_channels}"
            f"{f', kernel {layer.kernel}' if layer.kernel > 1 else ''}"
            f", {'kept' if layer.group is None else f'group {layer.group}'}"
            for layer in self.numbered
        )

    def parameters(self) -> Iterable[str]:
        """Names of all parameters that lose slices when units go."""
        return dict.fromkeys(axis.parameter for axis in self.axes if (axis.units >= 0).any())
