"""Records one real forward of a PyTorch network as neutral operators, by dispatch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary

from prunekit.core.data.contract import DataError
from prunekit.core.graph.operators import Kind, Operator, OperatorGraph
from prunekit.plugins.backends.pytorch.asking import Asking, known_attributes, open_functions
from prunekit.plugins.backends.pytorch.aten import CREATING, RULES, Rule, rule_for
from prunekit.plugins.backends.pytorch.call import Call, signature, tensors_in
from prunekit.plugins.backends.pytorch.forward import doubled, evaluating, training
from prunekit.plugins.backends.pytorch.whole import add_whole


class Recorder(TorchDispatchMode):
    """Follows tensors by identity: parameters and buffers by name, everything else by the operator that made it.

    Args:
        network: Whose parameters are followed.
        custom: For names of module classes what such a module is as a whole.
    """

    def __init__(self, network: torch.nn.Module, custom: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.graph = OperatorGraph()
        self.asking = Asking(self._known)
        self._custom = custom or {}
        self._number = WeakIdKeyDictionary()
        self._named: dict[int, tuple[torch.Tensor, str]] = {}  # with the tensor, so that it keeps its id
        self._views: WeakIdKeyDictionary = WeakIdKeyDictionary()
        self._rules: dict[str, Rule | None] = {}
        self._path: list[str] = []
        self._calls = Counter[str]()
        self._whole: torch.nn.Module | None = None
        self._module_name = {module: name for name, module in network.named_modules()}
        for name, tensor in named_tensors(network):
            self._named.setdefault(id(tensor), (tensor, name))
        self._parameters = dict(network.named_parameters())
        self.graph.parameter_shapes = {name: tuple(parameter.shape) for name, parameter in self._parameters.items()}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operator and write it down."""
        name = signature(func).name
        self._calls[name] += 1
        if self._whole is not None:
            return func(*args, **(kwargs or {}))
        known = any([self._known(t) is not None for t in tensors_in((args, kwargs))])  # all of them get numbers
        out = func(*args, **(kwargs or {}))
        if known or name in CREATING:
            call, before = Call(func, args, kwargs or {}, out, self), len(self.graph.operators)
            self._record(call)
            self._note_view(call, self.graph.operators[before:])
            for written in call.written():
                self._write_back(written)
        return out

    def _known(self, tensor: torch.Tensor) -> int | None:
        """The number of a tensor that is followed, or None."""
        number: int | None = self._number.get(tensor)
        return self.number(tensor) if number is None and id(tensor) in self._named else number

    def number(self, tensor: torch.Tensor) -> int:
        """The tensor's number in the graph; one that is met for the first time is a parameter or a constant."""
        number: int | None = self._number.get(tensor)
        if number is None:
            _, name = self._named.get(id(tensor), (None, None))
            number = self.graph.tensor(tuple(tensor.shape), name, constant=name is None)
            self._number[tensor] = number
        return number

    def fresh(self, tensor: torch.Tensor) -> int:
        """A new number for an operator's result, also where it is an input that was written in place."""
        number = self._number[tensor] = self.graph.tensor(tuple(tensor.shape))
        return number

    def add(self, kind: Kind, name: str, inputs: list[int], outputs: list[int], **attributes: Any) -> None:
        """Append one operator."""
        module = self._path[-1] if self._path else ""
        made = Operator(kind, name, tuple(inputs), tuple(outputs), attributes, module, self._calls[name] - 1)
        self.graph.operators.append(made)

    def _record(self, call: Call) -> None:
        if call.name not in self._rules:
            self._rules[call.name] = rule_for(call.func, call.name)
        rule, reason = self._rules[call.name], "prunekit has no rule for this operator"
        before = len(self.graph.operators)
        if rule is not None:
            try:
                return rule(call)
            except Exception as problem:  # anybody can register a rule
                if call.name in RULES:
                    raise
                del self.graph.operators[before:]
                reason = f"its rule failed: {type(problem).__name__}: {problem}"
        operands, results = call.operands(), call.results()
        if results:
            call.add(Kind.OPAQUE, operands, results, reason=reason)

    def _note_view(self, call: Call, added: list[Operator]) -> None:
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
            kind, inputs, attributes = _undo(made, index, whole, part, base.ndim)
            self.add(kind, "copy_", inputs, [self.fresh(base)], **attributes)
            view = base

    def run(self, network: torch.nn.Module, forward: Callable[[Any], Any], inputs: Any) -> list[torch.Tensor]:
        """Record one forward and return the tensors that came out."""
        with self.watching(network):
            self.graph.inputs += [self.fresh(t) for t in tree_leaves(inputs) if isinstance(t, torch.Tensor)]
            outputs = forward(inputs)
        found = [t for t in tree_leaves(outputs) if isinstance(t, torch.Tensor)]
        self.graph.outputs += [self.number(t) for t in found]
        return found

    def unread(self) -> list[str]:
        """Parameters that no operator has read."""
        return [name for name, parameter in self._parameters.items() if parameter not in self._number]

    def weigh(self) -> None:
        """Measure the slices of every weight that may go, and note what is nearly zero."""
        graph = self.graph
        turned = {
            graph.tensors[operator.inputs[1]].name
            for operator in graph.operators
            if operator.kind is Kind.LINEAR or operator.attributes.get("transposed")
        }  # weights that produce along their second axis, or are used as they are
        for name, parameter in self._parameters.items():
            if parameter.ndim >= 2:
                size, axes = parameter.detach().abs(), (0, 1) if name in turned else (0,)
                graph.magnitudes[name] = {axis: _sums(size, axis) for axis in axes}
                idle = bool(graph.magnitudes[name][0].sum() < ASLEEP * parameter.numel())
            else:
                idle = bool(parameter.numel() and parameter.detach().abs().max() < ASLEEP)
            if idle:
                graph.asleep.append(name)

    @contextmanager
    def watching(self, network: torch.nn.Module) -> Iterator[None]:
        """Record inside the block, knowing which module runs and where sizes come from."""

        def enter(module: torch.nn.Module, inputs: Any) -> None:
            self._path.append(self._module_name.get(module, self._path[-1] if self._path else ""))
            self.asking.uses.place = self._path[-1]
            if self._whole is None and type(module).__name__ in self._custom:
                self._whole = module

        def leave(module: torch.nn.Module, inputs: Any, output: Any) -> None:
            if self._whole is module:
                self._whole = None
                add_whole(self, module, self._custom[type(module).__name__], inputs, output)
            self._path.pop()
            self.asking.uses.place = self._path[-1] if self._path else ""

        handles = [register_module_forward_pre_hook(enter), register_module_forward_hook(leave, always_call=True)]
        try:
            with unfused(network), open_functions(), known_attributes(network, self.asking.uses), self.asking, self:
                yield
        finally:
            for handle in handles:
                handle.remove()


ASLEEP = 1e-3
"""A parameter of no larger values than this, on average over those of weights, counts as zero."""


@contextmanager
def unfused(network: torch.nn.Module) -> Iterator[None]:
    """No recurrent module runs as one fused operator inside the block; `forward.call` sees to transformer layers."""
    recurrent = any(isinstance(module, torch.nn.RNNBase) for module in network.modules())
    libraries = torch._C._get_mkldnn_enabled(), torch._C._get_cudnn_enabled()
    if recurrent:  # of others they change no operator, and are faster
        torch._C._set_mkldnn_enabled(False)
        torch._C._set_cudnn_enabled(False)
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(libraries[0])
        torch._C._set_cudnn_enabled(libraries[1])


def named_tensors(network: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Parameters, buffers, and tensors that modules hold as plain attributes, each with its name."""
    modules = list(network.named_modules())
    for table in ("_parameters", "_buffers", "__dict__"):
        for name, module in modules:
            for key, value in getattr(module, table).items():
                if isinstance(value, torch.Tensor):
                    yield f"{name}.{key}" if name else key, value


def _undo(
    made: Operator | None, index: int, whole: int, part: int, ndim: int
) -> tuple[Kind, list[int], dict[str, Any]]:
    """The operator that puts a view back in its place: kind, inputs, attributes."""
    if made is not None and made.kind in (Kind.SLICE, Kind.SPLIT):
        bounds = {k: v for k, v in made.attributes.items() if k in ("axis", "start", "stop", "step")}
        if made.kind is Kind.SPLIT:
            start = sum(made.attributes["sizes"][:index])
            bounds |= {"start": start, "stop": start + made.attributes["sizes"][index], "step": 1}
        return Kind.WRITE, [whole, part], bounds
    if made is not None and made.kind is Kind.PERMUTE:
        order = made.attributes["order"]
        return Kind.PERMUTE, [part], {"order": sorted(range(ndim), key=order.__getitem__)}
    if made is not None and made.kind in (Kind.RESHAPE, Kind.ELEMENTWISE):
        return made.kind, [part], {}
    return Kind.OPAQUE, [whole, part], {"reason": "it is written through a view"}


def record(
    network: torch.nn.Module,
    forward: Callable[[Any], Any],
    inputs: Any,
    custom: Mapping[str, str] | None = None,
) -> OperatorGraph:
    """Run ``forward`` once in evaluation mode and return what it did.

    Where that leaves parameters unread, as auxiliary heads are, once more in training mode.

    Args:
        network: Whose parameters are followed.
        forward: Calls the network with inputs.
        inputs: The tensors that it is called with, nested in any way.
        custom: For names of module classes what such a module is as a whole.

    Raises:
        DataError: The network returned no tensor.
    """
    recorder = Recorder(network, custom)
    with evaluating(network, fresh=True), torch.no_grad():
        outputs = recorder.run(network, forward, inputs)
    if not outputs:
        raise DataError("the network returned no tensor; return tensors in tuples, lists and dicts")
    unread = recorder.unread()
    if unread:
        _record_training(recorder, network, forward, inputs, unread)
    recorder.graph.equal = recorder.asking.uses.comparisons()
    recorder.weigh()
    return recorder.graph


def _record_training(
    recorder: Recorder, network: torch.nn.Module, forward: Callable[[Any], Any], inputs: Any, unread: list[str]
) -> None:
    """Record the training forward as well, which may read the parameters that evaluation does not."""
    graph = recorder.graph
    count, outputs = len(graph.operators), len(graph.outputs)
    problem = ""
    try:
        with training(network), torch.no_grad():
            recorder.run(network, forward, doubled(inputs))
    except Exception as raised:  # the network's own code, in a mode that may need more than the example
        problem = f" ({type(raised).__name__}: {str(raised).splitlines()[0] if str(raised) else ''})"
    if problem or recorder.unread() == unread:
        del graph.operators[count:], graph.outputs[outputs:]
        names = ", ".join(unread[:3]) + (f" and {len(unread) - 3} more" if len(unread) > 3 else "")
        graph.notes.append(f"never read: {names}; the training forward does not read them either{problem}")
    else:
        graph.training_from = count


def _sums(size: torch.Tensor, axis: int) -> Any:
    return size.sum([k for k in range(size.ndim) if k != axis]).double().cpu().numpy()
