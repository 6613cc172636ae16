"""Records one real forward of a PyTorch network as neutral operators, by dispatch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.parametrize import ParametrizationList
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakIdKeyDictionary

from prunekit.core import recording
from prunekit.core.data.contract import DataError
from prunekit.core.graph.attributes import Attributes
from prunekit.core.graph.operators import Operator, OperatorGraph
from prunekit.core.graph.tracked_sizes import Attribute, Extent, SizeOrigin
from prunekit.core.recording import Rule
from prunekit.core.recording.code_draws import seeded_draws
from prunekit.core.recording.conversions import Conversions, of_classes, with_conversions
from prunekit.core.recording.mode_branches import mode_asked
from prunekit.core.recording.module_attributes import known_attributes
from prunekit.core.recording.seen_builtins import seen_builtins
from prunekit.core.recording.seen_math import seen_math
from prunekit.core.recording.seen_numpy import seen_products, seen_ufuncs
from prunekit.core.recording.uncached import uncached
from prunekit.core.recording.views import put_back
from prunekit.core.recording.yielding_constants import yielding_constants
from prunekit.plugins.backends.pytorch.api_calls import ApiCallTracker, open_functions
from prunekit.plugins.backends.pytorch.call import Call, signature, tensors_in
from prunekit.plugins.backends.pytorch.forward import (
    at_least_float32,
    doubled,
    evaluating,
    handed_over,
    to_numpy,
    training,
)
from prunekit.plugins.backends.pytorch.layer_sizes import layer_size
from prunekit.plugins.backends.pytorch.module_tree import device_of, named_modules, named_parameters, named_tensors
from prunekit.plugins.backends.pytorch.recurrent import unfused
from prunekit.plugins.backends.pytorch.rules import CREATING, REBINDING, RULES, rule_for
from prunekit.plugins.backends.pytorch.watching import modules_followed


class Recorder(recording.Recorder):
    """Follows tensors by identity: parameters and buffers by name, everything else by the operator that made it.

    Args:
        network: Whose parameters are followed.
        leaf_modules: For names of module classes what such a module is as a whole.
        conversions: Where plain integers are made of sizes, as an earlier recording has seen.
    """

    norm_parts = ("weight", "bias", "running_mean", "running_var")

    def __init__(
        self,
        network: torch.nn.Module,
        leaf_modules: Mapping[str, str] | None = None,
        conversions: Conversions | None = None,
    ) -> None:
        modules = {module: name for name, module in named_modules(network)}
        tracker = ApiCallTracker(self.followed)
        super().__init__(tracker, dict(named_parameters(network)), modules, leaf_modules)
        self._network, self._factors = network, tracker.factors
        self._namespaces = {**of_classes(modules, self.tracker.uses.libraries), **(conversions or {})}
        self._number = WeakIdKeyDictionary()
        self._named: dict[int, tuple[torch.Tensor, str]] = {}  # with the tensor, so that it keeps its id
        self._views: WeakIdKeyDictionary = WeakIdKeyDictionary()
        self._rules: dict[str, Rule | None] = {}
        for name, tensor in named_tensors(network):
            self._named.setdefault(id(tensor), (tensor, name))
        self.graph.owners = dict(_owners(network))

    def is_tensor(self, value: Any) -> bool:
        """Whether a value is a tensor."""
        return isinstance(value, torch.Tensor)

    def known(self, tensor: torch.Tensor) -> int | None:
        """The number that a tensor was given, or None."""
        number: int | None = self._number.get(tensor)
        return number

    def give(self, tensor: torch.Tensor, number: int) -> None:
        """Give a tensor a number, in place of one that it has."""
        self._number[tensor] = number

    def name_of(self, tensor: torch.Tensor) -> str | None:
        """The name of anything that the network holds; None for other tensors."""
        return self._named.get(id(tensor), (None, None))[1]

    def magnitudes(self, parameter: torch.Tensor, axes: Sequence[int]) -> dict[int, NDArray[np.float64]]:
        """For each axis the L1 norms of the parameter's slices along it; of one number its size."""
        size = at_least_float32(parameter.detach()).abs()
        size = size.reshape(1) if size.ndim == 0 else size
        return {axis: _sums(size, axis) for axis in axes}

    def as_array(self, tensor: torch.Tensor) -> NDArray[Any]:
        """A tensor's values, those of half precision as float32."""
        array: NDArray[Any] = to_numpy(at_least_float32(tensor))
        return array

    def layer_size(self, attribute: Attribute) -> SizeOrigin | None:
        """What an attribute of torch's own layers counts."""
        module = dict(named_modules(self._network))[attribute.module]
        own = (*module._parameters.values(), *module._buffers.values())
        if all(tensor is None or self.known(tensor) is None for tensor in own):
            return None  # it did not run
        return layer_size(module, attribute.path, self._extent)

    def _extent(self, tensor: torch.Tensor, axis: int) -> Extent:
        return Extent(tensor.shape[axis], self.number(tensor), axis)

    def dispatched(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operator and write it down."""
        name = signature(func).name
        if not self.counted(name):
            return func(*args, **kwargs)
        known = any([self.followed(t) is not None for t in tensors_in((args, kwargs))])  # all of them get numbers
        out = func(*args, **kwargs)
        if known or name in CREATING:
            if name not in self._rules:
                self._rules[name] = rule_for(func, name)
            call, before = Call(func, args, kwargs, out, self, self._factors), len(self.graph.operators)
            self.record(call, self._rules[name], name in RULES)
            self._note_view(call, self.graph.operators[before:])
            for written in call.written():
                if name in REBINDING:
                    self._views.pop(written, None)  # from now on a view of something else, or of nothing
                else:
                    self._write_back(written)
        return out

    def _note_view(self, call: Call, added: list[Operator[Attributes]]) -> None:
        """Remember of which tensor a result is a view, so that a write into it reaches that tensor too."""
        if call.func.is_view:
            base, views = call["self"], list(tensors_in(call.out))
            for index, view in enumerate(views):
                if view is not base:
                    self._views[view] = (base, added[-1] if len(added) == 1 else None, index)

    def _write_back(self, view: torch.Tensor) -> None:
        """After a write into ``view``, let the tensors that it is a view of have its new content."""
        while view in self._views:
            base, made, index = self._views[view]
            part, whole = self.number(view), self.number(base)
            attributes, inputs = put_back(made, index, whole, part)
            self.add(attributes, "copy_", inputs, [self.fresh(base)])
            view = base

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Record inside the block, knowing which module runs and where sizes come from."""
        network, tracker = self._network, self.tracker
        assert isinstance(tracker, ApiCallTracker)
        namespaces = [space for space, _ in self._namespaces.values()]
        plain = {name: m for name, m in named_modules(network) if not isinstance(m, torch.jit.ScriptModule)}
        with (
            modules_followed(self.enter, self.leave),
            unfused(network),
            open_functions(),
            known_attributes(plain, tracker.uses, torch.nn.Module),
            uncached(namespaces, tracker.uses.libraries),
            seen_builtins(self._namespaces.values(), self.is_tensor),
            seen_products(namespaces),
            seen_ufuncs(namespaces),
            seen_math(namespaces),
            yielding_constants(plain.values(), namespaces, tracker.uses.libraries),
            tracker,
            _Dispatching(self),
        ):
            yield


class _Dispatching(TorchDispatchMode):
    """Hands every operator to a recorder."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return self._recorder.dispatched(func, args, kwargs or {})


def _owners(network: torch.nn.Module) -> Iterator[tuple[str, str]]:
    """Parameters of parametrizations, each with the module whose weight is computed from it."""
    for path, module in named_modules(network):
        if isinstance(module, ParametrizationList):
            owner = f".{path}".rpartition(".parametrizations.")[0].removeprefix(".")
            yield from ((f"{path}.{name}", owner) for name, _ in module.named_parameters())


def record(
    network: torch.nn.Module,
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
        leaf_modules: For names of module classes what such a module is as a whole.

    Raises:
        DataError: The network returned no tensor.
    """

    def once(conversions: Conversions) -> Recorder:
        recorder = Recorder(network, leaf_modules, conversions)
        _run(recorder, network, forward, inputs)
        return recorder

    return with_conversions(once).finished()


def _run(recorder: Recorder, network: torch.nn.Module, forward: Callable[[Any], Any], inputs: Any) -> None:
    """Record the forward in evaluation mode, where some draw too, and, if called for, in training mode."""
    device = device_of(network)
    with (
        evaluating(network, fresh=True),
        torch.no_grad(),
        torch.random.fork_rng(),  # some draw in evaluation too
        seeded_draws(),
        mode_asked(network, torch.nn.Module) as asked,
    ):
        outputs = recorder.run(forward, handed_over(inputs, device))
    if not outputs:
        raise DataError("the network returned no tensor; return tensors in tuples, lists, dicts and dataclasses")

    def once_more() -> None:
        with training(network), torch.no_grad():
            recorder.run(forward, handed_over(doubled(inputs), device))

    recorder.run_training(once_more, asked())


def _sums(size: torch.Tensor, axis: int) -> Any:
    return size.sum([k for k in range(size.ndim) if k != axis]).double().cpu().numpy()
