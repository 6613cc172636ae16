"""``int`` and ``len`` that keep origins, for a network's code: Python's own always return plain integers.

Each takes the place of Python's under its name in the namespace of the code that called it, for one recording.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prunekit.core.graph.tracked_quotients import SymFloat
from prunekit.core.graph.tracked_sizes import SymInt

Namespace = dict[str, Any]


class _LikeInt(type):
    """Lets a class stand for ``int`` wherever the code asks for a type."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """The integer; of a size, or of what is to become one, with its origin."""
        if len(args) == 1 and not kwargs and isinstance(args[0], (SymInt, SymFloat)):
            return math.trunc(args[0])
        return builtins.int(*args, **kwargs)

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, builtins.int)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, builtins.int)

    def __eq__(cls, other: object) -> bool:
        return other is builtins.int or other is cls

    def __hash__(cls) -> int:
        return hash(builtins.int)


class _Int(builtins.int, metaclass=_LikeInt):
    """``int`` for a network's code."""


@contextmanager
def seen_builtins(
    namespaces: Iterable[tuple[Namespace, Iterable[str]]], is_tensor: Callable[[Any], bool]
) -> Iterator[None]:
    """Inside the block calls of ``int`` and ``len`` keep origins.

    Args:
        namespaces: In which, and which of the two.
        is_tensor: Says whether a value is a tensor, whose length is the first of its sizes.
    """

    def length(value: Any) -> int:
        return value.shape[0] if is_tensor(value) and value.ndim else builtins.len(value)

    ours: Mapping[str, Any] = {"int": _Int, "len": length}
    changed = [(space, name) for space, names in namespaces for name in names if name not in space]
    try:
        for space, name in changed:
            space[name] = ours[name]
        yield
    finally:
        for space, name in changed:
            del space[name]
