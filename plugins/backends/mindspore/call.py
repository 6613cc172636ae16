"""One operator as MindSpore dispatched it."""

from __future__ import annotations

import inspect
from dataclasses import replace
from functools import cache
from typing import Any

from mindspore import nn
from mindspore.ops import operations
from mindspore.ops.auto_generate import gen_ops_prim

from prunekit.core import recording
from prunekit.core.graph.attributes import Attributes
from prunekit.core.graph.kinds import Kind
from prunekit.core.graph.operators import Operator
from prunekit.core.graph.tracked_sizes import SizeOrigin
from prunekit.plugins.backends.mindspore.dispatch import Dispatched
from prunekit.plugins.backends.mindspore.size_scalars import Factors


class Call(recording.Call):
    """One operator as it was dispatched, with its arguments by the names that MindSpore's primitive gives them.

    Attributes:
        primitive: The primitive that was called, or None where the operator ran without one.
        cell: The cell whose forward runs, or None.
        passed: The arguments as they were passed.
        x: The first of them, under whatever name.
    """

    def __init__(
        self, operator: Dispatched, out: Any, writer: recording.GraphWriter, factors: Factors, cell: nn.Cell | None
    ) -> None:
        super().__init__(operator.name, arguments(operator), out, writer)
        self._factors = factors
        self.primitive, self.cell, self.passed = operator.primitive, cell, operator.args
        self.x: Any = operator.args[0] if operator.args else None

    @property
    def tensors(self) -> list[Any]:
        """The tensors among the arguments, in order."""
        return list(self._writer.tensors_in(list(self.passed)))

    def any(self, *names: str, default: Any = None) -> Any:
        """The first argument that the operator has under one of these names, by which versions of it differ."""
        return next((self[name] for name in names if name in self), default)

    def unary(self, attributes: Attributes | Kind) -> None:
        """Append one neutral operator from the first argument to the first result.

        Args:
            attributes: As for `add`.
        """
        self.add(attributes, [self.number(self.x)], self.first())

    def out_of(self, index: int) -> Any:
        """One of the results."""
        return self.out[index] if isinstance(self.out, (list, tuple)) else self.out

    def first(self) -> list[int]:
        """A new number for the first result; the others of a normalization or a pooling are for its gradient."""
        return [self._writer.fresh(self.out_of(0))]

    def factor(self, value: Any) -> tuple[SizeOrigin, float] | None:
        """The power of a size that a real number or a tensor of one is, as far as the code was seen to compute it."""
        return self._factors.of(value) if self._writer.is_tensor(value) else super().factor(value)

    def known_factor(self, value: Any) -> SizeOrigin | None:
        """Where a number, or a tensor of one, comes from that was computed from a size."""
        power = self._factors.of(value) if self._writer.is_tensor(value) else None
        return super().known_factor(value) if power is None else power[0]

    def same(self, number: int) -> None:
        """Let the first result be a tensor that the graph has already."""
        self._writer.give(self.out_of(0), number)

    @property
    def last(self) -> Operator[Attributes] | None:
        """The operator that was added last."""
        operators = self._writer.graph.operators
        return operators[-1] if operators else None

    def amend_last(self, added: int, outputs: list[int]) -> None:
        """Let the last operator take one more input and give other outputs."""
        graph, last = self._writer.graph, self._writer.graph.operators[-1]
        graph.operators[-1] = replace(last, inputs=(*last.inputs, added), outputs=tuple(outputs))
        graph.results[last.name, last.call] = tuple(outputs)  # the same channels, before the bias

    def rewritten(self, tensor: Any) -> list[int]:
        """A new number for a tensor that was written in place."""
        return [self._writer.fresh(tensor)]


def arguments(operator: Dispatched) -> dict[str, Any]:
    """The arguments by name, over the attributes of the primitive."""
    attributes = dict(operator.primitive.attrs) if operator.primitive is not None else {}
    named = names(operator.name) or tuple(attributes.get("input_names", ()))
    passed = {named[k] if k < len(named) else f"x{k}": value for k, value in enumerate(operator.args)}
    return {**attributes, **passed}


@cache
def names(operator: str) -> tuple[str, ...]:
    """What a primitive calls its inputs, then its attributes, in the order that dispatch gives them; () if unknown."""
    kind = getattr(gen_ops_prim, operator, None) or getattr(operations, operator, None)
    if not isinstance(kind, type) or "__call__" not in vars(kind):
        return ()
    methods = (vars(kind)["__call__"], vars(kind)["__init__"])
    found = [name for method in methods for name in list(inspect.signature(method).parameters)[1:]]
    return () if found[:1] == ["args"] else tuple(found)
