"""Records one real forward of a MindSpore network as neutral operators, by dispatch."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from mindspore import Parameter, Tensor, nn
from numpy.typing import NDArray

from prunekit.core import recording
from prunekit.core.data.contract import DataError
from prunekit.core.graph.attributes import Attributes
from prunekit.core.graph.operators import Operator, OperatorGraph
from prunekit.core.graph.tracked_sizes import Attribute, Extent, SizeOrigin, SymInt
from prunekit.core.recording import Rule
from prunekit.core.recording.conversions import Conversions, of_classes, with_conversions
from prunekit.core.recording.mode_branches import branches_on_training
from prunekit.core.recording.module_attributes import known_attributes, tensors_held
from prunekit.core.recording.seen_builtins import seen_builtins
from prunekit.core.recording.seen_math import seen_roots
from prunekit.core.recording.seen_numpy import seen_arrays, seen_products
from prunekit.core.recording.uncached import uncached
from prunekit.core.recording.views import put_back
from prunekit.plugins.backends.mindspore.api_calls import ApiCallTracker
from prunekit.plugins.backends.mindspore.call import Call
from prunekit.plugins.backends.mindspore.cell_tree import named_buffers
from prunekit.plugins.backends.mindspore.dispatch import (
    INDEX,
    ONE_AT_A_TIME,
    VIEWS,
    WRITE,
    Dispatched,
    FrontEndError,
    dispatching,
)
from prunekit.plugins.backends.mindspore.forward import as_array, doubled, evaluating, handed_over, tensors_in, training
from prunekit.plugins.backends.mindspore.layer_sizes import layer_size
from prunekit.plugins.backends.mindspore.recurrent import unfused
from prunekit.plugins.backends.mindspore.rules import RULES, rule_for
from prunekit.plugins.backends.mindspore.rules_indexing import created
from prunekit.plugins.backends.mindspore.size_scalars import Factors
from prunekit.plugins.backends.mindspore.views import base_of
from prunekit.plugins.backends.mindspore.watching import cells_followed

_NUMBER, _NAME, _MADE = "prunekit.number", "prunekit.name", "prunekit.made"
_STATISTICS = ("moving_mean", "moving_variance")
_OF_EVERY_CELL = frozenset(vars(nn.Cell()))
_recordings = itertools.count()


class Recorder(recording.Recorder):
    """Follows tensors by what is written on them, as Python's objects for a tensor come and go.

    Args:
        network: Whose parameters are followed.
        leaf_modules: For names of cell classes what such a cell is as a whole.
        conversions: Where plain integers are made of sizes, as an earlier recording has seen.
    """

    norm_parts = ("gamma", "weight", "beta", "bias", *_STATISTICS)
    groups_key = "group"

    def __init__(
        self, network: nn.Cell, leaf_modules: Mapping[str, str] | None = None, conversions: Conversions | None = None
    ) -> None:
        self._id = next(_recordings)
        self._cells = dict(network.cells_and_names())
        self.factors, tracker = Factors(self._id), ApiCallTracker(self.followed, self._created)
        super().__init__(tracker, parameters(network), {cell: name for name, cell in self._cells.items()}, leaf_modules)
        self._sizes, self._rules, self._running = tracker, dict[str, Rule | None](), list[nn.Cell]()
        self._namespaces = {**of_classes(self._cells.values(), tracker.uses.libraries), **(conversions or {})}
        for name, tensor in named_tensors(network):
            tensor._set_user_data(_NAME, (self._id, name))

    @property
    def cell(self) -> nn.Cell | None:
        """The cell whose forward runs."""
        return self._running[-1] if self._running else None

    def is_tensor(self, value: Any) -> bool:
        """Whether a value is a tensor."""
        return isinstance(value, Tensor)

    def known(self, tensor: Tensor) -> int | None:
        """The number that a tensor was given, or None."""
        written = tensor._get_user_data(_NUMBER)
        return written[1] if written is not None and written[0] == self._id else None

    def give(self, tensor: Tensor, number: int) -> None:
        """Give a tensor a number, in place of one that it has."""
        tensor._set_user_data(_NUMBER, (self._id, number))

    def name_of(self, tensor: Tensor) -> str | None:
        """The name of anything that the network holds; None for other tensors."""
        written = tensor._get_user_data(_NAME)
        return written[1] if written is not None and written[0] == self._id else None

    def magnitudes(self, parameter: Tensor, axes: Sequence[int]) -> dict[int, NDArray[np.float64]]:
        """For each axis the L1 norms of the parameter's slices along it; of one number its size."""
        size = np.abs(np.atleast_1d(as_array(parameter)))
        others = {axis: tuple(k for k in range(size.ndim) if k != axis) for axis in axes}
        return {axis: size.sum(others[axis], dtype=np.float64) for axis in axes}

    def as_array(self, tensor: Tensor) -> NDArray[Any]:
        """A tensor's values, those of half precision as float32."""
        array: NDArray[Any] = as_array(tensor)
        return array.astype(np.promote_types(array.dtype, np.float32)) if array.dtype.kind == "f" else array

    def layer_size(self, attribute: Attribute) -> SizeOrigin | None:
        """What an attribute of MindSpore's own cells counts."""
        cell = self._cells[attribute.module]
        if all(self.known(tensor) is None for tensor in cell.parameters_dict(recurse=False).values()):
            return None  # it did not run
        return layer_size(cell, attribute.path, self._extent)

    def _extent(self, tensor: Tensor, axis: int) -> Extent:
        return Extent(tensor.shape[axis], self.number(tensor), axis)

    def dispatched(self, operator: Dispatched) -> Any:
        """Run an operator and write it down."""
        with self._sizes.quiet():
            return self._dispatched(operator)

    def _dispatched(self, operator: Dispatched) -> Any:
        if not self.counted(operator.name):
            return operator.run(operator.args)
        known = any([self.followed(t) is not None for t in tensors_in(operator.args)])  # all of them get numbers
        out = operator.run(operator.args)
        if known and (operator.name == WRITE or any(True for _ in tensors_in(out))):
            if operator.name not in self._rules:
                self._rules[operator.name] = rule_for(operator.name)
            before = len(self.graph.operators)
            self.record(
                Call(operator, out, self, self.factors, self.cell), self._rules[operator.name], operator.name in RULES
            )
            if operator.name == WRITE:
                self._write_back(operator.args[0])
            elif operator.name == INDEX or operator.name in VIEWS:
                self._note_views(out, self.graph.operators[before:])
        elif not known:
            self.factors.follow(operator, out)
        return out

    def _note_views(self, out: Any, added: list[Operator[Attributes]]) -> None:
        """Remember of which tensor results are views, so that a write into one reaches that tensor too."""
        for index, view in enumerate(tensors_in(out)):
            if (base := base_of(view)) is not None:
                view._set_user_data(_MADE, (self._id, base, added, index))

    def _write_back(self, view: Tensor) -> None:
        """After a write into ``view``, let the tensors that it is a view of have its new content."""
        while (noted := view._get_user_data(_MADE)) is not None and noted[0] == self._id:
            _, base, made, index = noted
            part = self.number(view)
            for operator in reversed(made or [None]):
                first = operator is None or operator is made[0]
                whole = self.number(base) if first else operator.inputs[0]
                attributes, inputs = put_back(operator, index, whole, part)
                part = self.fresh(base) if first else self.graph.tensor(self.graph.tensors[whole].shape)
                self.add(attributes, WRITE, inputs, [part])
            view = base

    def _created(self, name: str, out: Tensor) -> None:
        """A function made a tensor that no operator shows."""
        if name == "scalar_to_tensor":
            if isinstance(size := self.tracker.api_call.args[0], SymInt):
                self.factors.note(out, size.origin, 1.0)
            elif isinstance(size, float) and (power := self.tracker.uses.power(size)) is not None:
                self.factors.note(out, *power)
        elif self.known(out) is None and self.counted(name):
            created(Call(Dispatched(name, None, (), lambda _: out), out, self, self.factors, self.cell))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Record inside the block, knowing which cell runs and where sizes come from."""
        namespaces = [space for space, _ in self._namespaces.values()]
        with (
            ONE_AT_A_TIME,
            cells_followed(self.enter, self.leave),
            unfused(),
            known_attributes(self._cells, self.tracker.uses, nn.Cell),
            uncached(namespaces, self.tracker.uses.libraries),
            seen_builtins(self._namespaces.values(), self.is_tensor),
            seen_products(namespaces),
            seen_arrays(namespaces),
            seen_roots(namespaces, self.tracker.uses),
            self._sizes.watching(self._cells),
            dispatching(self.dispatched),
        ):
            yield

    def enter(self, module: nn.Cell) -> None:
        """A cell's forward begins."""
        super().enter(module)
        self._running.append(module)

    def leave(self, module: nn.Cell, inputs: Any, output: Any) -> None:
        """A cell's forward has ended, or failed."""
        self._running.pop()
        super().leave(module, inputs, output)


def parameters(network: nn.Cell) -> dict[str, Parameter]:
    """What is trained, or could be: all parameters but the statistics that normalizations keep."""
    return {name: p for name, p in network.parameters_and_names() if name.rpartition(".")[2] not in _STATISTICS}


def parameters_and_buffers(network: nn.Cell) -> dict[str, Tensor]:
    """What a network's state is made of, statistics included, by its place in the network."""
    return {**dict(network.parameters_and_names()), **named_buffers(network)}


def named_tensors(network: nn.Cell) -> Iterator[tuple[str, Tensor]]:
    """Parameters, buffers, and tensors that cells hold as plain attributes, also in lists and dicts; with names."""
    yield from parameters_and_buffers(network).items()
    for name, cell in network.cells_and_names():
        for key, value in vars(cell).items():
            own = isinstance(value, Tensor) and not isinstance(value, Parameter)
            if key not in _OF_EVERY_CELL and (own or isinstance(value, (list, tuple, dict))):
                yield from tensors_held(value, f"{name}.{key}" if name else key, Tensor)


def record(
    network: nn.Cell,
    forward: Callable[[Any], Any],
    inputs: Any,
    leaf_modules: Mapping[str, str] | None = None,
) -> OperatorGraph:
    """Run ``forward`` once in evaluation mode and return what it did.

    Where training may return more, as auxiliary heads, once more in that mode.

    Args:
        network: Whose parameters are followed.
        forward: Calls the network with inputs.
        inputs: The tensors that it is called with, nested in any way; the network gets copies of them.
        leaf_modules: For names of cell classes what such a cell is as a whole.

    Raises:
        DataError: The network returned no tensor.
        FrontEndError: This version of MindSpore does not show its operators, or the network is a compiled graph.
    """
    if any(isinstance(cell, nn.GraphCell) for _, cell in network.cells_and_names()):
        raise FrontEndError(
            f"{type(network).__name__} is or holds a GraphCell, a compiled graph that does not tell where its sizes"
            " come from: pass the network that it was exported from, and export the pruned one"
        )

    def once(conversions: Conversions) -> Recorder:
        recorder = Recorder(network, leaf_modules, conversions)
        _run(recorder, network, forward, inputs)
        return recorder

    return with_conversions(once).finished()


def _run(recorder: Recorder, network: nn.Cell, forward: Callable[[Any], Any], inputs: Any) -> None:
    """Record the forward in evaluation mode and, where that is called for, in training mode."""
    with evaluating(network):
        outputs = recorder.run(forward, handed_over(inputs))
    if not outputs:
        raise DataError("the network returned no tensor; return tensors in tuples, lists, dicts and dataclasses")

    def once_more() -> None:
        with training(network):
            recorder.run(forward, handed_over(doubled(inputs)))

    recorder.run_training(once_more, branches_on_training(type(network), nn.Cell))
