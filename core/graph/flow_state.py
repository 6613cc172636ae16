"""State of the label flow: what is known so far of a recorded forward; the rules for operators extend it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from prunekit.core.graph.attributes import Attributes
from prunekit.core.graph.kinds import Kind
from prunekit.core.graph.labels import Axes, IntArray, Labels
from prunekit.core.graph.operators import Operator, OperatorGraph
from prunekit.core.graph.tracked_sizes import Attribute, Combined, SizeOrigin
from prunekit.core.graph.weight_forms import weight_forms
from prunekit.core.graph.weight_paths import WeightPaths


@dataclass
class Contraction:
    """An operator that multiplies and sums: what it costs and which labels its sizes follow.

    Attributes:
        operator: Its position in the operator graph.
        weight: Name of the weight, or None for two activations.
        out: Labels of the channels that it produces, where a parameter produces them.
        read: Labels of the weight's input axis, or None (one input channel for each group).
        groups: Number of groups of a convolution.
        multiplier: MACs that remain when all labelled sizes are taken out.
        sizes: Label arrays whose sizes the MACs are proportional to.
    """

    operator: int
    weight: str | None
    out: IntArray | None
    read: IntArray | None
    groups: int
    multiplier: float
    sizes: list[IntArray]


@dataclass(frozen=True)
class Masked:
    """An operator that sums, averages or compares along labelled positions of one of its inputs."""

    operator: int
    operand: int
    axis: int
    labels: IntArray


@dataclass(frozen=True)
class Scaled:
    """An operator that multiplies one of its inputs by a power of a number that is computed from sizes."""

    operator: int
    operand: int
    origin: SizeOrigin
    exponent: float


@dataclass(frozen=True)
class Rescaled:
    """Rows of parameters to multiply by ``(after / before) ** -exponent`` of a number that enters the values.

    Attributes:
        rows: For each (parameter, axis), which of its positions.
        labels: What the size counts from which the number is computed.
        exponent: The power of the number that enters the values.
        origin: How the number is computed from that size.
        passed: Positions of the operators between these rows and the one that multiplies by that power.
    """

    rows: dict[tuple[str, int], IntArray]
    labels: IntArray
    exponent: float
    origin: SizeOrigin
    passed: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Choice:
    """Code that splits an axis into parts: whole parts may go, or positions within every part.

    Attributes:
        name: The module whose forward does it, and its index there: ``blocks.0.attn#0``.
        labels: The labels concerned.
        parts: Whether whole parts go.
    """

    name: str
    labels: IntArray
    parts: bool


@dataclass(frozen=True)
class Divided:
    """An axis divided into equal parts.

    Attributes:
        result: The first result of the operator that does it.
        parts: Its labels, a row for each part.
        free: Whether any positions of each part may go, as far as the operator itself is concerned.
    """

    result: int
    parts: IntArray
    free: bool


class FlowState:
    """Labels of every tensor met so far, and what was found on the way.

    Attributes:
        graph: The recorded forward.
        weights: Which tensors are weights.
        normed: The weights that are divided by a norm, or the like, that something else makes up for.
        made_up: Positions of the operators that take those: there, what goes still counts.
        whole_parts: Names of choices where whole parts go.
        labels: All labels, ties and what is frozen.
        parameters: For each parameter or buffer that was read, the labels along each axis (None: of size 1).
        contractions: Every operator that multiplies and sums.
        norms: Modules that normalize, and the labels of the channels there.
        stretched: Axes along which an expanded tensor is the same everywhere, so that it fits any size.
        hidden: For each tensor the labels that were summed or averaged away since a weight was last applied.
        masked: Where positions that are gone have to be left out of a sum, for the values to be those of the rest.
        scaled: Where a size enters the values.
        rescaled: What makes up for that.
        choices: Where an axis is split into parts.
        attributes: For each attribute that the code uses as a size, the labels that it counts, once for each use.
        pinned: Attributes that also size what cannot shrink.
        pieces: Labels of parts that the code takes out of an axis; none of them may become empty.
        two_stay: Labels of axes of which two positions stay, with the reason.
        filled_up: Labels of a part and of what the code makes to fill it up, to which size, and where.
        multiples: Labels of which there are so many times those of another axis, these as often, by which product of
            sizes, and where.
        dealt: First results of the operators that divide an axis into equal parts of which only the number that stays
            is the same (`prunekit.core.graph.shuffles`).
        divided: Where axes are divided into equal parts.
    """

    def __init__(self, graph: OperatorGraph, whole_parts: Collection[str] = (), dealt: Collection[int] = ()) -> None:
        self.graph = graph
        self.whole_parts = frozenset(whole_parts)
        self.dealt = frozenset(dealt)
        self.divided: list[Divided] = []
        self.labels = Labels()
        self.parameters: dict[str, list[IntArray | None]] = {}
        self.contractions: list[Contraction] = []
        self.norms: dict[str, IntArray] = {}
        self.stretched: dict[int, frozenset[int]] = {}
        self.hidden: dict[int, dict[int, IntArray]] = {}
        self.masked: list[Masked] = []
        self.scaled: list[Scaled] = []
        self.rescaled: list[Rescaled] = []
        self.choices: list[Choice] = []
        self.attributes: dict[Attribute, list[IntArray]] = {}
        self.pinned: dict[Attribute, str] = {}
        self.pieces: list[IntArray] = []
        self.two_stay: list[tuple[IntArray, str]] = []
        self.filled_up: list[tuple[IntArray, SizeOrigin, Operator[Attributes]]] = []
        self.multiples: list[tuple[IntArray, IntArray, Combined, Operator[Attributes]]] = []
        self._used = graph.read.union(graph.outputs, *(operator.inputs for operator in graph.operators))
        self._axes: dict[int, Axes] = {}
        self._spread: dict[int, IntArray] = {}
        self._split: dict[str, int] = {}
        self.weights = WeightPaths(graph)
        forms = weight_forms(self.weights)
        self.normed = {name: form.normed for name, form in forms.items() if form.normed is not None}
        self.made_up = {position for normed in self.normed.values() for position in normed.norms}
        convolutions = (operator for operator in graph.operators if operator.kind is Kind.CONVOLUTION)
        self._kernels = {self.weight(operator.inputs[1]) for operator in convolutions}  # their first two axes: channels

    def axes(self, tensor: int) -> Axes:
        """The labels of a tensor's axes; those of a parameter are made when it is first read.

        Of labels that are spread over several axes whole rows go from now on.
        """
        if tensor in self._spread:
            table = self._spread.pop(tensor)
            axis = next(k for k in self._axes[tensor] if table.shape[k] > 1)
            rows = np.moveaxis(table, axis, -1).reshape(-1, table.shape[axis])
            self._axes[tensor] = {**self._axes[tensor], axis: self.labels.tie_rows(rows)}
        return self.counted(tensor)

    def is_spread(self, tensor: int) -> bool:
        """Whether the labels of one axis lie in several, of which each part loses positions of its own."""
        return tensor in self._spread

    def counted(self, tensor: int) -> Axes:
        """Labels of which as many stay as of the positions of each axis; they may stand for those of other parts."""
        if tensor not in self._axes:
            info = self.graph.tensors[tensor]
            self._axes[tensor] = {}
            if info.name is not None:
                axes = 2 if info.name in self._kernels else len(info.shape)
                fresh = [
                    self.labels.fresh(size) if size > 1 and axis < axes else None
                    for axis, size in enumerate(info.shape)
                ]
                self.parameters[info.name] = fresh
                self._axes[tensor] = {axis: labels for axis, labels in enumerate(fresh) if labels is not None}
        return self._axes[tensor]

    def put(self, tensor: int, axes: Axes) -> None:
        """Set the labels of an operator's result; an axis whose positions all stay needs none."""
        self._axes[tensor] = {
            axis: labels for axis, labels in axes.items() if labels.size > 1 and not self.labels.frozen(labels)
        }

    def divide(self, operator: Operator[Attributes], parts: IntArray, free: bool = True) -> IntArray:
        """An axis is divided into equal parts, the rows of a table; return the first.

        What stands at one position of every part goes together, or (``free``, and in ``dealt``) equally many go.
        """
        self.divided.append(Divided(operator.outputs[0], parts, free))
        if not free or operator.outputs[0] not in self.dealt:
            return self.labels.tie_rows(parts)
        self.labels.loosen(parts)
        return np.asarray(parts[0])

    def spread(self, tensor: int, table: IntArray) -> None:
        """Labels, as an array that broadcasts to the tensor's shape, take the place of those that count them."""
        for axis in range(table.ndim):
            if (table == table.take([0], axis)).all():
                table = table.take([0], axis)
        varying = [axis for axis, size in enumerate(table.shape) if size > 1]
        if len(varying) == 1:
            self.put(tensor, {**self._axes[tensor], varying[0]: table.ravel()})
        elif any(axis in self._axes[tensor] for axis in varying):
            self._spread[tensor] = table

    def take_spread(self, tensor: int) -> IntArray | None:
        """Labels that are spread over several axes; until they are spread again, those that count them are read."""
        return self._spread.pop(tensor, None)

    def labelled(self) -> dict[int, Axes]:
        """The labels of all tensors, as ``counted`` gives them."""
        return self._axes

    def hide(self, tensor: int, labels: IntArray) -> None:
        """Note that a tensor is a sum or a mean over these labels."""
        self.hidden.setdefault(tensor, {})[id(labels)] = labels

    def used(self, tensors: Collection[int]) -> bool:
        """Whether anything depends on what one of these tensors holds."""
        return not self._used.isdisjoint(tensors)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """The tensor's shape."""
        return self.graph.tensors[tensor].shape

    def weight(self, tensor: int) -> str | None:
        """Name of the parameter that a tensor is, or is computed from as a weight."""
        return self.weights.names.get(tensor)

    def choose(self, operator: Operator[Attributes], labels: IntArray) -> bool:
        """Note that an axis is split into parts; return whether whole parts go."""
        number = self._split[operator.module] = self._split.get(operator.module, -1) + 1
        name = f"{operator.module}#{number}"
        parts = name in self.whole_parts
        self.choices.append(Choice(name, labels, parts))
        return parts

    def freeze_module(self, name: str, reason: str) -> bool:
        """Freeze what the parameters of one module (or of those inside it) produce; False if there is none."""
        found = False
        for contraction in self.contractions:
            weight = contraction.weight or ""
            if contraction.out is not None and weight.startswith(f"{name}."):
                self.labels.freeze(contraction.out, reason)
                found = True
        return found


def where(operator: Operator[Attributes]) -> str:
    """The operator and its module, for reasons."""
    return f"{operator.name} in {operator.module or 'the network'}"
