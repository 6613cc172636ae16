"""What modules hold: while a network is recorded, integers are sizes that know which attribute they are; tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prunekit.core.graph.tracked_sizes import Attribute, SymInt, Uses

_SIZED = (int, SymInt, tuple, list)


@contextmanager
def known_attributes(modules: Mapping[str, Any], uses: Uses) -> Iterator[None]:
    """Inside the block, integers that modules hold are sizes that know which attribute they are.

    Args:
        modules: By name; each has a ``__dict__`` that may be written.
        uses: Collects what the code does with the sizes.
    """
    changed = []
    for name, module in modules.items():
        for key, value in list(module.__dict__.items()):
            if isinstance(value, float):
                uses.hold(value)
            elif type(value) in _SIZED and not key.startswith("_"):
                sized = _sized(value, name, (key,), uses)
                if sized is not value:
                    changed.append((module, key, value, sized))
    try:
        for module, key, _, sized in changed:
            module.__dict__[key] = sized
        yield
    finally:
        for module, key, value, sized in changed:
            if module.__dict__.get(key) is sized:
                module.__dict__[key] = value
        for module in modules.values():
            for key, value in module.__dict__.items():  # what the forward stored
                if type(value) in _SIZED and not key.startswith("_"):
                    module.__dict__[key] = _plain(value)


def replaced(value: Any, path: tuple[str | int, ...], size: int) -> Any:
    """A value, or a nested tuple or list, with one number in it changed."""
    if not path:
        return size
    parts = list(value)
    parts[int(path[0])] = replaced(parts[int(path[0])], path[1:], size)
    return type(value)(parts)


def _sized(value: Any, module: str, path: tuple[str | int, ...], uses: Uses) -> Any:
    if type(value) is int and value > 1:  # an axis of one position cannot shrink
        return SymInt(value, Attribute(value, module, path), uses)
    if type(value) in (tuple, list) and 0 < len(value) <= 16:
        parts = [_sized(part, module, (*path, k), uses) for k, part in enumerate(value)]
        if any(new is not old for new, old in zip(parts, value, strict=True)):
            return type(value)(parts)
    return value


def _plain(value: Any) -> Any:
    if type(value) is SymInt:
        return int(value)
    if type(value) in (tuple, list) and any(type(part) is SymInt for part in value):
        return type(value)(int(part) if type(part) is SymInt else part for part in value)
    return value


def tensors_held(value: Any, name: str, kind: type[Any], inside: tuple[int, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The tensors in what a module holds, each with its name: ``table['x'][0]``.

    Args:
        value: A tensor, or a list, tuple or dict.
        name: What the attribute is called.
        kind: The framework's class of tensors.
        inside: Ids of the collections around it, for one may hold itself.
    """
    if isinstance(value, kind):
        yield name, value
    elif isinstance(value, (list, tuple, dict)) and id(value) not in inside:
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(part, (kind, list, tuple, dict)):
                yield from tensors_held(part, f"{name}[{key!r}]", kind, (*inside, id(value)))
