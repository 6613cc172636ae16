"""Copies of networks that hold what nobody can copy: locks, open files, generators, objects that raise."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any


def deep_copied(network: Any, modules: Sequence[Any], known: Mapping[int, Any]) -> Any:
    """A deep copy of a network; what cannot be copied is shared with it.

    Args:
        network: The network.
        modules: All its modules, each with a ``__dict__``.
        known: By the id of something that it holds, what the copy has in its place.
    """
    try:
        return copy.deepcopy(network, dict(known))
    except Exception:  # of an object that a module holds, of whatever kind it is
        apart = {**known, **{id(module): module for module in modules}}
        held = [value for module in modules for value in vars(module).values()]
        shared = {id(value): value for value in held if id(value) not in apart and not _can_be_copied(value, apart)}
        if not shared:
            raise
        return copy.deepcopy(network, {**shared, **known})


def _can_be_copied(value: Any, apart: Mapping[int, Any]) -> bool:
    try:
        copy.deepcopy(value, dict(apart))
    except Exception:  # whatever its class raises
        return False
    return True
