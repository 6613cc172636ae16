"""One ATen operator as PyTorch dispatched it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import torch

from prunekit.core import recording
from prunekit.core.data.nested import BUILT_IN, leaves
from prunekit.core.graph.tracked_sizes import SizeOrigin
from prunekit.plugins.backends.pytorch.size_scalars import Factors, Power


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """All tensors in the arguments or the result of an operator."""
    return (leaf for leaf in leaves(value, BUILT_IN) if isinstance(leaf, torch.Tensor))


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


class Call(recording.Call):
    """One operator as it was dispatched, with its arguments by the names of its schema.

    Attributes:
        func: The operator itself.
    """

    def __init__(
        self,
        func: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        out: Any,
        writer: recording.GraphWriter,
        factors: Factors,
    ) -> None:
        self.func, self.signature, self._factors = func, signature(func), factors
        passed = dict(zip(self.signature.arguments, args, strict=False))
        super().__init__(self.signature.name, {**self.signature.defaults, **passed, **kwargs}, out, writer)

    def factor(self, value: Any) -> Power | None:
        """The power of a size that a real number or a tensor of one is, as far as the code was seen to compute it."""
        return self._factors.of(value) if isinstance(value, torch.Tensor) else super().factor(value)

    def known_factor(self, value: Any) -> SizeOrigin | None:
        """Where a number, or a tensor of one, comes from that was computed from a size."""
        power = self._factors.of(value) if isinstance(value, torch.Tensor) else None
        return super().known_factor(value) if power is None else power[0]

    def written(self) -> list[torch.Tensor]:
        """Tensors among the arguments that the operator wrote into."""
        return list(tensors_in([self.get(name) for name in self.signature.written]))
