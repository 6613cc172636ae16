"""NumPy's functions of sizes, for a network's code: ``np.prod(x.shape[1:])``, ``np.ones(x.shape)``.

NumPy makes plain numbers and arrays of sizes, whatever they know; so these functions are replaced for one recording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import reduce, wraps
from operator import mul
from typing import Any, cast

import numpy as np

from prunekit.core.graph.size_ufuncs import KNOWN, applied
from prunekit.core.graph.symbolic_integers import SymInt
from prunekit.core.recording.replaced import Namespace, replaced

_CREATING = ("ones", "zeros", "empty", "full")


def seen_products(namespaces: Iterable[Namespace]) -> AbstractContextManager[None]:
    """Inside the block products of sizes keep origins.

    Args:
        namespaces: Where the code may have imported the function by its name.
    """
    return replaced(np, {"prod": _product(np.prod)}, namespaces)


def seen_ufuncs(namespaces: Iterable[Namespace]) -> AbstractContextManager[None]:
    """Inside the block functions of one or two numbers keep origins.

    Args:
        namespaces: Where the code may have imported functions by name.
    """
    return replaced(np, {name: _Seen(getattr(np, name)) for name in KNOWN}, namespaces)


class _Seen:
    """One of NumPy's functions."""

    def __init__(self, ufunc: Any) -> None:
        self._ufunc = ufunc

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs or not any(hasattr(value, "origin") for value in args):
            return self._ufunc(*args, **kwargs)
        return applied(self._ufunc, args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ufunc, name)


def seen_arrays(namespaces: Iterable[Namespace]) -> AbstractContextManager[None]:
    """Inside the block arrays that are made of sizes know them.

    Args:
        namespaces: Where the code may have imported the functions by name.
    """
    return replaced(np, {name: _creating(getattr(np, name)) for name in _CREATING}, namespaces)


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


def _product(plain: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(plain)
    def prod(a: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(a, (list, tuple)) and _sizes(a) and not {"axis", "initial", "where", "out"} & kwargs.keys():
            size = reduce(mul, a)
            return size
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
