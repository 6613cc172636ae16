"""One operator as PyTorch dispatched it, for the rule that says what it does to channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from prunekit.core.graph.operators import Kind
from prunekit.core.graph.sizes import Extent, Origin
from prunekit.plugins.backends.pytorch.asking import Asked, origins_of

if TYPE_CHECKING:
    from prunekit.plugins.backends.pytorch.recorder import Recorder


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """All tensors in the arguments or the result of an operator."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from tensors_in(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from tensors_in(part)


class Signature(NamedTuple):
    """What an operator's schema says of its arguments."""

    name: str
    arguments: tuple[str, ...]
    defaults: Mapping[str, Any]
    written: tuple[str, ...]


@cache
def signature(func: Any) -> Signature:
    """The signature of an operator; asking its schema each time is slow."""
    arguments = func._schema.arguments
    return Signature(
        func._schema.name.removeprefix("aten::"),
        tuple(a.name for a in arguments),
        {a.name: a.default_value for a in arguments if a.has_default_value()},
        tuple(a.name for a in arguments if a.alias_info is not None and a.alias_info.is_write),
    )


class Call:
    """One operator as it was dispatched, with its arguments by name."""

    def __init__(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any, recorder: Recorder) -> None:
        self.func, self.out, self._recorder = func, out, recorder
        self.signature = signature(func)
        self.name = self.signature.name
        self._bound = {**self.signature.defaults, **dict(zip(self.signature.arguments, args, strict=False)), **kwargs}

    def __getitem__(self, name: str) -> Any:
        return self._bound[name]

    def __contains__(self, name: str) -> bool:
        return name in self._bound

    def get(self, name: str, default: Any = None) -> Any:
        """An argument, or ``default`` where the operator has none of that name."""
        return self._bound.get(name, default)

    @property
    def asked(self) -> Asked:
        """The function of torch's that the network's code called, in whose course this operator ran."""
        return self._recorder.asking.asked

    def number(self, tensor: torch.Tensor) -> int:
        """The tensor's number in the graph."""
        return self._recorder.number(tensor)

    def operands(self) -> list[int]:
        """All tensors among the arguments."""
        return [self.number(t) for t in tensors_in(self._bound)]

    def results(self) -> list[int]:
        """New numbers for all tensors that it returned. Ask for the operands first."""
        return [self._recorder.fresh(t) for t in tensors_in(self.out)]

    def written(self) -> list[torch.Tensor]:
        """Tensors among the arguments that the operator wrote into."""
        return list(tensors_in([self._bound.get(name) for name in self.signature.written]))

    def between(self, shape: Sequence[int]) -> int:
        """A tensor that exists only in the neutral graph, where one operator becomes several."""
        return self._recorder.graph.tensor(tuple(shape))

    def add(self, kind: Kind, inputs: list[int], outputs: list[int], **attributes: Any) -> None:
        """Append one neutral operator."""
        self._recorder.add(kind, self.name, inputs, outputs, **attributes)

    def simple(self, kind: Kind, *names: str, **attributes: Any) -> None:
        """Append one neutral operator over the named arguments, as far as they are tensors."""
        inputs = [self.number(self[name]) for name in names if isinstance(self.get(name), torch.Tensor)]
        self.add(kind, inputs, self.results(), **attributes)

    def factor(self, value: Any) -> tuple[Origin, float] | None:
        """The power of a size that a real number is, as far as the code was seen to compute it from one."""
        return self._recorder.asking.uses.power(value) if isinstance(value, float) else None

    def origins(self) -> dict[str, Any]:
        """The attribute ``origins`` of the result's shape, if the code passed that shape."""
        shape, asked = tuple(self.out.shape), self.asked
        found: list[Origin | None] = []
        if asked.name in ("view", "reshape", "expand", "broadcast_to"):
            found = origins_of(sizes) if _integers(sizes := asked.sizes(1, "shape", "size")) else []
        elif asked.name in ("view_as", "reshape_as", "expand_as"):
            number = self.number(asked.argument(1, "other"))
            found = [Extent(size, number, axis) for axis, size in enumerate(shape)]
        elif asked.name == "unflatten":
            axis, sizes = asked.argument(1, "dim"), list(asked.argument(2, "sizes"))
            axis += len(shape) - len(sizes) + 1 if axis < 0 else 0
            found = [*[None] * axis, *origins_of(sizes)]
            found += [None] * (len(shape) - len(found))
        fits = len(found) == len(shape) and all(o is None or o.value == n for o, n in zip(found, shape, strict=True))
        return {"origins": tuple(found)} if fits else {}


def _integers(sizes: Sequence[Any]) -> bool:
    return all(isinstance(size, int) for size in sizes)


def axis_of(axis: int, ndim: int) -> int:
    """A possibly negative axis as one that is not."""
    return axis + ndim if axis < 0 else axis


def axes_of(axes: int | Sequence[int] | None, ndim: int) -> list[int]:
    """One, several or (None, or none) all axes."""
    if axes is None or axes == []:
        return list(range(ndim))
    return [axis_of(axis, ndim) for axis in ([axes] if isinstance(axes, int) else axes)]
