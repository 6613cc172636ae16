"""Values nested in lists, tuples and mappings: a network's inputs and outputs, targets, an operator's arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

CONTAINERS: tuple[type[Any], ...] = (list, tuple, Mapping)


def leaves(value: Any, containers: tuple[type[Any], ...] = CONTAINERS) -> Iterator[Any]:
    """Everything in a nested value that is no container, in its order; of mappings the values.

    Args:
        value: Nested in any way, or a leaf itself.
        containers: Which of `CONTAINERS` to look into; the others are leaves.
    """
    if not isinstance(value, containers):
        yield value
        return
    for part in value if isinstance(value, (list, tuple)) else value.values():
        if isinstance(part, containers):
            yield from leaves(part, containers)
        else:  # not by another generator: recorders look through the arguments of every operator
            yield part


def named_leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every leaf with the path that leads to it, as code says it: ``outputs['boxes'][0]``.

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
    else:
        yield name, value


def map_leaves(change: Callable[[Any], Any], value: Any, containers: tuple[type[Any], ...] = CONTAINERS) -> Any:
    """The nested value with ``change`` of every leaf: as lists, tuples (named ones by their names) and dicts.

    Args:
        change: Gets a leaf and returns what stands in its place.
        value: Nested in any way, or a leaf itself.
        containers: Which of `CONTAINERS` to look into; the others are leaves.
    """
    if not isinstance(value, containers):
        return change(value)
    if isinstance(value, Mapping):
        return {key: map_leaves(change, part, containers) for key, part in value.items()}
    parts = [map_leaves(change, part, containers) for part in value]
    if isinstance(value, list):
        return parts
    kind: Any = type(value)
    if hasattr(kind, "_make"):  # a named tuple
        return kind._make(parts)
    if hasattr(kind, "n_sequence_fields"):  # a struct sequence, such as torch.max returns
        return kind(parts)
    return tuple(parts)
