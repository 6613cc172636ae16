"""NumPy's functions of sizes, for a network's code: ``np.prod(x.shape[1:])``, ``np.ones(x.shape)``.

NumPy makes plain numbers and arrays of sizes, whatever they know; so these functions are replaced for one recording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import reduce, wraps
from operator import mul
from typing import Any, cast

import numpy as np

from prunekit.core.graph.tracked_quotients import whole
from prunekit.core.graph.tracked_sizes import SymInt, plain
from prunekit.core.recording.seen_builtins import Namespace

_CREATING = ("ones", "zeros", "empty", "full")


class _Product(SymInt):
    """A size that the code takes for one of NumPy's scalars."""

    def item(self) -> SymInt:
        return SymInt(self, self.origin, self.uses)

    def astype(self, kind: Any) -> Any:
        return self.item() if whole(kind) else np.asarray(plain(self)).astype(kind)


def seen_products(namespaces: Iterable[Namespace]) -> AbstractContextManager[None]:
    """Inside the block products of sizes keep origins.

    Args:
        namespaces: Where the code may have imported the function by its name.
    """
    return _replaced(namespaces, {"prod": _product(np.prod)})


def seen_arrays(namespaces: Iterable[Namespace]) -> AbstractContextManager[None]:
    """Inside the block arrays that are made of sizes know them.

    Args:
        namespaces: Where the code may have imported the functions by name.
    """
    return _replaced(namespaces, {name: _creating(getattr(np, name)) for name in _CREATING})


class SizedArray(np.ndarray[Any, Any]):
    """An array that was made of sizes.

    Attributes:
        sizes: The sizes with their origins; None for what is computed from such an array.
    """

    sizes: tuple[int, ...] | None = None

    def astype(self, *args: Any, **kwargs: Any) -> Any:
        """The same of another type, as NumPy has it."""
        return _of_sizes(np.asarray(self).astype(*args, **kwargs), self.sizes)


def _of_sizes(array: Any, sizes: tuple[int, ...] | None) -> SizedArray:
    sized = array.view(SizedArray)
    sized.sizes = sizes
    return cast("SizedArray", sized)


@contextmanager
def _replaced(namespaces: Iterable[Namespace], ours: Mapping[str, Any]) -> Iterator[None]:
    plain = {id(getattr(np, name)): name for name in ours}
    changed = [
        (space, key, value) for space in (vars(np), *namespaces) for key, value in space.items() if id(value) in plain
    ]
    try:
        for space, key, value in changed:
            space[key] = ours[plain[id(value)]]
        yield
    finally:
        for space, key, value in changed:
            space[key] = value


def _product(plain: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(plain)
    def prod(a: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(a, (list, tuple)) and _sizes(a) and not {"axis", "initial", "where", "out"} & kwargs.keys():
            size = reduce(mul, a)
            return _Product(size, size.origin, size.uses) if isinstance(size, SymInt) else size
        return plain(a, *args, **kwargs)

    return prod


def _creating(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def make(shape: Any, *args: Any, **kwargs: Any) -> Any:
        array, sizes = original(shape, *args, **kwargs), shape if isinstance(shape, (list, tuple)) else (shape,)
        if not _sizes(sizes):
            return array
        return _of_sizes(array, tuple(sizes))

    return make


def _sizes(values: Iterable[Any]) -> bool:
    """Whether these are integers, sizes among them."""
    parts = list(values)
    return all(isinstance(part, int) for part in parts) and any(isinstance(part, SymInt) for part in parts)
