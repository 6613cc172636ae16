"""Records one forward of a network, whatever the framework, as neutral operators over numbered tensors."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.nested import held_by, leaf_paths
from prunekit.core.graph.attributes import Convolution, Linear, Opaque
from prunekit.core.graph.operators import NO_TENSOR, OperatorGraph
from prunekit.core.graph.tracked_sizes import Attribute, SizeOrigin
from prunekit.core.recording.api_call import ApiCallTracker
from prunekit.core.recording.call import Call, Rule
from prunekit.core.recording.computed_weights import ComputedWeights
from prunekit.core.recording.graph_writer import GraphWriter
from prunekit.core.recording.idle_parameters import dropped, idle_parameters
from prunekit.core.recording.leaf_modules import add_leaf_module
from prunekit.core.recording.resolved_sizes import resolved, with_resolved_scale
from prunekit.registry.errors import described, first_line

NEAR_ZERO = 1e-3
"""A parameter of no larger values than this, on average over those of weights, counts as zero."""


class Recorder(GraphWriter):
    """Records operators as a front end hands them over.

    A front end sees to it that ``enter`` and ``leave`` are called around every module's forward and ``record`` with
    every operator that has a tensor which is followed.

    Args:
        tracker: Knows which function the network's code called last.
        parameters: By name.
        modules: Names of the modules, by module.
        leaf_modules: By class name what a module is as a whole; its inside is not followed.
    """

    def __init__(
        self,
        tracker: ApiCallTracker,
        parameters: Mapping[str, Any],
        modules: Mapping[Any, str],
        leaf_modules: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(tracker)
        self._parameters, self._module_name, self._leaf_modules = dict(parameters), modules, leaf_modules or {}
        self._computed = ComputedWeights(self.graph)
        self._leaf: Any = None  # the leaf module whose forward runs
        self.graph.parameter_shapes = {name: tuple(value.shape) for name, value in self._parameters.items()}

    @abstractmethod
    def magnitudes(self, parameter: Any, axes: Sequence[int]) -> dict[int, NDArray[np.float64]]:
        """For each axis the L1 norms of the parameter's slices along it; of one number its size."""

    def layer_size(self, attribute: Attribute) -> SizeOrigin | None:
        """What an attribute of the framework's own layers counts, which surgery keeps in line with the parameters."""
        return None

    @abstractmethod
    def as_array(self, tensor: Any) -> NDArray[Any]:
        """A tensor's values, those of half precision as float32."""

    @abstractmethod
    def watching(self) -> AbstractContextManager[None]:
        """Inside the block everything that runs is recorded."""

    def counted(self, name: str) -> bool:
        """Count a call of an operator; whether it is to be recorded, not being part of a leaf module."""
        self._calls[name] += 1
        return self._leaf is None

    def record(self, call: Call, rule: Rule | None, ours: bool) -> None:
        """Let a rule say what an operator does; without one, or where somebody else's fails, it is opaque."""
        self._say(call, rule, ours)
        numbers = [self.known(tensor) for tensor in self.tensors_in(call.out)]
        found = tuple(NO_TENSOR if number is None else number for number in numbers)
        self.graph.results[call.name, self._calls[call.name] - 1] = found

    def _say(self, call: Call, rule: Rule | None, ours: bool) -> None:
        reason, before = "prunekit has no rule for this operator", len(self.graph.operators)
        self.graph.read.update(call.read())
        if rule is not None:
            try:
                rule(call)
                return self._computed.note(self.graph.operators[before:], lambda: self._unnamed(call))
            except Exception as problem:  # anybody can register a rule
                if ours:
                    raise
                del self.graph.operators[before:]
                reason = f"its rule failed: {described(problem)}"
        operands, results = call.operands(), call.results()
        if results:
            call.add(Opaque(reason=reason), operands, results)

    def _unnamed(self, call: Call) -> dict[int, Any]:
        """The tensors that an operator was given, but for those that the network holds, by number."""
        return {self.number(tensor): tensor for tensor in call.given() if self.name_of(tensor) is None}

    def enter(self, module: Any) -> None:
        """A module's forward begins."""
        self._path.append(self._module_name.get(module, self.place))
        self.tracker.uses.place = self.place
        if self._leaf is None and type(module).__name__ in self._leaf_modules:
            self._leaf = module

    def leave(self, module: Any, inputs: Any, output: Any) -> None:
        """A module's forward has ended, or failed: then ``output`` is None."""
        if self._leaf is module:
            self._leaf = None
            if output is not None:
                add_leaf_module(self, module, self._leaf_modules[type(module).__name__], inputs, output)
        self._path.pop()
        self.tracker.uses.place = self.place

    def run(self, forward: Callable[[Any], Any], inputs: Any) -> list[Any]:
        """Record one forward and return the tensors that came out."""
        with self.watching():
            self.graph.inputs += [self.fresh(t) for t in self.tensors_in(inputs)]
            outputs = forward(inputs)
        returned = list(leaf_paths(outputs))
        found = [(path, leaf) for path, leaf in returned if self.is_tensor(leaf)]
        inside = [each for path, leaf in returned for each in self._inside(path, leaf)]
        self.graph.outputs += [self.number(tensor) for _, tensor in (*found, *inside)]
        self.graph.output_names += [path for path, _ in (*found, *inside)]
        return [tensor for _, tensor in found]

    def _inside(self, path: str, leaf: Any) -> Iterator[tuple[str, Any]]:
        """What was computed and is returned in an object of a class of its own: it cannot be compared, but is kept."""
        for name, part in () if self.is_tensor(leaf) else held_by(leaf, path):
            if self.is_tensor(part) and self.known(part) is not None and self.name_of(part) is None:
                yield name, part

    def run_training(self, run: Callable[[], Any], branches: bool) -> None:
        """Record the training forward as well, if it may return more than evaluation does.

        Parameters without effect in evaluation say that, as those of auxiliary heads, and branches of the code.

        Args:
            run: Calls `run` of this recorder in training mode.
            branches: Whether the network decides something by its mode.
        """
        graph, problem = self.graph, ""
        graph.returned = len(graph.outputs)
        unread, idle = self.unread(), idle_parameters(graph)
        if not (idle or branches):
            return
        count, outputs, compared = len(graph.operators), graph.returned, len(self.tracker.uses.compared)
        graph.calls = dict(self._calls)
        try:
            run()
        except Exception as raised:  # the network's own code, in a mode that may need more than the example
            problem = f"{type(raised).__name__}: {first_line(raised)}"
        if problem or (self.unread() == unread and idle_parameters(graph) == idle and self._as_many(outputs)):
            del graph.operators[count:], graph.outputs[outputs:], graph.output_names[outputs:]
            del self.tracker.uses.compared[compared:]
            graph.dropped = dropped(graph, idle)
            graph.notes += [_told(unread, problem)] if unread else []
        else:
            graph.training_from = count
            graph.dropped = dropped(graph, idle_parameters(graph))

    def _as_many(self, count: int) -> bool:
        """Whether the forward recorded last returned the same as the one before but for the number of samples."""
        shapes = [self.graph.tensors[number].shape for number in self.graph.outputs]
        return [shape[1:] for shape in shapes[:count]] == [shape[1:] for shape in shapes[count:]]

    def unread(self) -> list[str]:
        """Parameters that no operator has read."""
        return [name for name, parameter in self._parameters.items() if self.known(parameter) is None]

    def weigh(self) -> None:
        """Measure the slices of every weight that may go, and note what is nearly zero."""
        graph = self.graph
        turned = {
            graph.tensors[operator.inputs[1]].name
            for operator in graph.operators
            if isinstance(operator.attributes, (Linear, Convolution)) and operator.attributes.out_axis == 1
        }  # weights that produce along their second axis, or are used as they are
        for name, parameter in self._parameters.items():
            norms = self.magnitudes(parameter, (0, 1) if name in turned and len(parameter.shape) > 1 else (0,))
            if len(parameter.shape) >= 2:
                graph.magnitudes[name] = norms
                idle = bool(norms[0].sum() < NEAR_ZERO * math.prod(parameter.shape))
            else:
                idle = bool(norms[0].size and norms[0].max() < NEAR_ZERO)
            if idle:
                graph.near_zero.append(name)

    def finished(self) -> OperatorGraph:
        """The graph, with what can be said only at the end."""
        self.graph.compared = resolved(self.tracker.uses.compared, self.layer_size)
        self.graph.operators = [with_resolved_scale(each, self.layer_size) for each in self.graph.operators]
        self.weigh()
        self._computed.weigh(self.as_array, self._parameters)
        return self.graph


def _told(unread: Sequence[str], problem: str) -> str:
    """What is said of parameters that evaluation does not read, and of why training could not be looked at."""
    names = ", ".join(unread[:3]) + (f" and {len(unread) - 3} more" if len(unread) > 3 else "")
    if not problem:
        return f"never read: {names}; the training forward does not read them either"
    return (
        f"not read in evaluation: {names}; whether training reads them is not known, for its forward fails on the"
        f" example inputs ({problem}). If it does, they will not fit the pruned network: give inputs that it trains on"
    )
