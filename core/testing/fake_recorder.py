"""What the NumPy backend's tapes do beside computing: record, mask, observe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from prunekit.core.backend import outputs_as_arrays
from prunekit.core.data.contract import Inputs, as_call
from prunekit.core.data.nested import leaf_paths
from prunekit.core.graph.attributes import Attributes, Convolution, Linear, Normalization, Permute
from prunekit.core.graph.operators import Operator, OperatorGraph
from prunekit.core.graph.structure import ChannelStructure, staying
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.reference import Reference
from prunekit.core.testing.fake_framework import Array, Module, Tape

NEAR_ZERO = 1e-3
"""A parameter of no larger values than this, on average, counts as zero."""


def call(tape: Tape, network: Module, inputs: Inputs) -> Any:
    """Run a network on a tape, by the data contract."""
    args, kwargs = as_call(inputs)
    return tape.enter(network, *args, **kwargs)


class Recorder(Tape):
    """Writes down every operator; arrays are told apart by identity."""

    def __init__(self, network: Module, leaf_modules: Mapping[str, str]) -> None:
        super().__init__(network)
        self._network, self._leaf_modules, self._whole = network, leaf_modules, False
        self._graph = OperatorGraph()
        self._alive: list[Array] = []  # so that no other array gets the same identity
        self._number: dict[int, int] = {}
        self._named = {id(array): name for name, array in network.arrays().items()}

    def record(self, inputs: Inputs) -> OperatorGraph:
        """Run the network once, and weigh its parameters."""
        graph, parameters = self._graph, self._network.arrays(buffers=False)
        args, kwargs = as_call(inputs)
        graph.inputs = [self._fresh(array) for array in (*args, *kwargs.values())]
        found = list(leaf_paths(call(self, self._network, inputs)))
        graph.outputs, graph.returned = [self._numbered(array) for _, array in found], len(found)
        graph.output_names = [path for path, _ in found]
        graph.parameter_shapes = {name: array.shape for name, array in parameters.items()}
        for name, array in parameters.items():
            size = abs(array)
            if array.ndim > 1:
                others = {axis: tuple({*range(array.ndim)} - {axis}) for axis in range(array.ndim)}
                graph.magnitudes[name] = {axis: size.sum(rest) for axis, rest in others.items()}
            if size.mean() < NEAR_ZERO:
                graph.near_zero.append(name)
        return graph

    def enter(self, module: Module, *inputs: Array, **named: Array) -> Any:
        """Where the caller says what a module is as a whole, it is one operator."""
        meaning = None if self._whole else self._leaf_modules.get(type(module).__name__)
        if meaning is None:
            return super().enter(module, *inputs, **named)
        own: Any = module
        self._whole = True
        result = super().enter(module, *inputs, **named)
        self._whole = False
        self.path.append(self._names[id(module)])
        attributes: Attributes = Normalization(axis=1, pooled=())
        if meaning == "convolution":
            attributes = Convolution(groups=own.groups, transposed=False, stride=own.stride)
        self._add(attributes, type(module).__name__, -1, [*inputs, *module.arrays().values()], result)
        self.path.pop()
        return result

    def apply(self, attributes: Attributes, compute: Callable[..., Any], inputs: Sequence[Array]) -> Any:
        """Run one operator and write it down."""
        name = attributes.kind.value
        call = self.calls[name]
        result = super().apply(attributes, compute, inputs)
        if not self._whole:
            if isinstance(attributes, Normalization):
                attributes = replace(attributes, mean=self._numbered(inputs[3]))
            self._add(attributes, name, call, inputs, result)
        return result

    def _add(self, attributes: Attributes, name: str, call: int, inputs: Sequence[Array], result: Any) -> None:
        operands = tuple(self._numbered(array) for array in inputs)
        results = tuple(self._fresh(array) for array in outputs_as_arrays(result))
        self._graph.operators.append(Operator(attributes, name, operands, results, self.path[-1], call))
        self._graph.results[name, call] = results

    def _numbered(self, array: Array) -> int:
        if id(array) in self._number:
            return self._number[id(array)]
        name = self._named.get(id(array))
        return self._fresh(array, name, constant=name is None)

    def _fresh(self, array: Array, name: str | None = None, constant: bool = False) -> int:
        self._alive.append(array)
        number = self._number[id(array)] = self._graph.tensor(array.shape, name, constant)
        return number


class Masking(Tape):
    """Leaves out what a plan removes wherever channels are summed: in convolutions and linear layers."""

    def __init__(
        self, network: Module, graph: ChannelStructure, plan: PrunePlan, reference: Reference | None = None
    ) -> None:
        super().__init__(network)
        keep, self._stays, self._reference = plan.flags(graph), dict[tuple[str, int | str], Any](), reference
        self._masks: dict[tuple[str, int], list[tuple[int, int]]] = {}
        for number, mask in enumerate(graph.masks):
            operator = graph.operators.operators[mask.operator]
            ndim = len(graph.operators.tensors[operator.inputs[mask.operand]].shape)
            flags = staying(mask.units, keep).reshape([-1 if k == mask.axis else 1 for k in range(ndim)])
            key = (operator.name, operator.module if operator.call < 0 else operator.call)
            self._stays[key] = self._stays.get(key, True) & flags
            self._masks.setdefault((operator.name, operator.call), []).append((number, mask.axis))

    def enter(self, module: Module, *inputs: Array, **named: Array) -> Any:
        """A module that counts as one operator."""
        stays = self._stays.get((type(module).__name__, self._names[id(module)]), True)
        return super().enter(module, *(np.where(stays, x, 0) for x in inputs), **named)

    def apply(self, attributes: Attributes, compute: Callable[..., Any], inputs: Sequence[Array]) -> Any:
        """Run one operator over what stays."""
        name, whole = attributes.kind.value, inputs[0]
        call, place = (name, self.calls[name]), self.place(name)
        stays = self._stays.get(call)
        if stays is not None:
            inputs = [np.where(stays, inputs[0], 0), *inputs[1:]]
        result = super().apply(attributes, compute, inputs)
        if self._reference is not None and self._reference.compares(call):
            self._note(self._reference, call, place, whole, result)
        return result

    def _note(
        self, reference: Reference, call: tuple[str, int], place: tuple[str, str, int], whole: Array, result: Array
    ) -> None:
        cut = result
        for axis, places in reference.stays(call):
            cut = cut.take(places, axis)
        reference.note(call, place, lambda _: cut, ())
        for number, axis in self._masks.get(call, ()):
            squares = np.square(whole).mean(axis=tuple(k for k in range(whole.ndim) if k != axis))
            reference.note_effect(number, place, squares, float(squares.sum()))


class Comparing(Tape):
    """Holds a pruned network's operators against those of the masked run; nothing here draws or decides."""

    def __init__(self, network: Module, reference: Reference) -> None:
        super().__init__(network)
        self._reference = reference

    def apply(self, attributes: Attributes, compute: Callable[..., Any], inputs: Sequence[Array]) -> Any:
        """Run one operator and compare."""
        place = self.place(attributes.kind.value)
        result = super().apply(attributes, compute, inputs)
        if self._reference.expects(place):
            self._reference.compare(place, result)
        return result


class Observer(Tape):
    """Adds up the products of what layers of interest read."""

    def __init__(self, network: Module, graph: ChannelStructure) -> None:
        super().__init__(network)
        self.sums: dict[str, Array] = {}
        own = network.arrays()
        self._readers = {id(own[r.weight]): r for r in graph.readers if (r.units >= 0).any()}
        self._alive: list[Array] = []

    def apply(self, attributes: Attributes, compute: Callable[..., Any], inputs: Sequence[Array]) -> Any:
        """Run one operator; look at what it reads if its weight is one of the readers'."""
        result = super().apply(attributes, compute, inputs)
        if isinstance(attributes, Permute) and id(inputs[0]) in self._readers:  # a linear layer turns its weight first
            self._readers[id(result)] = self._readers[id(inputs[0])]
            self._alive.append(result)
        elif isinstance(attributes, (Convolution, Linear)) and id(inputs[1]) in self._readers:
            reader = self._readers[id(inputs[1])]
            channels = len(reader.units)  # of one group; all else that a channel owns counts as further positions
            x = inputs[0].reshape(len(inputs[0]), reader.groups, channels, -1)
            rows = np.moveaxis(x, 0, 2).reshape(reader.groups, channels, -1)
            rows = np.concatenate([rows, np.ones_like(rows[:, :1])], axis=1)
            self.sums[reader.weight] = self.sums.get(reader.weight, 0) + rows @ rows.swapaxes(1, 2)
        return result
