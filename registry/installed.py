"""The entry points of all installed distributions. What is wrong with one of them is its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunekit.registry.errors import described, one_line, quoted

if TYPE_CHECKING:
    from importlib_metadata import Distribution, EntryPoint  # takes longer to import than the rest of the registry

_VALUE = re.compile(r"[^\W\d][\w.]*\s*(:\s*[^\W\d][\w.]*\s*)?(\[.*\])?")


@dataclass(frozen=True)
class Plugin:
    """An entry point and the distribution that brings it; nothing of it is imported.

    Attributes:
        point: The entry point.
        distribution: The distribution's name.
        version: Its version.
        requires: Its requirements.
        broken: Why it cannot be loaded, where that shows without an import, or None.
        warning: What is odd about the distribution, or None.
    """

    point: EntryPoint
    distribution: str
    version: str
    requires: tuple[str, ...] = ()
    broken: str | None = None
    warning: str | None = None

    @property
    def origin(self) -> str:
        """Distribution and version, as messages say them."""
        return one_line(f"{self.distribution} {self.version}")


def installed(group: str) -> list[Plugin]:
    """Every entry point of a group, and of the same group of a later version, by their distributions' names.

    A distribution whose entry points cannot be read is there once, if its file speaks of the group.
    """
    base, _, number = group.rpartition(".v")
    newer = re.compile(rf"{re.escape(base)}\.v(\d+)")

    def wanted(name: str) -> bool:
        return name == group or bool((match := newer.fullmatch(name)) and int(match[1]) > int(number))

    found = [plugin for one, warning in _distributions() for plugin in _plugins(one, warning, group, wanted)]
    return sorted(found, key=lambda each: (each.distribution, each.point.name, each.point.group))


def _plugins(one: Distribution, warning: str | None, group: str, wanted: Callable[[str], bool]) -> Iterator[Plugin]:
    try:
        points = [point for point in one.entry_points if wanted(point.group)]
    except Exception as problem:  # not UTF-8, or no lines of NAME = VALUE
        if _mentions(one, group):
            yield _unreadable(one, group, f"its entry_points.txt cannot be read: {described(problem)}")
        return
    if points:
        (name, version, requires), broken = _metadata(one)
        for point in points:
            odd = None if _VALUE.fullmatch(point.value) else f"its entry point names no module: {quoted(point.value)}"
            yield Plugin(point, name, version, requires, broken or odd, warning)


def _unreadable(one: Distribution, group: str, why: str) -> Plugin:
    from importlib_metadata import EntryPoint

    return Plugin(EntryPoint("?", "?", group), *_by_folder(one), (), why)


def _metadata(one: Distribution) -> tuple[tuple[str, str, tuple[str, ...]], str | None]:
    """Name, version and requirements, and what is wrong with the file that says them."""
    name, version = _by_folder(one)
    try:
        metadata: Any = one.metadata  # read once: each access parses the file again
        requires = tuple(metadata.get_all("Requires-Dist") or ())
        found = (metadata.get("Name") or name, metadata.get("Version") or version, requires)
        return found, None if metadata.get("Name") else "its METADATA has no Name"
    except Exception as problem:  # not UTF-8, or missing
        return (name, version, ()), f"its METADATA cannot be read: {described(problem)}"


def _distributions() -> Iterator[tuple[Distribution, str | None]]:
    """Every distribution; of several with a name the first on the path, with a warning if one lies beside it."""
    from importlib_metadata import Distribution

    first: dict[str, Distribution] = {}
    nameless, beside = [], set()
    for one in Distribution.discover():
        try:
            name = one._normalized_name  # the file of the metadata is not read for it
        except Exception:  # its metadata has no name, or cannot be read; who needs it says so
            nameless.append(one)
            continue
        other = first.setdefault(name, one)
        if other is not one and _folder(other) != _folder(one) and _folder(other).parent == _folder(one).parent:
            beside.add(name)
    for name, one in first.items():
        twice = f"{_folder(one).parent} holds its metadata more than once; reinstall it"
        yield one, twice if name in beside else None
    for one in nameless:
        yield one, None


def _folder(one: Distribution) -> Path:
    """Where the metadata of a distribution lies: ``name-1.0.dist-info``."""
    return Path(str(getattr(one, "_path", "?")))


def _by_folder(one: Distribution) -> tuple[str, str]:
    """Name and version as the folder of the metadata says them."""
    name, _, version = _folder(one).stem.partition("-")
    return name or "?", version or "?"


def _mentions(one: Distribution, group: str) -> bool:
    try:
        return group.encode() in (_folder(one) / "entry_points.txt").read_bytes()
    except OSError:
        return False
