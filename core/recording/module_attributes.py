"""What modules hold: while a network is recorded, integers are sizes that know which attribute they are; tensors."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any

import numpy as np

from prunekit.core.graph.symbolic_integers import SymInt, plain
from prunekit.core.graph.tracked_quotients import SymFloat
from prunekit.core.graph.tracked_sizes import Attribute, Path, Uses, within
from prunekit.core.recording.held_values import IMMUTABLE, length, pairs, part, parts, with_part
from prunekit.core.recording.seen_numpy import SizedArray
from prunekit.core.recording.yielding_constants import Yielding

_NEVER = (str, bool, type(None), bytes, complex)
_DEEP = 8
_DEEPEST = 64
"""Collections inside each other in which tensors are looked for."""

Leaf = Callable[[Any, Path], Any]
"""Returns what is to stand in the place of a value, or that value."""


@contextmanager
def known_attributes(modules: Mapping[str, Any], uses: Uses, base: type) -> Iterator[None]:
    """Inside the block, integers that modules hold are sizes that know which attribute they are.

    So are those in what modules hold: in dicts, lists, configuration objects, partials, functions, and in attributes
    of their classes. What several modules share is followed once.

    Args:
        modules: By name; each has a ``__dict__`` that may be written.
        uses: Collects what the code does with the sizes.
        base: The framework's class of modules; what every module has is none of the network's code.
    """
    for module in modules.values():
        for value in module.__dict__.values():
            if issubclass(type(value), float):
                uses.hold(value)
    try:
        with _exchanged(modules, uses, base, lambda name: _sizing(name, uses, modules[name])):
            yield
    finally:
        _plain_again(modules, uses, base)


def seen_functions(
    modules: Mapping[str, Any], uses: Uses, base: type, seen: Mapping[int, Any]
) -> AbstractContextManager[None]:
    """Inside the block, functions that modules hold, in partials too, are those that take their places.

    Args:
        modules: As for `known_attributes`.
        uses: As for `known_attributes`.
        base: As for `known_attributes`.
        seen: By the id of a function the one that takes its place.
    """
    return _exchanged(modules, uses, base, lambda name: lambda value, path: seen.get(id(value), value))


@contextmanager
def _exchanged(modules: Mapping[str, Any], uses: Uses, base: type, leaf_in: Callable[[str], Leaf]) -> Iterator[None]:
    """Inside the block, what modules hold is exchanged for what a leaf function makes of it."""
    changed, walk = list[tuple[dict[str, Any], str, Any, Any]](), _Walk(uses.libraries, modules.values())
    of_classes = dict[type, list[tuple[str, Any]]]()
    try:
        for name, module in modules.items():
            leaf, held, kind = leaf_in(name), module.__dict__, type(module)
            for key, old in [(key, value) for key, value in held.items() if _own(module, key, value, base, uses)]:
                changed.append((held, key, old, walk.mapped(old, leaf, (key,))))
            if kind not in of_classes:
                of_classes[kind] = list(_of_classes(kind, base, uses))
            for key, value in [(key, value) for key, value in of_classes[kind] if key not in held]:
                shadow = _Walk(uses.libraries, modules.values(), copying=True).mapped(value, leaf, (key,))
                if shadow is not value:
                    changed.append((held, key, _CLASS, shadow))
        for held, key, old, new in changed:
            if new is not old:
                held[key] = new
        yield
    finally:
        for held, key, old, new in changed:
            if new is not old and held.get(key) is new:
                held[key] = old
                if old is _CLASS:
                    del held[key]
        walk.undo()


_CLASS = object()
"""Stands for what only the class of a module holds."""


@cache
def _ordinary(base: type) -> frozenset[str]:
    """What every module has."""
    return frozenset(vars(base()))


class _Walk:
    """Goes through what values hold, what is shared once.

    Args:
        libraries: Packages of whose classes the inside is left alone.
        modules: They are not looked into.
        longest: Lists and dicts that are longer are left out.
        copying: Whether what changes is copied.
    """

    def __init__(
        self, libraries: tuple[str, ...], modules: Iterable[Any], longest: int = 256, copying: bool = False
    ) -> None:
        self.libraries, self.longest, self.copying = libraries, longest, copying
        self.met = set(map(id, modules))
        self.changes: list[tuple[Any, Any, Any, Any]] = []  # with the value itself, so that it keeps its id

    def mapped(self, value: Any, leaf: Leaf, path: Path) -> Any:
        """The value with ``leaf`` of everything in it."""
        if type(value) is float:
            return leaf(value, path)
        if type(value) in _NEVER or id(value) in self.met or len(path) > _DEEP:
            return value
        other = leaf(value, path)
        if other is not value or issubclass(type(value), (int, float)):
            return other
        fixed = issubclass(type(value), IMMUTABLE)
        if not fixed:
            self.met.add(id(value))
        for step, old in self._parts(value):
            new = self.mapped(old, leaf, (*path, step))
            if new is old:
                continue
            if self.copying and not fixed:
                value, fixed = copy.copy(value), True
            elif not fixed:
                self.changes.append((value, step, old, new))
            value = with_part(value, step, new)
        return value

    def undo(self) -> None:
        """Put back what stood in the place of everything that is still there."""
        for value, step, old, new in reversed(self.changes):
            if part(value, step) is new:
                with_part(value, step, old)

    def _parts(self, value: Any) -> list[tuple[Any, Any]]:
        too_long = (size := length(value)) is not None and size > self.longest
        return [] if too_long else list(parts(value, self.libraries))


def _sizing(name: str, uses: Uses, module: Any) -> Leaf:
    own = not _of_library(type(module), uses)

    def sized(value: Any, path: Path) -> Any:
        if own and type(value) is float:
            uses.hold(number := Yielding(value))
            return number
        if type(value) is int and value > 1:  # an axis of one position cannot shrink
            return SymInt(value, Attribute(value, name, path), uses)
        return value

    return sized


def _own(module: Any, key: str, value: Any, base: type, uses: Uses) -> bool:
    """Whether an attribute is the network's code's, or one that a library's layer shows."""
    if type(value) in _NEVER:
        return False
    return key not in _ordinary(base) and not (key.startswith("_") and _of_library(type(module), uses))


def _of_classes(of: type, base: type, uses: Uses) -> Iterator[tuple[str, Any]]:
    """What the classes of a module hold, but for those of libraries."""
    met = set(vars(base))
    for kind in of.__mro__:
        if _of_library(kind, uses):
            continue
        for key, value in vars(kind).items():
            if key not in met and not key.startswith("__"):
                met.add(key)
                if isinstance(value, (int, dict, list, tuple)):
                    yield key, value


def _of_library(kind: type, uses: Uses) -> bool:
    return within(kind.__module__, (*uses.libraries, "builtins"))


def _plain_again(modules: Mapping[str, Any], uses: Uses, base: type) -> None:
    """Nothing that the forward has stored remembers where it came from."""
    known, ordinary = _with_new(modules.values(), base), _ordinary(base)
    walk = _Walk(uses.libraries, known, longest=100_000)
    for module in known:
        for key, value in list(module.__dict__.items()):
            if type(value) not in _PLAIN and key not in ordinary:
                new = walk.mapped(value, _plain, (key,))
                if new is not value:
                    module.__dict__[key] = new


_PLAIN = frozenset((*_NEVER, int))


def _with_new(modules: Iterable[Any], base: type) -> list[Any]:
    """These modules, and those that the forward has made and put into them."""
    found = list(modules)
    met = set(map(id, found))
    for module in found:  # which grows
        for value in module.__dict__.values():
            if type(value) in _PLAIN:
                continue
            for each in dict.values(value) if issubclass(type(value), dict) else (value,):
                if issubclass(type(each), base) and id(each) not in met:
                    met.add(id(each))
                    found.append(each)
    return found


def _plain(value: Any, path: Path) -> Any:
    kind = type(value)
    if issubclass(kind, (SymFloat, Yielding)):
        return float.__float__(value)
    if issubclass(kind, SizedArray):
        return np.asarray(value)
    return plain(value) if issubclass(kind, SymInt) else value


def tensors_held(value: Any, name: str, kind: type[Any], inside: tuple[int, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The tensors in what a module holds, each with its name: ``table['x'][0]``.

    Args:
        value: A tensor, or a list, tuple or dict.
        name: What the attribute is called.
        kind: The framework's class of tensors.
        inside: Ids of the collections around it, for one may hold itself.
    """
    own = type(value)  # what objects say of themselves may raise
    if issubclass(own, kind):
        yield name, value
    elif issubclass(own, (list, tuple, dict)) and id(value) not in inside and len(inside) < _DEEPEST:
        for key, part in pairs(value):
            if issubclass(type(part), (kind, list, tuple, dict)):
                yield from tensors_held(part, f"{name}[{key!r}]", kind, (*inside, id(value)))
