"""One operator as a framework dispatched it, for the rule that says what it does to channels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from prunekit.core.data.nested import BUILT_IN
from prunekit.core.graph.attributes import Attributes, Origins
from prunekit.core.graph.kinds import Kind
from prunekit.core.graph.size_arithmetic import power_of
from prunekit.core.graph.symbolic_integers import SymInt
from prunekit.core.graph.tracked_quotients import SymFloat
from prunekit.core.graph.tracked_sizes import Extent, SizeOrigin
from prunekit.core.recording.api_call import ApiCall, origins_of
from prunekit.core.recording.graph_writer import GraphWriter

_PASSING_A_SHAPE = ("view", "reshape", "expand", "broadcast_to")
_PASSING_A_TENSOR = ("view_as", "reshape_as", "expand_as")


class Call:
    """One operator as it was dispatched, with its arguments by name.

    Args:
        name: The framework's name for the operator.
        arguments: Its arguments, by the names that its schema gives them.
        out: What it returned.
        writer: Writes the graph.
    """

    def __init__(self, name: str, arguments: Mapping[str, Any], out: Any, writer: GraphWriter) -> None:
        self.name, self.out = name, out
        self._bound, self._writer = arguments, writer

    def __getitem__(self, name: str) -> Any:
        return self._bound[name]

    def __contains__(self, name: str) -> bool:
        return name in self._bound

    def get(self, name: str, default: Any = None) -> Any:
        """An argument, or ``default`` where the operator has none of that name."""
        return self._bound.get(name, default)

    @property
    def api_call(self) -> ApiCall:
        """The function of the framework's that the network's code called, in whose course this operator ran."""
        return self._writer.tracker.api_call

    @property
    def module(self) -> str:
        """Path of the module whose forward runs."""
        return self._writer.place

    def number(self, tensor: Any) -> int:
        """The tensor's number in the graph."""
        return self._writer.number(tensor)

    def read(self) -> list[int]:
        """All tensors among the arguments that are in the graph already."""
        known = (self._writer.known(t) for t in self.given())
        return [number for number in known if number is not None]

    def given(self) -> Iterator[Any]:
        """All tensors among the arguments."""
        return self._writer.tensors_in(self._bound, BUILT_IN)

    def operands(self) -> list[int]:
        """The numbers of all tensors among the arguments."""
        return [self.number(t) for t in self.given()]

    def results(self) -> list[int]:
        """New numbers for all tensors that it returned. Ask for the operands first."""
        return [self._writer.fresh(t) for t in self._writer.tensors_in(self.out, BUILT_IN)]

    def between(self, shape: Sequence[int]) -> int:
        """A tensor that exists only in the neutral graph, where one operator becomes several."""
        return self._writer.graph.tensor(tuple(shape))

    def add(self, attributes: Attributes | Kind, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        """Append one neutral operator.

        Args:
            attributes: Its kind by the attributes of that kind (`prunekit.core.graph.attributes`); the kind itself
                stands for those with all defaults.
            inputs: Tensor numbers, in the order that the kind asks for.
            outputs: Tensor numbers.

        Raises:
            TypeError: A kind was given that has attributes without a default.
        """
        self._writer.add(attributes, self.name, inputs, outputs)

    def simple(self, attributes: Attributes | Kind, *names: str) -> None:
        """Append one neutral operator over the named arguments, as far as they are tensors.

        Args:
            attributes: As for `add`.
            names: Names of arguments.
        """
        values = [self.get(name) for name in names]
        inputs = [self.number(value) for value in values if self._writer.is_tensor(value)]
        self.add(attributes, inputs, self.results())

    def factor(self, value: Any) -> tuple[SizeOrigin, float] | None:
        """The power of a size that a number is, as far as the code was seen to compute it from one."""
        if isinstance(value, SymInt):
            return power_of(value.origin)
        return self._writer.tracker.uses.power(value) if isinstance(value, float) else None

    def entering(self) -> tuple[SizeOrigin, ...]:
        """The sizes, and the numbers computed from sizes, among what the code passed to the function that it called."""
        passed = (*self.api_call.args, *self.api_call.kwargs.values())
        found = (self.known_factor(value) for value in passed)
        return tuple(origin for origin in found if origin is not None)

    def known_factor(self, value: Any) -> SizeOrigin | None:
        """Where a number comes from that knows it itself."""
        return value.origin if isinstance(value, (SymInt, SymFloat)) else None

    def origins(self) -> Origins:
        """Where the result's shape comes from, if the code passed that shape; else none."""
        shape, api_call = tuple(self.out.shape), self.api_call
        found: Origins = ()
        if api_call.name in _PASSING_A_SHAPE:
            found = origins_of(sizes) if _integers(sizes := api_call.sizes(1, "shape", "size")) else ()
        elif api_call.name in _PASSING_A_TENSOR:
            number = self.number(api_call.argument(1, "other"))
            found = tuple(Extent(size, number, axis) for axis, size in enumerate(shape))
        elif api_call.name == "unflatten":
            axis, sizes = api_call.argument(1, "dim"), list(api_call.argument(2, "sizes"))
            axis += len(shape) - len(sizes) + 1 if axis < 0 else 0
            found = (*[None] * axis, *origins_of(sizes))
            found += (None,) * (len(shape) - len(found))
        fits = len(found) == len(shape) and all(o is None or o.value == n for o, n in zip(found, shape, strict=True))
        return found if fits else ()


Rule: TypeAlias = Callable[[Any], None]
"""Says what one operator does to channels, by what it adds to the graph. It is called with a `Call`."""


def _integers(sizes: Sequence[Any]) -> bool:
    return all(isinstance(size, int) for size in sizes)


def axis_of(axis: int, ndim: int) -> int:
    """A possibly negative axis as one that is not."""
    return axis + ndim if axis < 0 else axis


def axes_of(axes: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """One, several or (None, or none) all axes."""
    if axes is None or axes == [] or axes == ():
        return tuple(range(ndim))
    return tuple(axis_of(axis, ndim) for axis in ([axes] if isinstance(axes, int) else axes))
