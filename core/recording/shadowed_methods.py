"""Methods of a framework's modules, under whose names a network may keep something else, such as a list ``modules``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import MethodType
from typing import Any


@contextmanager
def plain_methods(modules: Iterable[Any], base: type[Any], methods: frozenset[str]) -> Iterator[None]:
    """Inside the block the framework's methods can be called, also where a module holds something else of their name.

    Args:
        modules: All modules of a network; each has a ``__dict__`` that may be written.
        base: The framework's class of modules.
        methods: Names of the methods that are called, and of those that they call on the modules inside.
    """
    by_class = dict[type, frozenset[str]]()
    hidden = [(module, names) for module in modules if (names := _hidden(module, methods, by_class))]
    before = [{name: vars(module)[name] for name in names & vars(module).keys()} for module, names in hidden]
    for module, names in hidden:
        vars(module).update({name: MethodType(getattr(base, name), module) for name in names})
    try:
        yield
    finally:
        for (module, names), values in zip(hidden, before, strict=True):
            for name in names:
                del vars(module)[name]
            vars(module).update(values)


def _hidden(module: Any, methods: frozenset[str], by_class: dict[type, frozenset[str]]) -> set[str]:
    """Names of methods under which a module, or its class, holds something that cannot be called."""
    held, kind = vars(module), type(module)
    if kind not in by_class:
        by_class[kind] = frozenset(name for name in methods if not callable(getattr(kind, name)))
    own = held.keys() & methods
    return {*(by_class[kind] - own), *(name for name in own if not callable(held[name]))}
