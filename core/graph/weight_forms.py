"""In what way weights depend on the parameters that they are computed from: what can be undone, and what cannot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod

from prunekit.core.graph.attributes import Attributes, Elementwise, Expand, Matmul, Permute, Reduce, Reshape
from prunekit.core.graph.kinds import Kind
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.reshaping import segments
from prunekit.core.graph.weight_paths import WeightPaths


@dataclass(frozen=True)
class NormedWeight:
    """A weight that is divided by its own size and gets its length from something else.

    By weight normalization that is a parameter that the weight is multiplied by. By spectral normalization the size is
    ``gain @ matrix @ vector``, with vectors that are kept as buffers in evaluation, and the first can set it right.

    Attributes:
        weight: The parameter that it is computed from.
        gain: What gives the length: one number, or one for each position of ``axis``; or the first vector.
        axis: The axis of the weight that the norm is not taken over; None: it is taken over all. Or the rows of the
            matrix; all other axes are its columns.
        norms: Positions of the operators that take the norm.
        order: Of the norm: 2 for the Euclidean one.
        vector: The second vector, or "" where it is a norm.
    """

    weight: str
    gain: str
    axis: int | None
    norms: tuple[int, ...]
    order: float = 2.0
    vector: str = ""


@dataclass(frozen=True)
class WeightForm:
    """How a weight that is applied comes from its parameter.

    Attributes:
        operator: What applies it first.
        computed: Whether its values are others than the parameter's.
        normed: That it is divided by its own norm.
        unknown: What makes that the parameter cannot be told from the weight, or "".
    """

    operator: Operator[Attributes]
    computed: bool = False
    normed: NormedWeight | None = None
    unknown: str = ""


def weight_forms(paths: WeightPaths) -> dict[str, WeightForm]:
    """The form of every weight that is applied, by the name of its parameter."""
    found: dict[str, WeightForm] = {}
    for name, operator in paths.applied():
        form = _Way(paths, name, operator).form()
        if name in found:
            form = _merged(found[name], form)
        found[name] = form
    gains = Counter(form.normed.gain for form in found.values() if form.normed is not None)
    for name, form in found.items():
        if form.normed is not None and gains[form.normed.gain] > 1:
            found[name] = replace(form, normed=None, unknown="a length that several weights share")
    return found


def _merged(one: WeightForm, other: WeightForm) -> WeightForm:
    """Of a weight that is computed and applied more than once."""
    if one.normed is not None and other.normed is not None:
        norms = tuple(dict.fromkeys((*one.normed.norms, *other.normed.norms)))
        both = replace(one.normed, norms=norms)
        if both == replace(other.normed, norms=norms):
            return replace(one, normed=both)
    if (one.normed is None) == (other.normed is None) and one.computed == other.computed:
        return replace(one, unknown=one.unknown or other.unknown)
    return replace(one, computed=True, normed=None, unknown="its use in two ways")


class _Way:
    """Goes from a parameter to the operand that it becomes."""

    def __init__(self, paths: WeightPaths, name: str, operator: Operator[Attributes]) -> None:
        self.paths, self.graph, self.name, self.operator = paths, paths.graph, name, operator
        self.leaf = paths.leaf(operator.inputs[1])
        self._passed = [self.leaf]
        self._depends = {self.leaf: True}
        self._factors: list[int] = []
        self._norm: NormedWeight | None = None

    def form(self) -> WeightForm:
        """What all operators on the way amount to."""
        computed = False
        for position, source in reversed(list(self.paths.back(self.operator.inputs[1]))):
            operator = self.graph.operators[position]
            attributes = operator.attributes
            same_size = self._size(source) == self._size(operator.outputs[0])
            moved = isinstance(attributes, (Permute, Reshape, Expand)) and same_size
            if not moved and not (isinstance(attributes, Elementwise) and attributes.does == "copy"):
                computed = True
                if not same_size or not self._is_product(position, source):
                    return WeightForm(self.operator, computed, unknown=self._told(operator, source))
            self._passed += operator.outputs
        if self._norm is None:
            return WeightForm(self.operator, computed)
        normed = self._with_gain(self._norm)
        unknown = "" if normed is not None else self.graph.operators[self._norm.norms[0]].name
        return WeightForm(self.operator, computed, normed, unknown)

    def _told(self, operator: Operator[Attributes], source: int) -> str:
        """What an operator that cannot be undone is called, and whether it depends on the weight as a whole."""
        others = [tensor for tensor in operator.inputs if tensor != source]
        whole = operator.kind is Kind.NORMALIZATION or any(self._on_weight(tensor) for tensor in others)
        return f"{operator.name} by statistics of what stays" if whole else operator.name

    def _is_product(self, position: int, source: int) -> bool:
        """Whether an operator multiplies the weight by what does not depend on it, or on its norm alone."""
        operator = self.graph.operators[position]
        others = [tensor for tensor in operator.inputs if tensor != source]
        if not (isinstance(operator.attributes, Elementwise) and operator.attributes.multiplies):
            return False
        if len(others) < len(operator.inputs) - 1 or not self.paths.data.isdisjoint(others):
            return False
        self._factors += [tensor for tensor in others if not self._on_weight(tensor)]
        return all(self._finds_norm(tensor) for tensor in others if self._on_weight(tensor))

    def _finds_norm(self, tensor: int) -> bool:
        """Whether a factor depends on the weight by its norm alone, or by its product with two vectors."""
        left: tuple[int, int] | None = None  # position of the outer product, and its vector
        while (position := self.paths.makers.get(tensor)) is not None:
            operator = self.graph.operators[position]
            attributes, behind = operator.attributes, [t for t in operator.inputs if self._on_weight(t)]
            if isinstance(attributes, Reduce):
                kept = self._kept_axis(attributes, behind[0])
                if attributes.order is None or kept == -1 or left is not None or self._norm is not None:
                    return False
                self._norm = NormedWeight(self.name, "", kept, (position,), attributes.order)
                return True
            if isinstance(attributes, Matmul):
                others = [t for t in operator.inputs if t not in behind]
                if len(behind) != 1 or len(others) != 1 or self._norm is not None:
                    return False
                if left is not None:
                    self._norm = self._between_vectors(behind[0], left, (position, others[0]))
                    return self._norm is not None
                left, (tensor,) = (position, others[0]), behind
                continue
            known = isinstance(attributes, Elementwise) and attributes.does not in ("sum", "difference")
            if len(behind) != 1 or not (known or isinstance(attributes, (Reshape, Expand, Permute))):
                return False
            if isinstance(attributes, Elementwise) and attributes.multiplies:
                self._factors += [t for t in operator.inputs if t != behind[0]]
            (tensor,) = behind
        return False

    def _kept_axis(self, reduce: Reduce, tensor: int) -> int | None:
        """The axis of the parameter over which a norm is not taken; -1 where it is no such norm."""
        origins = self._origins(tensor)
        if origins is None:
            return -1
        whole = self.graph.tensors[self.leaf].shape
        kept = [k for axis, own in enumerate(origins) if axis not in reduce.axes for k in own if whole[k] > 1]
        return -1 if len(kept) > 1 else kept[0] if kept else None

    def _origins(self, tensor: int) -> list[tuple[int, ...]] | None:
        """Of which axes of the parameter each axis of a tensor is made; None where it is not only moved."""
        shape = self.graph.tensors[tensor].shape
        if tensor == self.leaf:
            return [(axis,) for axis in range(len(shape))]
        if (position := self.paths.makers.get(tensor)) is None:
            return None
        operator = self.graph.operators[position]
        attributes, source = operator.attributes, operator.inputs[0]
        if tensor in self._passed:
            source = self.paths.sources[position]
        origins = self._origins(source)
        if origins is None or self._size(source) != self._size(tensor):
            return None
        if isinstance(attributes, Permute):
            return [origins[axis] for axis in attributes.order]
        if isinstance(attributes, Reshape):
            return _reshaped(origins, self.graph.tensors[source].shape, shape)
        copied = isinstance(attributes, Elementwise) and (attributes.does == "copy" or tensor in self._passed)
        return origins if copied and len(origins) == len(shape) else None

    def _between_vectors(self, matrix: int, left: tuple[int, int], right: tuple[int, int]) -> NormedWeight | None:
        """The weight as a matrix between two vectors that the network holds; each with the position of its product."""
        origins, names = self._origins(matrix), [self._plainly(tensor) for _, tensor in (left, right)]
        if origins is None or len(origins) != 2 or len(origins[0]) != 1 or names[0] is None or names[1] is None:
            return None
        (rows,), columns = origins
        if list(columns) != [axis for axis in range(len(self.graph.tensors[self.leaf].shape)) if axis != rows]:
            return None
        return NormedWeight(self.name, names[0], rows, (left[0], right[0]), vector=names[1])

    def _with_gain(self, norm: NormedWeight) -> NormedWeight | None:
        """The norm with the parameter that gives the length, if there is one of the right size."""
        if norm.gain:
            return norm
        size = 1 if norm.axis is None else self.graph.tensors[self.leaf].shape[norm.axis]
        for factor in self._factors:
            name = self._plainly(factor)
            if name in self.graph.parameter_shapes and prod(self.graph.parameter_shapes[name]) == size:
                return replace(norm, gain=name)
        return None

    def _plainly(self, tensor: int) -> str | None:
        """The parameter or buffer that a tensor is, in whatever shape."""
        for position, _ in self.paths.back(tensor):
            attributes = self.graph.operators[position].attributes
            if isinstance(attributes, Elementwise) and attributes.does != "copy":
                return None
        return self.paths.names.get(tensor)

    def _on_weight(self, tensor: int) -> bool:
        """Whether a tensor depends on the parameter."""
        if tensor not in self._depends:
            position = self.paths.makers.get(tensor)
            inputs: Iterable[int] = () if position is None else self.graph.operators[position].inputs
            self._depends[tensor] = False  # what writes into itself
            self._depends[tensor] = any(self._on_weight(t) for t in inputs)
        return self._depends[tensor]

    def _size(self, tensor: int) -> int:
        return prod(self.graph.tensors[tensor].shape)


def _reshaped(
    origins: list[tuple[int, ...]], before: tuple[int, ...], after: tuple[int, ...]
) -> list[tuple[int, ...]] | None:
    """The same for each axis after a reshape; None where it takes an axis apart."""
    found: list[tuple[int, ...]] = [()] * len(after)
    for old, new in segments(before, after):
        wide = [axis for axis in new if after[axis] > 1]
        if len(wide) > 1:
            return None
        for axis in wide:
            found[axis] = tuple(origin for k in old for origin in origins[k])
    return found
