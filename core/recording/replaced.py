"""Puts functions in the place of others, under whatever name some code knows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Namespace = dict[str, Any]


@contextmanager
def replaced(home: Any, ours: Mapping[str, Any], namespaces: Iterable[Namespace]) -> Iterator[None]:
    """Inside the block functions of a module are others, in the module and where they were imported.

    Args:
        home: The module.
        ours: By their names there what takes their places.
        namespaces: Where else they may stand.
    """
    plain = {id(getattr(home, name)): name for name in ours}
    changed = [
        (space, key, value) for space in (vars(home), *namespaces) for key, value in space.items() if id(value) in plain
    ]
    try:
        for space, key, value in changed:
            space[key] = ours[plain[id(value)]]
        yield
    finally:
        for space, key, value in changed:
            space[key] = value
