"""Records one real forward of a PyTorch network as neutral operators, by dispatch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary

from prunekit.core.graph.operators import Kind, Operator, OperatorGraph
from prunekit.plugins.backends.pytorch.aten import RULES, Call, pointwise
from prunekit.plugins.backends.pytorch.forward import evaluating


class Recorder(TorchDispatchMode):
    """Follows tensors by identity: parameters and buffers by name, everything else by the operator that made it."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.graph = OperatorGraph()
        self._number = WeakIdKeyDictionary()
        self._named = WeakIdKeyDictionary()
        self._views: WeakIdKeyDictionary = WeakIdKeyDictionary()
        self._path: list[str] = []
        self._module_name = {module: name for name, module in network.named_modules()}
        for name, tensor in [*network.named_parameters(), *network.named_buffers()]:
            self._named.setdefault(tensor, name)
        for name, parameter in network.named_parameters():
            self.graph.parameter_shapes[name] = tuple(parameter.shape)
            if parameter.ndim >= 2:
                self.graph.magnitudes[name] = {axis: _l1_norms(parameter, axis) for axis in (0, 1)}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operator and write it down."""
        operands = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        known = [t for t in operands if t in self._number or t in self._named]
        inputs = {id(t): self.number(t) for t in known}  # before the call: it may write into its inputs
        out = func(*args, **(kwargs or {}))
        if inputs:
            call, before = Call(func, args, kwargs or {}, out, self), len(self.graph.operators)
            self._record(call)
            self._note_view(call, self.graph.operators[before:])
            for written in call.written():
                self._write_back(written)
        return out

    def number(self, tensor: torch.Tensor) -> int:
        """The tensor's number in the graph; one that is met for the first time is a parameter or a constant."""
        if tensor not in self._number:
            name = self._named.get(tensor)
            self._number[tensor] = self.graph.tensor(tuple(tensor.shape), name, constant=name is None)
        return int(self._number[tensor])

    def fresh(self, tensor: torch.Tensor) -> int:
        """A new number for an operator's result, also where it is an input that was written in place."""
        self._number[tensor] = self.graph.tensor(tuple(tensor.shape))
        return int(self._number[tensor])

    def add(self, kind: Kind, name: str, inputs: list[int], outputs: list[int], **attributes: Any) -> None:
        """Append one operator."""
        module = self._path[-1] if self._path else ""
        self.graph.operators.append(Operator(kind, name, tuple(inputs), tuple(outputs), attributes, module))

    def _record(self, call: Call) -> None:
        rule = RULES.get(call.name)
        if rule is None and torch.Tag.pointwise in call.func.tags:
            rule = pointwise
        if rule is None:
            results = call.results()
            if results:
                call.add(Kind.OPAQUE, call.operands(), results, reason="prunekit has no rule for this operator")
            return
        rule(call)

    def _note_view(self, call: Call, added: list[Operator]) -> None:
        """Remember of which tensor a result is a view, so that a write into it reaches that tensor too."""
        if call.func.is_view:
            base, views = call["self"], [t for t in tree_leaves(call.out) if isinstance(t, torch.Tensor)]
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

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Record inside the block, knowing which module runs."""

        def enter(module: torch.nn.Module, _: Any) -> None:
            self._path.append(self._module_name.get(module, self._path[-1] if self._path else ""))

        def leave(module: torch.nn.Module, _: Any, __: Any) -> None:
            self._path.pop()

        handles = [register_module_forward_pre_hook(enter), register_module_forward_hook(leave, always_call=True)]
        fused = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)  # a fused layer would arrive as one operator
        try:
            with self:
                yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fused)
            for handle in handles:
                handle.remove()


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


def record(network: torch.nn.Module, forward: Callable[[], Any], inputs: Any) -> OperatorGraph:
    """Run ``forward`` once in evaluation mode and return what it did.

    Args:
        network: Whose parameters are followed.
        forward: Calls the network with ``inputs``.
        inputs: The tensors that it is called with, nested in any way.

    Raises:
        ValueError: The network returned no tensor.
    """
    recorder = Recorder(network)
    with evaluating(network), torch.no_grad(), recorder.watching():
        recorder.graph.inputs = [recorder.fresh(t) for t in tree_leaves(inputs) if isinstance(t, torch.Tensor)]
        outputs = forward()
    found = [t for t in tree_leaves(outputs) if isinstance(t, torch.Tensor)]
    if not found:
        kind = type(outputs).__qualname__
        raise ValueError(f"the network returned no tensor, but {kind}; return tensors in tuples, lists and dicts")
    recorder.graph.outputs = [recorder.number(t) for t in found]
    return recorder.graph


def _l1_norms(parameter: torch.Tensor, axis: int) -> Any:
    others = [k for k in range(parameter.ndim) if k != axis]
    return parameter.detach().abs().sum(others).double().cpu().numpy()
