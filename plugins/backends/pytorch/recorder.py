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
            self._record(Call(func, args, kwargs or {}, out, self))
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


def record(network: torch.nn.Module, forward: Callable[[], Any], inputs: Any) -> OperatorGraph:
    """Run ``forward`` once in evaluation mode and return what it did.

    Args:
        network: Whose parameters are followed.
        forward: Calls the network with ``inputs``.
        inputs: The tensors that it is called with, nested in any way.
    """
    recorder = Recorder(network)
    with evaluating(network), torch.no_grad(), recorder.watching():
        recorder.graph.inputs = [recorder.fresh(t) for t in tree_leaves(inputs) if isinstance(t, torch.Tensor)]
        outputs = forward()
    found = [t for t in tree_leaves(outputs) if isinstance(t, torch.Tensor)]
    recorder.graph.outputs = [recorder.number(t) for t in found]
    return recorder.graph


def _l1_norms(parameter: torch.Tensor, axis: int) -> Any:
    others = [k for k in range(parameter.ndim) if k != axis]
    return parameter.detach().abs().sum(others).double().cpu().numpy()
