"""Sees which Python function of torch the network's code called, and gives it sizes that know where they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import mul
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from prunekit.core.graph.symbolic_integers import SymInt
from prunekit.core.graph.tracked_sizes import LIBRARIES, Extent, Uses
from prunekit.core.recording import ApiCall
from prunekit.core.recording.code_literals import literal
from prunekit.plugins.backends.pytorch.size_scalars import Factors
from prunekit.plugins.backends.pytorch.traced_shapes import TracedShape

_SHAPE: Any = vars(torch._C.TensorBase)["shape"].__get__
_GATES = ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")


class ApiCallTracker(TorchFunctionMode):
    """Keeps the innermost call at hand for whoever records operators.

    Args:
        number: Gives the number of a recorded tensor, or None for one that is not recorded.
    """

    def __init__(self, number: Callable[[torch.Tensor], int | None]) -> None:
        super().__init__()
        self.api_call = ApiCall()
        self.uses = Uses(framework=("torch",), literal=literal, libraries=(*LIBRARIES, "torch"))
        self.factors, self._number = Factors(self.uses), number

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call it, and give sizes that it returns their origin."""
        if func == _SHAPE:
            return self._shape(args[0], args[0].shape)
        outer, self.api_call = self.api_call, ApiCall(getattr(func, "__name__", ""), args, kwargs or {})
        if self.api_call.name == "tolist":
            args[0].detach()  # it shows no operator, and yet the code has read what is there
        try:
            out = func(*args, **(kwargs or {}))
        finally:
            api_call, self.api_call = self.api_call, outer
        if api_call.name == "size":
            return self._axis(args[0], api_call) if isinstance(out, int) else self._shape(args[0], out)
        if api_call.name in ("numel", "nelement") and args[0].ndim:
            return reduce(mul, self.sizes(args[0], args[0].shape))
        if api_call.name == "__len__":
            self.uses.convert("len")
        if isinstance(out, torch.Tensor) and out.ndim == 0:
            self.factors.note(api_call.name, args, kwargs or {}, out)
        return out

    def sizes(self, tensor: torch.Tensor, shape: Sequence[int]) -> Sequence[int]:
        """The shape of a tensor, with origins where it is a recorded one."""
        number = self._number(tensor)
        if number is None:
            return shape
        return [SymInt(size, Extent(size, number, axis), self.uses) for axis, size in enumerate(shape)]

    def _shape(self, tensor: torch.Tensor, shape: torch.Size) -> Any:
        return shape if self._number(tensor) is None else TracedShape(self.sizes(tensor, shape))

    def _axis(self, tensor: torch.Tensor, api_call: ApiCall) -> int:
        axis: int = api_call.argument(1, "dim")
        return self.sizes(tensor, tensor.shape)[axis]


@contextmanager
def open_functions() -> Iterator[None]:
    """Let the Python functions of ``torch.nn.functional`` run under a mode, where only what they call is seen.

    They hand themselves to an active mode as a whole otherwise, and the sizes that they pass on stay unseen.
    """
    functional: Any = torch.nn.functional
    gates = {name: getattr(functional, name) for name in _GATES if hasattr(functional, name)}
    try:
        for name in gates:
            setattr(functional, name, lambda *_: False)
        yield
    finally:
        for name, gate in gates.items():
            setattr(functional, name, gate)
