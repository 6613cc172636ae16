"""What is known while labels flow through a recorded forward; the rules for operators read and extend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prunekit.core.graph.labels import IntArray, LabelArrays, Labels, along, axes_of
from prunekit.core.graph.operators import Operator, OperatorGraph
from prunekit.core.graph.reshaping import covering


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


class State:
    """Labels of every tensor met so far, and what was found on the way.

    A recording shows that an axis of 12 was cut after 6, but not whether the code says ``x[:, :6]`` or
    ``x[:, :x.shape[1] // 2]``. Where both are possible the rules assume that the code computes its sizes, and note it
    in ``assumed``; the proof tries it, and parses again with that operator in ``held`` where it was wrong.

    Attributes:
        graph: The recorded forward.
        held: Positions of operators whose sizes stand in the network's code.
        labels: All labels, ties and what is frozen.
        parameters: For each parameter or buffer that was read, the labels along each axis (None: of size 1).
        contractions: Every operator that multiplies and sums.
        assumed: Positions of operators whose sizes are taken to be computed, and the labels that this concerns.
        norms: Modules that normalize, and the labels of the channels there.
        stretched: Shapes of expanded tensors before they were expanded: what is the same along an axis fits any size.
        hidden: For each tensor the labels that were summed or averaged away since a weight was last applied.
    """

    def __init__(self, graph: OperatorGraph, held: Iterable[int] = ()) -> None:
        self.graph = graph
        self.held = frozenset(held)
        self.labels = Labels()
        self.parameters: dict[str, list[IntArray | None]] = {}
        self.contractions: list[Contraction] = []
        self.assumed: list[tuple[int, IntArray]] = []
        self.norms: dict[str, IntArray] = {}
        self.stretched: dict[int, tuple[int, ...]] = {}
        self.hidden: dict[int, dict[int, IntArray]] = {}
        self._arrays: dict[int, LabelArrays] = {}
        self._weight_of: dict[int, str] = {}

    def arrays(self, tensor: int) -> LabelArrays:
        """The label arrays of a tensor; those of a parameter are made when it is first read."""
        if tensor not in self._arrays:
            info = self.graph.tensors[tensor]
            self._arrays[tensor] = ()
            if info.name is not None:
                self._weight_of[tensor] = info.name
                fresh = [self.labels.fresh(size) if size > 1 else None for size in info.shape]
                self.parameters[info.name] = fresh
                self._arrays[tensor] = tuple(
                    along(labels, axis, len(info.shape)) for axis, labels in enumerate(fresh) if labels is not None
                )
        return self._arrays[tensor]

    def put(self, tensor: int, arrays: LabelArrays) -> None:
        """Set the label arrays of an operator's result."""
        self._arrays[tensor] = arrays

    def hide(self, tensor: int, array: IntArray) -> None:
        """Note that a tensor is a sum or a mean over these labels."""
        self.hidden.setdefault(tensor, {})[id(array)] = array

    def shape(self, tensor: int) -> tuple[int, ...]:
        """The tensor's shape."""
        return self.graph.tensors[tensor].shape

    def one_axis(self, tensor: int, axis: int) -> IntArray | None:
        """Labels along one axis, if nothing but that axis tells them apart."""
        array = covering(self.arrays(tensor), axis)
        return array.ravel() if array is not None and axes_of(array) == (axis,) else None

    def weight(self, tensor: int) -> str | None:
        """Name of the parameter that a tensor is, or is a view of."""
        return self._weight_of.get(tensor)

    def same_weight(self, operator: Operator) -> None:
        """Take the operator's results for the weight that its first input is."""
        if operator.inputs and operator.inputs[0] in self._weight_of:
            self._weight_of.update(dict.fromkeys(operator.outputs, self._weight_of[operator.inputs[0]]))

    def computed(self, position: int, array: IntArray) -> bool:
        """Whether to take the sizes at this operator for computed; if so, that is noted."""
        if position in self.held:
            return False
        self.assumed.append((position, array.ravel()))
        return True

    def freeze_module(self, name: str, reason: str) -> bool:
        """Freeze what the parameters of one module (or of those inside it) produce; False if there is none."""
        found = False
        for contraction in self.contractions:
            weight = contraction.weight or ""
            if contraction.out is not None and weight.startswith(f"{name}."):
                self.labels.freeze(contraction.out, reason)
                found = True
        return found


def where(operator: Operator) -> str:
    """The operator and its module, for reasons."""
    return f"{operator.name} in {operator.module or 'the network'}"
