"""The forward of a smaller network, as it would have been recorded: worked out from the whole one's."""

from __future__ import annotations

import operator as arithmetic
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from math import gcd
from typing import Any

import numpy as np

from prunekit.core.graph.attributes import Attributes, Convolution, Normalization, Slice, Split, Write
from prunekit.core.graph.flow_state import FlowState
from prunekit.core.graph.labels import IntArray
from prunekit.core.graph.operators import Operator, OperatorGraph
from prunekit.core.graph.tracked_sizes import Attribute, Combined, Extent, Literal, SizeOrigin

_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "*": arithmetic.mul,
    "//": arithmetic.floordiv,
    "+": arithmetic.add,
    "-": arithmetic.sub,
}


class Resizer:
    """Makes every axis that some labels run along shorter, by one share of those labels.

    Args:
        flow: The labelled forward of the whole network.
        owner: For each label the number of the set that it belongs to, or -1: it stays.

    Attributes:
        full: For each set the largest number that divides how often it stands on any axis: the steps that it can go in.
        operators: Positions of the operators that such labels come to or from.
    """

    def __init__(self, flow: FlowState, owner: IntArray) -> None:
        self._flow, self._owner, self._sets = flow, owner, int(owner.max(initial=-1)) + 1
        self._owned = {
            (tensor, axis): owned
            for tensor, axes in flow.labelled().items()
            for axis, labels in axes.items()
            if (owned := self._count(labels))[1:].any()
        }
        counts = np.array(list(self._owned.values()), dtype=np.int64).reshape(-1, self._sets + 1)[:, 1:]
        self.full = [gcd(*column.tolist()) for column in counts.T]
        touched = {tensor for tensor, _ in self._owned}
        self.operators = [
            position
            for position, operator in enumerate(flow.graph.operators)
            if touched.intersection(operator.inputs) or touched.intersection(operator.outputs)
        ]
        self._steps: Sequence[int] = self.full
        self._shapes: dict[int, tuple[int, ...]] = {}

    def graph(self, steps: Sequence[int]) -> OperatorGraph:
        """The operators that are concerned, of the network in which ``steps[k]`` of ``full[k]`` of each set stay.

        Raises:
            ValueError: An axis cannot be that long, or would not be told apart from one of size 1.
        """
        self._steps, graph = steps, self._flow.graph
        self._shapes = {tensor.id: tensor.shape for tensor in graph.tensors}
        for (tensor, axis), owned in self._owned.items():
            size, shape = self._left(owned), self._shapes[tensor]
            if size < 2:
                raise ValueError(f"axis {axis} of tensor {tensor} would be of size {size}")
            self._shapes[tensor] = (*shape[:axis], size, *shape[axis + 1 :])
        tensors = [
            tensor if tensor.shape == self._shapes[tensor.id] else replace(tensor, shape=self._shapes[tensor.id])
            for tensor in graph.tensors
        ]
        operators = [self._operator(graph.operators[position]) for position in self.operators]
        return OperatorGraph(tensors=tensors, operators=operators)

    def _count(self, labels: IntArray) -> IntArray:
        return np.bincount(self._owner[labels] + 1, minlength=self._sets + 1)

    def _left(self, owned: IntArray) -> int:
        """How many positions stay, of so many that stay anyway and so many of each set."""
        total = int(owned[0])
        for count, step, full in zip(owned[1:].tolist(), self._steps, self.full, strict=True):
            part, rest = divmod(count * step, full)
            if rest:
                raise ValueError(f"{step} of {full} is no whole number of {count}")
            total += part
        return total

    def _operator(self, operator: Operator[Attributes]) -> Operator[Attributes]:
        attributes = operator.attributes
        changes = {field.name: self._origins(getattr(attributes, field.name)) for field in fields(attributes)}
        changes |= self._sizes(operator)
        changes = {name: value for name, value in changes.items() if value != getattr(attributes, name)}
        return replace(operator, attributes=replace(attributes, **changes)) if changes else operator

    def _sizes(self, operator: Operator[Attributes]) -> dict[str, Any]:
        """The attributes that are sizes or places themselves."""
        attributes, shape = operator.attributes, self._flow.shape(operator.inputs[0]) if operator.inputs else ()
        if isinstance(attributes, Split) and not attributes.drop:
            return {"sizes": tuple(self._shapes[out][attributes.axis] for out in operator.outputs)}
        if isinstance(attributes, (Slice, Write)) and (operator.inputs[0], attributes.axis) in self._owned:
            return self._bounds(operator.inputs[0], attributes, shape[attributes.axis])
        if isinstance(attributes, (Convolution, Normalization)) and attributes.groups == shape[1] > 1:
            return {"groups": self._shapes[operator.inputs[0]][1]}
        return {}

    def _bounds(self, x: int, part: Slice | Write, size: int) -> dict[str, Any]:
        labels, (start, stop, step) = self._flow.counted(x)[part.axis], part.places.indices(size)
        if step < 0:
            return {"start": None, "stop": None}
        if step > 1:
            return {"stop": None}
        return {"start": self._left(self._count(labels[:start])), "stop": self._left(self._count(labels[:stop]))}

    def _origins(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(self._origins, value))
        return self._origin(value) if isinstance(value, (Literal, Extent, Attribute, Combined)) else value

    def _origin(self, origin: SizeOrigin) -> SizeOrigin:
        if isinstance(origin, Extent):
            return replace(origin, value=self._shapes[origin.tensor][origin.axis])
        if isinstance(origin, Attribute):
            uses = self._flow.attributes.get(origin)
            return replace(origin, value=self._left(self._count(uses[0]))) if uses else origin
        if isinstance(origin, Combined) and origin.operator in _ARITHMETIC:
            left, right = self._origin(origin.left), self._origin(origin.right)
            value = _ARITHMETIC[origin.operator](left.value, right.value)
            return replace(origin, value=value, left=left, right=right)
        return origin
