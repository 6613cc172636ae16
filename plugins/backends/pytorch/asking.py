"""Sees which Python function of torch the network's code called, and gives it sizes that know where they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from prunekit.core.graph.sizes import Attribute, Combined, Extent, Literal, Origin, Size, Uses, origin_of

_SHAPE: Any = vars(torch._C.TensorBase)["shape"].__get__
_GATES = ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")


@dataclass
class Asked:
    """A call of one of torch's functions, as the code wrote it."""

    name: str = ""
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    used: int = 0  # how many of the slices of an index have been met

    def argument(self, position: int, name: str) -> Any:
        """An argument by its position or its name, or None."""
        return self.args[position] if position < len(self.args) else self.kwargs.get(name)

    def sizes(self, position: int, *names: str) -> list[Any]:
        """Sizes passed one by one, or as one sequence, or by name."""
        found: Any = self.args[position:]
        if not found:
            found = next((self.kwargs[name] for name in names if name in self.kwargs), ())
        if len(found) == 1 and isinstance(found[0], (tuple, list)):
            found = found[0]
        return list(found)


class Asking(TorchFunctionMode):
    """Keeps the innermost call at hand for whoever records operators.

    Args:
        number: Gives the number of a recorded tensor, or None for one that is not recorded.
    """

    def __init__(self, number: Callable[[torch.Tensor], int | None]) -> None:
        super().__init__()
        self.asked = Asked()
        self.uses = Uses()
        self._number = number

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call it, and give sizes that it returns their origin."""
        if func == _SHAPE:
            return torch.Size(self.sizes(args[0], args[0].shape))
        outer, self.asked = self.asked, Asked(getattr(func, "__name__", ""), args, kwargs or {})
        try:
            out = func(*args, **(kwargs or {}))
        finally:
            asked, self.asked = self.asked, outer
        if asked.name == "size":
            return self._axis(args[0], asked) if isinstance(out, int) else torch.Size(self.sizes(args[0], out))
        if asked.name in ("numel", "nelement") and args[0].ndim == 1:
            return self.sizes(args[0], args[0].shape)[0]
        return out

    def sizes(self, tensor: torch.Tensor, shape: Sequence[int]) -> Sequence[int]:
        """The shape of a tensor, with origins where it is a recorded one."""
        number = self._number(tensor)
        if number is None:
            return shape
        return [Size(size, Extent(size, number, axis), self.uses) for axis, size in enumerate(shape)]

    def _axis(self, tensor: torch.Tensor, asked: Asked) -> int:
        axis: int = asked.argument(1, "dim")
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


@contextmanager
def known_attributes(network: torch.nn.Module, uses: Uses) -> Iterator[None]:
    """Inside the block, integers that modules hold are sizes that know which attribute they are."""
    changed, modules = [], dict(network.named_modules())
    for name, module in modules.items():
        if not isinstance(module, torch.jit.ScriptModule):
            for key, value in list(module.__dict__.items()):
                if isinstance(value, float):
                    uses.held.add(value)
                elif type(value) in _SIZED and not key.startswith("_"):
                    sized = _sized(value, name, (key,), uses)
                    if sized is not value:
                        changed.append((module, key, value, sized))
    try:
        for module, key, _, sized in changed:
            module.__dict__[key] = sized
        yield
    finally:
        for module, key, value, sized in changed:
            if module.__dict__.get(key) is sized:
                module.__dict__[key] = value
        for module in modules.values():
            for key, value in module.__dict__.items():  # what the forward stored
                if type(value) in _SIZED and not key.startswith("_"):
                    module.__dict__[key] = _plain(value)


_SIZED = (int, Size, tuple, list)


def _sized(value: Any, module: str, path: tuple[str | int, ...], uses: Uses) -> Any:
    if type(value) is int and value > 1:  # an axis of one position cannot shrink
        return Size(value, Attribute(value, module, path), uses)
    if type(value) in (tuple, list) and 0 < len(value) <= 16:
        parts = [_sized(part, module, (*path, k), uses) for k, part in enumerate(value)]
        if any(new is not old for new, old in zip(parts, value, strict=True)):
            return type(value)(parts)
    return value


def _plain(value: Any) -> Any:
    if type(value) is Size:
        return int(value)
    if type(value) in (tuple, list) and any(type(part) is Size for part in value):
        return type(value)(int(part) if type(part) is Size else part for part in value)
    return value


def origins_of(sizes: Sequence[int]) -> list[Origin | None]:
    """Where each size comes from; None for -1, which torch computes."""
    return [None if int(size) == -1 else origin_of(size) for size in sizes]


def from_end(bound: int) -> Origin:
    """Where the distance of a negative bound from the end comes from."""
    origin = origin_of(bound)
    if isinstance(origin, Combined) and origin.operator == "-" and origin.left == Literal(0):
        return origin.right
    return Literal(-int(bound)) if isinstance(origin, Literal) else origin
