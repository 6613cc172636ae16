"""Functions that keep what they returned would give sizes of an earlier call, which know another origin or none."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any

from prunekit.core.graph.tracked_sizes import within
from prunekit.core.recording.replaced import Namespace

_Cached: Any = type(lru_cache(lambda: None))
_FAR = 3
"""How many imports away from the network's own code such functions are looked for."""


@contextmanager
def uncached(namespaces: Iterable[Namespace], libraries: tuple[str, ...]) -> Iterator[None]:
    """Inside the block functions of modules that keep their results compute them each time.

    Args:
        namespaces: Those of the network's code; what they import is looked through as well.
        libraries: Packages whose functions are left alone.
    """
    spaces = _reached(list(namespaces), libraries)
    changed = [(space, key, value) for space in spaces for key, value in space.items() if type(value) is _Cached]
    try:
        for space, key, value in changed:
            space[key] = value.__wrapped__
        yield
    finally:
        for space, key, value in changed:
            space[key] = value


def _reached(spaces: list[Namespace], libraries: tuple[str, ...]) -> list[Namespace]:
    """These namespaces and those of the modules whose functions, classes and modules they hold, and so on."""
    found, names = {id(space): space for space in spaces}, set[str]()
    for _ in range(_FAR):
        imported = {name for space in spaces for name in _modules_of(space)} - names
        names |= imported
        modules = [sys.modules[name] for name in imported if name in sys.modules and not _closed(name, libraries)]
        spaces = [space for module in modules if id(space := vars(module)) not in found]
        found.update({id(space): space for space in spaces})
    return list(found.values())


def _modules_of(space: Namespace) -> Iterator[str]:
    for value in list(space.values()):
        if isinstance(value, ModuleType):
            yield value.__name__
        elif isinstance(value, (FunctionType, type, _Cached)):
            yield str(value.__module__)


def _closed(name: str, libraries: tuple[str, ...]) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names or within(name, libraries)
