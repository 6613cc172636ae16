"""``int``, ``float`` and ``len`` that keep origins, for a network's code: Python's own always return plain numbers.

Each takes the place of Python's under its name in the namespace of the code that called it, for one recording.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prunekit.core.graph.symbolic_integers import SymInt
from prunekit.core.graph.tracked_quotients import SymFloat
from prunekit.core.recording.replaced import Namespace


class _Like(type):
    """Lets a class stand for one of Python's own types wherever the code asks for that."""

    kind: type

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """The number; of a size, or of what was computed from one, with its origin."""
        if len(args) == 1 and not kwargs and isinstance(args[0], (SymInt, SymFloat)):
            return cls.followed(args[0])
        return cls.kind(*args, **kwargs)

    def followed(cls, number: Any) -> Any:
        """A number with an origin as one of this type."""
        return math.trunc(number) if cls.kind is builtins.int else number / 1

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, cls.kind)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, cls.kind)

    def __eq__(cls, other: object) -> bool:
        return other is cls.kind or other is cls

    def __hash__(cls) -> int:
        return hash(cls.kind)


class _Int(builtins.int, metaclass=_Like):
    """``int`` for a network's code."""

    kind = builtins.int


class _Float(builtins.float, metaclass=_Like):
    """``float`` for a network's code."""

    kind = builtins.float


@contextmanager
def seen_builtins(
    namespaces: Iterable[tuple[Namespace, Iterable[str]]], is_tensor: Callable[[Any], bool]
) -> Iterator[None]:
    """Inside the block calls of ``int``, ``float`` and ``len`` keep origins.

    Args:
        namespaces: In which, and which of the three.
        is_tensor: Says whether a value is a tensor, whose length is the first of its sizes.
    """

    def length(value: Any) -> int:
        return value.shape[0] if is_tensor(value) and value.ndim else builtins.len(value)

    ours: Mapping[str, Any] = {"int": _Int, "float": _Float, "len": length}
    changed = [(space, name) for space, names in namespaces for name in names if name not in space]
    try:
        for space, name in changed:
            space[name] = ours[name]
        yield
    finally:
        for space, name in changed:
            del space[name]
