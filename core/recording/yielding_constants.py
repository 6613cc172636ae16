"""Lets sizes see arithmetic with real numbers on the left: ``0.5 * c`` asks ``0.5``, which takes any size for plain.

Real numbers in the network's code are exchanged, for one recording, for such that leave the answer to a size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import CellType, CodeType, FunctionType
from typing import Any

from prunekit.core.graph.symbolic_integers import SymInt
from prunekit.core.graph.tracked_quotients import SymFloat
from prunekit.core.graph.tracked_sizes import within
from prunekit.core.recording.replaced import Namespace


def _yielding(name: str) -> Callable[[float, Any], Any]:
    plain = getattr(float, name)

    def method(self: float, other: Any) -> Any:
        return NotImplemented if isinstance(other, (SymInt, SymFloat)) else plain(self, other)

    return method


class Yielding(float):
    """A real number that leaves arithmetic and comparisons with a size to the size."""

    __add__ = _yielding("__add__")
    __sub__ = _yielding("__sub__")
    __mul__ = _yielding("__mul__")
    __truediv__ = _yielding("__truediv__")
    __floordiv__ = _yielding("__floordiv__")
    __mod__ = _yielding("__mod__")
    __pow__ = _yielding("__pow__")  # type: ignore[assignment]
    __eq__ = _yielding("__eq__")
    __ne__ = _yielding("__ne__")
    __lt__ = _yielding("__lt__")
    __le__ = _yielding("__le__")
    __gt__ = _yielding("__gt__")
    __ge__ = _yielding("__ge__")
    __hash__ = float.__hash__

    def __reduce__(self) -> Any:
        """Copies and pickles are plain numbers."""
        return float, (float(self),)


@contextmanager
def yielding_constants(
    modules: Iterable[Any], namespaces: Iterable[Namespace], libraries: tuple[str, ...]
) -> Iterator[None]:
    """Inside the block real numbers in the code of some functions yield to sizes.

    Args:
        modules: What they hold is looked through for functions.
        namespaces: The functions and classes that were written there.
        libraries: Packages whose functions are left alone.
    """
    held = list(_held(value for module in modules for value in vars(module).values()))
    spaces = {id(space): space for space in (*namespaces, *(function.__globals__ for function in held))}
    found = {id(function): function for function in held}
    for space in spaces.values():
        if not within(space.get("__name__"), libraries):
            found.update((id(function), function) for function in _written_in(space))
    changed = [(function, function.__code__) for function in found.values()]
    try:
        for function, code in changed:
            function.__code__ = _with_yielding(code)
        yield
    finally:
        for function, code in changed:
            function.__code__ = code


def _held(values: Iterable[Any], deep: int = 3) -> Iterator[FunctionType]:
    """The functions among some values, and those that they enclose."""
    for value in values:
        if type(value) is FunctionType:
            yield value
            if deep and value.__closure__:
                yield from _held((cell.cell_contents for cell in value.__closure__ if _is_set(cell)), deep - 1)


def _is_set(cell: CellType) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _written_in(space: Namespace) -> Iterator[FunctionType]:
    """The functions and methods that are of a namespace itself."""
    name = space.get("__name__")
    for value in list(space.values()):
        if isinstance(value, FunctionType) and value.__module__ == name:
            yield value
        elif isinstance(value, type) and value.__module__ == name:
            for part in vars(value).values():
                method = getattr(part, "fget", None) or getattr(part, "__func__", part)
                if isinstance(method, FunctionType):
                    yield method


@lru_cache(maxsize=4096)
def _with_yielding(code: CodeType) -> CodeType:
    """The same code, with other objects for its real numbers."""
    constants = tuple(map(_exchanged, code.co_consts))
    same = all(one is other for one, other in zip(constants, code.co_consts, strict=True))
    return code if same else code.replace(co_consts=constants)


def _exchanged(constant: Any) -> Any:
    if type(constant) is float:
        return Yielding(constant)
    return _with_yielding(constant) if isinstance(constant, CodeType) else constant
