"""Finds out whether a network's code made plain integers of sizes that it then passed on, and records it again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeAlias, TypeVar

from prunekit.core.graph.attributes import Attributes
from prunekit.core.graph.operators import OperatorGraph
from prunekit.core.graph.tracked_sizes import Combined, Literal, SizeOrigin, Unknown, Uses, leaves, within
from prunekit.core.recording.graph_writer import GraphWriter
from prunekit.core.recording.replaced import Namespace
from prunekit.registry.errors import first_line

Conversions: TypeAlias = "Mapping[int, tuple[Namespace, frozenset[str]]]"
"""Namespaces by their id, and which of ``int``, ``float`` and ``len`` their code calls with sizes."""

R = TypeVar("R", bound=GraphWriter)


def with_conversions(once: Callable[[Conversions], R]) -> R:
    """A recording; if the code made plain integers of sizes that matter, another one that follows them through.

    Args:
        once: Records, with ``int``, ``float`` and ``len`` seen in these namespaces.
    """
    first = once({})
    missed = _missed(first.graph, first.tracker.uses)
    if not missed:
        return first
    try:
        return once(missed)
    except Exception as problem:  # the network's own code, which may insist on Python's very own ``int``
        names = ", ".join(sorted(str(space.get("__name__")) for space, _ in missed.values()))
        first.graph.notes.append(
            f"int() of sizes is not followed in {names}: {type(problem).__name__}: {first_line(problem)}"
        )
        return first


def _missed(graph: OperatorGraph, uses: Uses) -> Conversions:
    """Where the code made plain numbers of sizes, if it may decide by them or any size that it passed may be one."""
    found = {key: (space, frozenset({*names, "int"})) for key, (space, names, _) in uses.converted.items()}
    if uses.deciding:
        return found
    places = {place for _, _, where in uses.converted.values() for place in where}
    for operator in graph.operators if places else ():
        if any(_suspicious(origin, operator.module in places) for origin in _origins(operator.attributes)):
            return found
    return {}


def of_classes(modules: Iterable[Any], libraries: tuple[str, ...]) -> Conversions:
    """The namespaces in which modules' classes were written, but for those of libraries: ``len`` is seen there."""
    names = dict.fromkeys(type(module).__module__ for module in modules)
    spaces = [vars(sys.modules[name]) for name in names if name in sys.modules and not within(name, libraries)]
    return {id(space): (space, frozenset({"len"})) for space in spaces}


def _suspicious(origin: SizeOrigin, converted: bool) -> bool:
    """Whether there is a plain number in it that may have been a size."""
    return any(isinstance(o, Unknown) or (converted and isinstance(o, Literal) and o.value > 1) for o in leaves(origin))


def _origins(attributes: Attributes) -> Iterator[SizeOrigin]:
    for field in fields(attributes):
        value = getattr(attributes, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, (Literal, Combined)):
                yield part
