"""Copies of networks that hold what nobody can copy: locks, open files, generators, objects that raise."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

_ATOMS = frozenset((bool, int, float, str, type(None)))

Shells = Sequence[tuple[Any, Any]]
"""Modules, and what their copies are to be: objects of the same class that hold nothing yet."""


def deep_copied(network: Any, modules: Sequence[Any], known: Mapping[int, Any], shells: Shells = ()) -> Any:
    """A deep copy of a network; what cannot be copied is shared with it.

    Args:
        network: The network.
        modules: All its modules, each with a ``__dict__``.
        known: By the id of something that it holds, what the copy has in its place.
        shells: Modules that are copied by their ``__dict__`` alone; they are among ``known``.
    """
    try:
        return _filled(network, dict(known), shells)
    except Exception:  # of an object that a module holds, of whatever kind it is
        apart = {**known, **{id(module): module for module in modules}}
        held = [value for module in modules for value in vars(module).values()]
        shared = {id(value): value for value in held if id(value) not in apart and not _can_be_copied(value, apart)}
        if not shared:
            raise
        return _filled(network, {**shared, **known}, shells)


def _filled(network: Any, known: dict[int, Any], shells: Shells) -> Any:
    for module, shell in shells:
        held = vars(module).items()
        shell.__dict__.update((key, v if type(v) in _ATOMS else copy.deepcopy(v, known)) for key, v in held)
    return copy.deepcopy(network, known)


def _can_be_copied(value: Any, apart: Mapping[int, Any]) -> bool:
    try:
        copy.deepcopy(value, dict(apart))
    except Exception:  # whatever its class raises
        return False
    return True
