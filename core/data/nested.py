"""Values nested in lists, tuples, mappings and dataclasses: a network's inputs and outputs, an operator's arguments."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any


class _OfDataclasses(type):
    def __instancecheck__(cls, value: Any) -> bool:
        return hasattr(type(value), "__dataclass_fields__")


class Record(metaclass=_OfDataclasses):
    """What every instance of a dataclass counts as one of."""


CONTAINERS: tuple[type[Any], ...] = (list, tuple, Mapping, Record)
BUILT_IN: tuple[type[Any], ...] = (list, tuple, dict)
"""All that an operator's arguments and results are nested in; of these it is told quickly what they are."""


def leaves(value: Any, containers: tuple[type[Any], ...] = CONTAINERS) -> Iterator[Any]:
    """Everything in a nested value that is no container, in its order; of mappings and dataclasses the values.

    Args:
        value: Nested in any way, or a leaf itself.
        containers: What to look into, of `CONTAINERS`; the others are leaves.
    """
    if not isinstance(value, containers):
        yield value
        return
    for part in value if isinstance(value, (list, tuple)) else _named_parts(value).values():
        if isinstance(part, containers):
            yield from leaves(part, containers)
        else:  # not by another generator: recorders look through the arguments of every operator
            yield part


def named_leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every leaf with the path that leads to it, as code says it: ``outputs['boxes'][0]``, ``outputs.boxes``.

    Args:
        value: Nested in any way, or a leaf itself.
        name: What the path begins with.
    """
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from named_leaves(part, f"{name}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for place, part in enumerate(value):
            yield from named_leaves(part, f"{name}[{place}]")
    elif isinstance(value, Record):
        for key, part in _named_parts(value).items():
            yield from named_leaves(part, f"{name}.{key}")
    else:
        yield name, value


def leaf_paths(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its path in short, as people name it: ``boxes.0``; that of a lone leaf is ``0``.

    Args:
        value: Nested in any way, or a leaf itself.
        path: What leads to the value.
    """
    if isinstance(value, (list, tuple)):
        parts: Any = enumerate(value)
    elif isinstance(value, CONTAINERS):
        parts = _named_parts(value).items()
    else:
        yield path or "0", value
        return
    for key, part in parts:
        yield from leaf_paths(part, f"{path}.{key}" if path else str(key))


def held_by(value: Any, path: str, depth: int = 5, seen: set[int] | None = None) -> Iterator[tuple[str, Any]]:
    """What an object of a class of its own holds, objects and collections inside it too, with short paths.

    Args:
        value: The object; what can be called, as a module, is not looked into.
        path: What leads to it.
        depth: How far to go: an object may refer to half of the program.
        seen: Ids of what was looked into.
    """
    seen = set() if seen is None else seen
    parts = dict(enumerate(value)) if isinstance(value, (list, tuple)) else value
    parts = parts if isinstance(parts, dict) else getattr(value, "__dict__", None)
    if not depth or id(value) in seen or callable(value) or not isinstance(parts, dict):
        return
    seen.add(id(value))
    for key, part in list(parts.items()):
        yield f"{path}.{key}", part
        yield from held_by(part, f"{path}.{key}", depth - 1, seen)


def map_leaves(change: Callable[[Any], Any], value: Any, containers: tuple[type[Any], ...] = CONTAINERS) -> Any:
    """The nested value with ``change`` of every leaf: as lists, tuples (named ones by their names), dicts, dataclasses.

    Args:
        change: Gets a leaf and returns what stands in its place.
        value: Nested in any way, or a leaf itself.
        containers: Which of `CONTAINERS` to look into; the others are leaves.
    """
    if not isinstance(value, containers):
        return change(value)
    if isinstance(value, Mapping):
        return {key: map_leaves(change, part, containers) for key, part in value.items()}
    if not isinstance(value, (list, tuple)):
        return _with_parts(value, {k: map_leaves(change, v, containers) for k, v in _named_parts(value).items()})
    parts = [map_leaves(change, part, containers) for part in value]
    if isinstance(value, list):
        return parts
    kind: Any = type(value)
    if hasattr(kind, "_make"):  # a named tuple
        return kind._make(parts)
    if hasattr(kind, "n_sequence_fields"):  # a struct sequence, such as torch.max returns
        return kind(parts)
    return tuple(parts)


def map_once(change: Callable[[Any], Any], value: Any) -> Any:
    """What `map_leaves` returns, where a leaf that stands twice is changed once, so that its change stands twice."""
    changed = dict[int, tuple[Any, Any]]()  # with the leaf, so that it keeps its id

    def once(leaf: Any) -> Any:
        if id(leaf) not in changed:
            changed[id(leaf)] = leaf, change(leaf)
        return changed[id(leaf)][1]

    return map_leaves(once, value)


def _named_parts(value: Any) -> Mapping[Any, Any]:
    """What a mapping or an instance of a dataclass holds."""
    if isinstance(value, Mapping):
        return value
    return {field.name: getattr(value, field.name) for field in fields(value) if hasattr(value, field.name)}


def _with_parts(value: Any, parts: Mapping[str, Any]) -> Any:
    """A copy of an instance of a dataclass with other values in its fields, whatever its constructor demands."""
    changed = copy.copy(value)
    for name, part in parts.items():
        object.__setattr__(changed, name, part)  # of a frozen one as well
    return changed
