"""The way of a parameter to the operator that applies it as its weight, where the code computes one from it."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.attributes import Attributes, Convolution, Linear, Permute
from prunekit.core.graph.kinds import Kind
from prunekit.core.graph.operators import Operator, OperatorGraph

STILL_A_WEIGHT = {Kind.PERMUTE, Kind.RESHAPE, Kind.ELEMENTWISE, Kind.NORMALIZATION, Kind.EXPAND}
"""Kinds of operators whose result is still the weight that one of their inputs is."""

APPLIES_A_WEIGHT = {Kind.CONVOLUTION, Kind.LINEAR}


class WeightPaths:
    """Which parameter each tensor is, or is computed from position by position.

    Args:
        graph: A recorded forward.

    Attributes:
        names: The parameter's or buffer's name, for each tensor that is one or still is one after what was done to it.
        makers: The position of the operator that made each tensor.
        sources: For each operator whose result still is a weight, which of its inputs that weight is.
        data: Tensors that depend on the network's inputs.
    """

    def __init__(self, graph: OperatorGraph) -> None:
        self.graph = graph
        self.names = {t.id: t.name for t in graph.tensors if t.name is not None}
        self.makers, self.sources, self.data = dict[int, int](), dict[int, int](), set(graph.inputs)
        for position, operator in enumerate(graph.operators):
            self.makers.update(dict.fromkeys(operator.outputs, position))
            if not self.data.isdisjoint(operator.inputs):
                self.data.update(operator.outputs)
            source = self._source(operator)
            if source is not None:
                self.sources[position] = source
                self.names.update(dict.fromkeys(operator.outputs, self.names[source]))

    def back(self, tensor: int) -> Iterator[tuple[int, int]]:
        """From a tensor to the parameter: position of each operator on the way, and its input that is the weight."""
        while (position := self.makers.get(tensor)) is not None and position in self.sources:
            tensor = self.sources[position]
            yield position, tensor

    def behind(self, tensor: int) -> list[int]:
        """All tensors that one is computed from, itself included."""
        found, left = dict[int, None](), [tensor]
        while left:
            current = left.pop()
            if current not in found:
                found[current] = None
                position = self.makers.get(current)
                left += () if position is None else self.graph.operators[position].inputs[::-1]
        return list(found)

    def leaf(self, tensor: int) -> int:
        """The parameter that a tensor is computed from, as a tensor of the graph."""
        for _, source in self.back(tensor):
            tensor = source
        return tensor

    def applied(self) -> Iterator[tuple[str, Operator[Attributes]]]:
        """Each convolution and linear layer whose weight is that of a parameter, behind the parameter's name."""
        for operator in self.graph.operators:
            if operator.kind in APPLIES_A_WEIGHT and operator.inputs[1] in self.names:
                yield self.names[operator.inputs[1]], operator

    def filters(self, operator: Operator[Attributes]) -> NDArray[np.int64] | None:
        """For each number of the parameter that a layer applies the output that it is for; None where that mixes."""
        assert isinstance(operator.attributes, (Convolution, Linear))
        shape, axis = self.graph.tensors[operator.inputs[1]].shape, operator.attributes.out_axis
        numbers = np.arange(shape[axis]).reshape([-1 if k == axis else 1 for k in range(len(shape))])
        return self.as_parameter(np.broadcast_to(numbers, shape), operator.inputs[1])

    def handed_over(self, operator: Operator[Attributes]) -> int:
        """The tensor that the framework's operator got as its weight, which it may itself have transposed."""
        position = self.makers.get(operator.inputs[1])
        if position is not None:
            turned = self.graph.operators[position]
            if turned.kind is Kind.PERMUTE and (turned.name, turned.call) == (operator.name, operator.call):
                return turned.inputs[0]
        return operator.inputs[1]

    def as_parameter(self, values: NDArray[Any], tensor: int) -> NDArray[Any] | None:
        """A tensor's values laid out as those of the parameter that it comes from; None where they do not fit.

        Args:
            values: The values.
            tensor: What has them.
        """
        for position, source in self.back(tensor):
            attributes = self.graph.operators[position].attributes
            shape = self.graph.tensors[source].shape
            if isinstance(attributes, Permute):
                order = attributes.order
                values = values.transpose(sorted(range(len(order)), key=order.__getitem__))
            elif prod(shape) != values.size:
                return None
            else:
                values = values.reshape(shape)
        return values

    def _source(self, operator: Operator[Attributes]) -> int | None:
        """Which input a result still is: of factors and the like a parameter of the result's own size."""
        if operator.kind not in STILL_A_WEIGHT or not operator.inputs:
            return None
        first = operator.inputs[0]
        if operator.kind is not Kind.ELEMENTWISE:
            return first if first in self.names else None
        found = [tensor for tensor in operator.inputs if tensor in self.names]
        if not found or (first not in self.names and not self.data.isdisjoint(operator.inputs)):
            return None
        size = self._size(operator.outputs[0])
        return max(found, key=lambda t: (self._size(t) == size, self.names[t] in self.graph.parameter_shapes))

    def _size(self, tensor: int) -> int:
        return prod(self.graph.tensors[tensor].shape)
