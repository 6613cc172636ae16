"""What can be held in one value: the parts of dicts, lists, tuples, partials, functions and plain objects.

Steps lead to parts: a key or position, a `Field` of an object, of a function the name of a variable that it encloses
or the position of a default. Whatever can be changed is changed in place, so that all who share it see it.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from enum import Enum
from functools import partial
from types import CellType, FunctionType, ModuleType
from typing import Any, cast

from prunekit.core.graph.tracked_sizes import Field, Path, within

IMMUTABLE = (tuple, FunctionType)
"""Of these another one is made when a part changes."""

FUNCTION = Field("func")
"""What a partial calls."""

_OPEN = ("types", "argparse", "collections")
"""Modules of the standard library whose objects hold what their user puts there."""


def parts(value: Any, libraries: tuple[str, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """Each part of a value, after the step that leads to it; what libraries made has none.

    Args:
        value: Any value.
        libraries: Packages of whose classes and functions the inside is left alone.
    """
    kind = type(value)  # not its ``__class__``: a proxy is none of what it stands for
    if kind is FunctionType:
        if not _of(value.__globals__.get("__name__"), libraries):
            yield from _enclosed(value)
        return
    if issubclass(kind, (dict, list)) or (issubclass(kind, tuple) and _can_be_made(kind, libraries)):
        yield from pairs(value)
    elif issubclass(kind, partial):
        yield from [(FUNCTION, value.func), *enumerate(value.args), *value.keywords.items()]
    if kind.__module__ != "builtins" and is_open(value, libraries):
        yield from list(_fields(value))


def pairs(value: Any) -> Iterator[tuple[Any, Any]]:
    """The keys or positions of a dict, list or tuple with what stands there, whatever its class makes of that."""
    kind = type(value)
    if issubclass(kind, dict):
        return iter(list(dict.items(value)))
    return enumerate(list.__iter__(value) if issubclass(kind, list) else tuple.__iter__(value))


def length(value: Any) -> int | None:
    """The length of a dict, list or tuple, or None for anything else."""
    kind = next((kind for kind in (dict, list, tuple) if issubclass(type(value), kind)), None)
    return None if kind is None else kind.__len__(value)


def _can_be_made(kind: Any, libraries: tuple[str, ...]) -> bool:
    """Whether a tuple of this class can be made of its parts."""
    return hasattr(kind, "_make") or kind.__new__ is tuple.__new__ or within(kind.__module__, libraries)


def is_open(value: Any, libraries: tuple[str, ...]) -> bool:
    """Whether an object is of a class whose fields are the user's own."""
    kind = type(value)
    return not (issubclass(kind, (type, Enum, ModuleType)) or _of(kind.__module__, libraries)) and (
        _own(value) is not None or hasattr(kind, "__slots__")
    )


def _own(value: Any) -> dict[str, Any] | None:
    """An object's own dictionary, whatever its class makes of a question for it."""
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:  # it has slots
        return None
    return found if type(found) is dict else None


def part(value: Any, step: Any, otherwise: Any = None) -> Any:
    """The part to which a step leads."""
    same = (found for key, found in parts(value) if key is step or (type(key) is type(step) and key == step))
    return next(same, otherwise)


def with_part(value: Any, step: Any, new: Any) -> Any:
    """The value with another part: the same one, changed, or another one where it cannot be changed."""
    kind = type(value)
    if kind is FunctionType:
        return _rebuilt(value, step, new)
    if issubclass(kind, partial) and not (isinstance(step, Field) and step != FUNCTION):
        args = tuple(new if k == step else old for k, old in enumerate(value.args))
        keywords = {key: new if key == step else old for key, old in value.keywords.items()}
        called = new if step == FUNCTION else value.func
        cast("Any", value).__setstate__((called, args, keywords, vars(value)))
    elif isinstance(step, Field):
        if (own := _own(value)) is not None and step.name in own:
            own[step.name] = new
        else:
            object.__setattr__(value, step.name, new)
    elif issubclass(kind, tuple):
        found: Any = [new if k == step else old for k, old in enumerate(value)]
        return getattr(type(value), "_make", type(value))(found)
    elif issubclass(kind, dict):
        dict.__setitem__(value, step, new)
    else:
        list.__setitem__(value, step, new)
    return value


def adapt(module: Any, original: Any, path: Path, size: int) -> None:
    """Change one number that a copy of a module holds.

    Args:
        module: The copy.
        original: The module, of which nothing is changed.
        path: Where it is: an attribute, then steps.
        size: The new number.
    """
    held, key = vars(module), path[0]
    if key in held:
        held[key] = _adapted(held[key], vars(original).get(key), path[1:], size)
    else:  # its class holds it, for all others as well
        ours = getattr(type(module), key)
        held[key] = _adapted(ours, ours, path[1:], size)


def _adapted(value: Any, original: Any, path: Path, size: int) -> Any:
    if not path:
        return size
    if value is original and not isinstance(value, IMMUTABLE):  # no deep copy has been made of it
        value = copy.copy(value)
    before = None if original is None else part(original, path[0])
    return with_part(value, path[0], _adapted(part(value, path[0]), before, path[1:], size))


def _of(name: str | None, libraries: tuple[str, ...]) -> bool:
    package = (name or "").partition(".")[0]
    return within(name, libraries) or (package in sys.stdlib_module_names and package not in _OPEN)


def _fields(value: Any) -> Iterator[tuple[Field, Any]]:
    """What stands in an object's own dictionary and slots; nothing of what it computes."""
    for name, found in (_own(value) or {}).items():
        if not name.startswith("__"):
            yield Field(name), found
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if not name.startswith("__") and hasattr(kind, name):
                try:
                    yield Field(name), object.__getattribute__(value, name)
                except AttributeError:  # it has not been set
                    continue


def _enclosed(function: FunctionType) -> Iterator[tuple[Any, Any]]:
    """The variables that a function encloses, and its defaults."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # it has not been set
            continue
    yield from enumerate(function.__defaults__ or ())


def _rebuilt(function: FunctionType, step: Any, new: Any) -> FunctionType:
    code = function.__code__
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    closure = tuple(CellType(new) if name == step else cell for name, cell in cells)
    defaults = tuple(new if k == step else old for k, old in enumerate(function.__defaults__ or ()))
    other = FunctionType(code, function.__globals__, function.__name__, defaults or None, closure or None)
    other.__kwdefaults__, other.__dict__ = function.__kwdefaults__, dict(vars(function))
    other.__qualname__, other.__module__ = function.__qualname__, function.__module__
    return other
