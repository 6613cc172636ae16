"""Label flow: carries channel labels through every operator of a recorded forward and finds what is coupled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from prunekit.core.graph.labels import IntArray, LabelArrays, Labels, along, axes_of, drop_constant_axes
from prunekit.core.graph.operators import Kind, Operator, OperatorGraph
from prunekit.core.graph.reshaping import concatenate, covering, mixes, reshape, take


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


class LabelFlow:
    """Runs once over an operator graph; afterwards labels, parameters and contractions are filled in."""

    def __init__(self, graph: OperatorGraph) -> None:
        self.graph = graph
        self.labels = Labels()
        self.parameters: dict[str, list[IntArray | None]] = {}
        self.contractions: list[Contraction] = []
        self._arrays: dict[int, LabelArrays] = {}
        self._weight_of: dict[int, str] = {}
        self._rules: dict[Kind, Callable[[int, Operator], list[LabelArrays]]] = {
            Kind.CONVOLUTION: self._convolution,
            Kind.LINEAR: self._linear,
            Kind.MATMUL: self._matmul,
            Kind.NORMALIZATION: self._normalization,
            Kind.ELEMENTWISE: self._elementwise,
            Kind.CONCAT: self._concat,
            Kind.SPLIT: self._split,
            Kind.SLICE: self._slice,
            Kind.PAD: self._pad,
            Kind.RESHAPE: self._reshape,
            Kind.PERMUTE: self._permute,
            Kind.EXPAND: self._expand,
            Kind.REDUCE: self._reduce,
            Kind.POOL: self._pool,
            Kind.OPAQUE: self._opaque,
        }

    def run(self) -> None:
        """Follow the labels from the first operator to the outputs, which keep all their channels."""
        for position, operator in enumerate(self.graph.operators):
            outputs = self._rules[operator.kind](position, operator)
            for tensor, arrays in zip(operator.outputs, outputs, strict=True):
                self._arrays[tensor] = tuple(a for a in map(drop_constant_axes, arrays) if axes_of(a))
            self._follow_weight(operator)
        for tensor in self.graph.outputs:
            for array in self.arrays(tensor):
                self.labels.freeze(array, "reaches the network's output")

    def freeze_module(self, name: str, reason: str) -> bool:
        """Freeze what the parameters of one module (or of those inside it) produce; False if there is none."""
        found = False
        for contraction in self.contractions:
            weight = contraction.weight or ""
            if contraction.out is not None and weight.startswith(f"{name}."):
                self.labels.freeze(contraction.out, reason)
                found = True
        return found

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

    def _shape(self, tensor: int) -> tuple[int, ...]:
        return self.graph.tensors[tensor].shape

    def _follow_weight(self, operator: Operator) -> None:
        """A view of a weight, or a weight that was normalized, is still that weight."""
        moved = {Kind.PERMUTE, Kind.RESHAPE, Kind.ELEMENTWISE, Kind.NORMALIZATION, Kind.EXPAND}
        sources = {self._weight_of[t] for t in operator.inputs[:1] if t in self._weight_of}
        if operator.kind in moved and len(sources) == 1:
            self._weight_of.update(dict.fromkeys(operator.outputs, sources.pop()))

    def _where(self, operator: Operator) -> str:
        return f"{operator.name} in {operator.module or 'the network'}"

    # -- operators that multiply and sum ---------------------------------------------------------------------------

    def _convolution(self, position: int, operator: Operator) -> list[LabelArrays]:
        x, weight = operator.inputs[0], operator.inputs[1]
        groups, transposed = operator.attributes["groups"], operator.attributes["transposed"]
        shape, ndim = self._shape(weight), len(self._shape(weight))
        read = self._one_axis(weight, 0 if transposed else 1)
        out = self._one_axis(weight, 1 if transposed else 0)
        channels = self._input_channels(x, operator)
        if groups == 1:
            self._contract(channels, read, operator)
        elif transposed:
            read, out = self._grouped_transposed(channels, read, out, shape, groups, operator)
        else:
            self._grouped(channels, read, out, shape, groups, operator)
        if len(operator.inputs) > 2 and out is not None:
            self._tie_bias(operator.inputs[2], out)
        positions = prod(self._shape(x if transposed else operator.outputs[0])) // shape[0]
        sizes = [array for array in (self._one_axis(weight, 0), self._one_axis(weight, 1)) if array is not None]
        multiplier = positions * prod(shape) / prod(array.size for array in sizes) if sizes else positions * prod(shape)
        self.contractions.append(
            Contraction(position, self._weight_of.get(weight), out, read, groups, float(multiplier), sizes)
        )
        return [() if out is None else (along(out, 1, ndim),)]

    def _one_axis(self, tensor: int, axis: int) -> IntArray | None:
        """Labels along one axis, if nothing but that axis tells them apart."""
        array = covering(self.arrays(tensor), axis)
        return array.ravel() if array is not None and axes_of(array) == (axis,) else None

    def _input_channels(self, x: int, operator: Operator) -> IntArray | None:
        """The labels of axis 1, and none that a sliding window would mix."""
        found = None
        for array in self.arrays(x):
            if 1 in axes_of(array):
                found = self.labels.fix(array, [a for a in axes_of(array) if a != 1], "").ravel()
            else:
                self.labels.fix(array, axes_of(array), f"{self._where(operator)} slides along it")
        return found

    def _contract(self, channels: IntArray | None, read: IntArray | None, operator: Operator) -> None:
        if channels is not None and read is not None:
            self.labels.tie(channels, read)
        elif read is not None:
            self.labels.freeze(read, f"{self._where(operator)} reads what has no prunable channels")
        elif channels is not None:
            self.labels.freeze(channels, f"{self._where(operator)} has a weight that cannot follow")

    def _grouped(
        self, channels: IntArray | None, read: IntArray | None, out: IntArray | None, shape: Sequence[int],
        groups: int, operator: Operator,
    ) -> None:  # fmt: skip
        """Depthwise: a channel goes with its filters. Otherwise: the same position goes in every group."""
        if shape[1] == 1 and channels is not None and out is not None:
            self.labels.tie(channels.reshape(groups, 1), out.reshape(groups, -1))
        elif shape[1] > 1:
            if channels is not None:
                parts = channels.reshape(groups, -1)
                self._contract(self.labels.fix(parts, [0], "").ravel(), read, operator)
            else:
                self._contract(None, read, operator)
            if out is not None:
                self.labels.fix(out.reshape(groups, -1), [0], f"{self._where(operator)} has one output per group")
        elif out is not None:
            self.labels.freeze(out, f"{self._where(operator)} reads what has no prunable channels")

    def _grouped_transposed(
        self, channels: IntArray | None, read: IntArray | None, out: IntArray | None, shape: Sequence[int],
        groups: int, operator: Operator,
    ) -> tuple[IntArray | None, IntArray | None]:  # fmt: skip
        self._contract(channels, read, operator)
        if shape[0] == groups and shape[1] == 1:
            return None, read
        if read is not None:
            self.labels.fix(read.reshape(groups, -1), [0], f"{self._where(operator)} has one input per group")
        return read, None if out is None else np.tile(out, groups)

    def _tie_bias(self, bias: int, out: IntArray) -> None:
        labels = self._one_axis(bias, 0)
        if labels is None:
            self.labels.freeze(out, "is added to a bias that cannot follow")
        else:
            self.labels.tie(labels, out)

    def _linear(self, position: int, operator: Operator) -> list[LabelArrays]:
        x, weight = operator.inputs[0], operator.inputs[1]
        ndim, last = len(self._shape(x)), len(self._shape(x)) - 1
        read, out = self._one_axis(weight, 0), self._one_axis(weight, 1)
        channels, passing = None, []
        for array in self.arrays(x):
            if last in axes_of(array):
                channels = self.labels.fix(array, range(last), "").ravel()
            else:
                passing.append(array)
        self._contract(channels, read, operator)
        if len(operator.inputs) > 2 and out is not None:
            self._tie_bias(operator.inputs[2], out)
        sizes = [a for a in (read, out) if a is not None] + [a.ravel() for a in passing if len(axes_of(a)) == 1]
        total = prod(self._shape(x)) * self._shape(weight)[1]
        self.contractions.append(
            Contraction(position, self._weight_of.get(weight), out, read, 1, total / prod(a.size for a in sizes), sizes)
        )
        return [(*passing, *([along(out, last, ndim)] if out is not None else []))]

    def _matmul(self, position: int, operator: Operator) -> list[LabelArrays]:
        (a, b), (out,) = operator.inputs, operator.outputs
        depth, rest = [], []
        for tensor, contracted in ((a, -1), (b, -2)):
            shape = self._shape(tensor)
            axis, others = len(shape) + contracted, []
            found: IntArray | None = None
            for array in self.arrays(tensor):
                if axis in axes_of(array):
                    found = self.labels.fix(array, [k for k in axes_of(array) if k != axis], "").ravel()
                else:
                    others.append(array)
            depth.append(found)
            rest.append((tuple(1 if k == axis else size for k, size in enumerate(shape)), tuple(others)))
        if depth[0] is not None and depth[1] is not None:
            self.labels.tie(depth[0], depth[1])
        for mine, other in (depth, depth[::-1]):
            if mine is not None and other is None:
                self.labels.freeze(mine, f"{self._where(operator)} sums it against a fixed size")
        arrays = self._merge(self._shape(out), rest, operator)
        sizes = [d for d in depth[:1] if d is not None] + [x.ravel() for x in arrays if len(axes_of(x)) == 1]
        total = prod(self._shape(out)) * self._shape(a)[-1]
        multiplier = total / prod(s.size for s in sizes)
        self.contractions.append(Contraction(position, None, None, None, 1, multiplier, sizes))
        return [arrays]

    # -- operators that keep positions ----------------------------------------------------------------------------

    def _elementwise(self, position: int, operator: Operator) -> list[LabelArrays]:
        operands = [(self._shape(t), self.arrays(t)) for t in operator.inputs]
        return [self._merge(self._shape(out), operands, operator) for out in operator.outputs]

    def _merge(
        self, shape: Sequence[int], operands: Sequence[tuple[tuple[int, ...], LabelArrays]], operator: Operator
    ) -> LabelArrays:
        """Broadcast operands against each other: what meets is tied, what meets a fixed size keeps its own."""
        ndim, merged = len(shape), list[IntArray]()
        padded = [
            ((1,) * (ndim - len(s)) + s, [a.reshape((1,) * (ndim - len(s)) + a.shape) for a in arrays])
            for s, arrays in operands
        ]
        for array in (a for _, arrays in padded for a in arrays):
            joined = array
            for other in [m for m in merged if set(axes_of(m)) & set(axes_of(joined))]:
                self.labels.tie(joined, other)
                joined = np.broadcast_arrays(joined, other)[0]
                merged = [m for m in merged if m is not other]
            merged.append(joined)
        fixed = {
            axis
            for size, arrays in padded
            for axis in range(ndim)
            if size[axis] > 1 and not any(axis in axes_of(a) for a in arrays)
        }
        return tuple(self.labels.fix(a, sorted(fixed), f"{self._where(operator)} meets a fixed size") for a in merged)

    def _normalization(self, position: int, operator: Operator) -> list[LabelArrays]:
        x, (axis, pooled) = operator.inputs[0], (operator.attributes["axis"], operator.attributes["pooled"])
        groups, shape = operator.attributes.get("groups", 1), self._shape(x)
        operands = [(shape, self.arrays(x))]
        for tensor in operator.inputs[1:]:
            own, arrays = self._shape(tensor), self.arrays(tensor)
            if axis is not None:
                own = tuple(own[0] if k == axis else 1 for k in range(len(shape)))
                arrays = tuple(along(a.ravel(), axis, len(shape)) for a in arrays)
            operands.append((own, arrays))
        merged = self._merge(shape, operands, operator)
        for array in merged:
            if set(pooled) & set(axes_of(array)):
                self.labels.pooled.append(array)
                if 1 < groups < shape[1] and axes_of(array) == (1,):
                    self.labels.fix(array.reshape(groups, -1), [0], "")
        return [merged] + [() for _ in operator.outputs[1:]]

    def _reduce(self, position: int, operator: Operator) -> list[LabelArrays]:
        axes, exact = operator.attributes["axes"], operator.attributes["exact"]
        kept = []
        for array in self.arrays(operator.inputs[0]):
            inside = set(axes_of(array))
            if inside <= set(axes) and exact:
                continue
            rest = self.labels.fix(array, axes, f"{self._where(operator)} is taken over it")
            kept.append(rest if operator.attributes["keepdim"] else np.squeeze(rest, tuple(axes)))
        return [tuple(kept) for _ in operator.outputs]

    def _pool(self, position: int, operator: Operator) -> list[LabelArrays]:
        axes = operator.attributes["axes"]
        reason = f"{self._where(operator)} mixes positions along it"
        kept = tuple(self.labels.fix(a, axes, reason) for a in self.arrays(operator.inputs[0]))
        return [kept for _ in operator.outputs]

    def _opaque(self, position: int, operator: Operator) -> list[LabelArrays]:
        for tensor in operator.inputs:
            for array in self.arrays(tensor):
                self.labels.freeze(array, f"{self._where(operator)}: {operator.attributes['reason']}")
        return [() for _ in operator.outputs]

    # -- operators that move positions ----------------------------------------------------------------------------

    def _reshape(self, position: int, operator: Operator) -> list[LabelArrays]:
        before, after = self._shape(operator.inputs[0]), self._shape(operator.outputs[0])
        arrays = self.arrays(operator.inputs[0])
        if mixes(arrays, before, after):
            for array in arrays:
                self.labels.freeze(array, f"{self._where(operator)} folds two prunable axes into one")
            return [()]
        moved = tuple(reshape(array, before, after) for array in arrays)
        for array in moved:
            self.labels.rectangle(array)
        return [moved]

    def _permute(self, position: int, operator: Operator) -> list[LabelArrays]:
        order = operator.attributes["order"]
        return [tuple(array.transpose(order) for array in self.arrays(operator.inputs[0]))]

    def _expand(self, position: int, operator: Operator) -> list[LabelArrays]:
        ndim = len(self._shape(operator.outputs[0]))
        return [tuple(a.reshape((1,) * (ndim - a.ndim) + a.shape) for a in self.arrays(operator.inputs[0]))]

    def _concat(self, position: int, operator: Operator) -> list[LabelArrays]:
        axis, shape = operator.attributes["axis"], self._shape(operator.outputs[0])
        others, joined, sizes = [], list[IntArray](), []
        for tensor in operator.inputs:
            own = self._shape(tensor)
            sizes.append(own[axis])
            others.append(
                ((*own[:axis], 1, *own[axis + 1 :]), tuple(a for a in self.arrays(tensor) if axis not in axes_of(a)))
            )
            array = covering(self.arrays(tensor), axis)
            joined.append(self._unlabelled(own, axis, operator) if array is None else array)
        merged = self._merge((*shape[:axis], 1, *shape[axis + 1 :]), others, operator)
        if not any(covering(self.arrays(tensor), axis) is not None for tensor in operator.inputs):
            return [merged]
        return [(*merged, concatenate(joined, sizes, axis))]

    def _unlabelled(self, shape: Sequence[int], axis: int, operator: Operator) -> IntArray:
        """Stand-ins for positions that nobody produces and so nobody can remove."""
        labels = self.labels.fresh(shape[axis])
        if labels.size:
            self.labels.freeze(labels, f"{self._where(operator)} puts it beside channels of a fixed number")
        return along(labels, axis, len(shape))

    def _pad(self, position: int, operator: Operator) -> list[LabelArrays]:
        arrays, shape = list(self.arrays(operator.inputs[0])), self._shape(operator.inputs[0])
        for axis, (before, after) in enumerate(operator.attributes["pads"]):
            for k, array in enumerate(arrays):
                if axis in axes_of(array) and (before or after):
                    if before < 0 or after < 0:  # a negative pad cuts
                        arrays[k] = self.labels.fix(array, [axis], f"{self._where(operator)} cuts it at fixed places")
                        continue
                    ends = [self.labels.fresh(size) for size in (before, after)]
                    for labels in ends:
                        self.labels.freeze(labels, f"{self._where(operator)} adds a fixed number of channels")
                    parts = [along(ends[0], axis, len(shape)), array, along(ends[1], axis, len(shape))]
                    arrays[k] = concatenate(parts, [before, array.shape[axis], after], axis)
        return [tuple(arrays)]

    def _slice(self, position: int, operator: Operator) -> list[LabelArrays]:
        axis, start, stop, step, drop = (
            operator.attributes[k] for k in ("axis", "start", "stop", "step", "drop")
        )  # fmt: skip
        size, moved = self._shape(operator.inputs[0])[axis], []
        for array in self.arrays(operator.inputs[0]):
            if axis in axes_of(array) and not (drop and len(axes_of(array)) > 1):
                self._hold_bounds(array, axis, start, stop, step, size, operator)
            moved.append(take(array, axis, slice(start, stop, step), drop))
        return [tuple(moved)]

    def _hold_bounds(
        self, array: IntArray, axis: int, start: int, stop: int, step: int, size: int, operator: Operator
    ) -> None:
        """The code holds where a slice begins and ends: what lies before its last bound must not move."""
        if step == 1 and start == 0 and stop >= size:
            return
        held = size if step != 1 else start if stop >= size else stop
        if held > 0:
            part = take(array, axis, slice(0, held), drop=False)
            self.labels.freeze(part, f"{self._where(operator)} has its bounds in the network's code")

    def _split(self, position: int, operator: Operator) -> list[LabelArrays]:
        axis, sizes, drop = (operator.attributes[k] for k in ("axis", "sizes", "drop"))
        arrays, ends = self.arrays(operator.inputs[0]), np.cumsum(sizes)
        for array in arrays:
            if axis not in axes_of(array):
                continue
            if len(set(sizes)) > 1:
                self.labels.fix(array, [axis], f"{self._where(operator)} has unequal parts, their sizes in the code")
            elif sizes[0] > 1:  # equal parts: one position in every part is a unit
                parts = array.reshape(*array.shape[:axis], len(sizes), sizes[0], *array.shape[axis + 1 :])
                self.labels.fix(parts, [axis], "")
            elif len(axes_of(array)) == 1:
                self.labels.freeze(array, f"{self._where(operator)} takes it apart one by one")
        return [
            tuple(take(array, axis, slice(int(end) - size, int(end)), drop) for array in arrays)
            for size, end in zip(sizes, ends, strict=True)
        ]
