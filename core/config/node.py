"""A yml as a tree in which every value knows where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

Key = str | int | float


@dataclass(frozen=True)
class Node:
    """One value of a yml.

    A value that a ``ref`` or a dataset's ``common`` brings elsewhere keeps the line and path where it was written,
    so a mistake in it is reported once, at its origin.

    Attributes:
        value: ``dict[Key, Node]``, ``list[Node]`` or a scalar.
        file: The file as the user named it.
        line: Line of the key (of the item in a list), from 1; None for what came from the command line.
        path: The keys that lead to it.
    """

    value: Any
    file: str
    line: int | None
    path: tuple[Key, ...] = ()

    @property
    def dotted(self) -> str:
        """The path as messages show it."""
        return ".".join(map(str, self.path))

    @property
    def where(self) -> str:
        """Place and path: ``file.yml:12: nas.trainer``."""
        return f"{self.file}:{self.line}: {self.dotted}" if self.line is not None else f"{self.file}: {self.dotted}"

    @property
    def entries(self) -> dict[Key, Node]:
        """The keys of a mapping; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    def child(self, key: Any) -> Node | None:
        """Return the value at a key or a list position, or None."""
        if isinstance(self.value, list):
            inside = isinstance(key, int) and 0 <= key < len(self.value)
            return self.value[key] if inside else None
        return self.entries.get(key)

    def get_or_empty(self, key: Key) -> Node:
        """Return the value at ``key``, or an empty one that stands at this node's line: for what is missing."""
        return self.child(key) or replace(self, value=None, path=(*self.path, key))

    def with_entries(self, entries: dict[Key, Node]) -> Node:
        """Return the same place with other entries."""
        return replace(self, value=entries)

    def without(self, *keys: Key) -> Node:
        """Return the same block without some keys; what is no block stays as it is."""
        if not isinstance(self.value, dict):
            return self
        return self.with_entries({key: node for key, node in self.entries.items() if key not in keys})

    def to_python(self) -> Any:
        """Return ordinary dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: child.to_python() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.to_python() for child in self.value]
        return self.value

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it."""
        yield self
        below = self.value if isinstance(self.value, list) else self.entries.values()
        for child in below:
            yield from child.walk()
