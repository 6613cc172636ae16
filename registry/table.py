"""The table of all declared and registered components, and which goes before which."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import FunctionType
from typing import TypeAlias

from prunekit.registry.entry import Entry, RegisterType
from prunekit.registry.errors import DuplicateNameError

Component: TypeAlias = "type | FunctionType"  # a function for a zoo
_Place: TypeAlias = tuple[RegisterType, str, "Path | None"]


class Table:
    """The entries of manifests and the classes of decorators. Not locked; `Register` does that.

    Attributes:
        declared: What manifests promise.
        components: What decorators registered: classes, and functions that find the models of a zoo.
        overriding: The entries among them that said ``override=True``.
        displaced: The user's own classes that such an entry replaced.
        idle: Modules that were imported for what they register, and register nothing.
    """

    def __init__(self) -> None:
        self.declared: list[Entry] = []
        self.components: dict[Entry, Component] = {}
        self.overriding: set[Entry] = set()
        self.displaced: set[_Place] = set()
        self.idle: list[str] = []

    def copy(self) -> Table:
        """A table of its own with the same content."""
        other = Table()
        other.declared, other.components = list(self.declared), dict(self.components)
        other.overriding, other.displaced, other.idle = set(self.overriding), set(self.displaced), list(self.idle)
        return other

    def entries(self, kind: RegisterType | None = None) -> list[Entry]:
        """Every entry, the user's own first; a registered class stands in place of its declaration."""
        taken = {_place(entry) for entry in self.components} | self.displaced
        declared = [entry for entry in self.declared if _place(entry) not in taken]
        found = [entry for entry in [*declared, *self.components] if kind is None or entry.type is kind]
        return sorted(found, key=_order)

    def declare(self, entries: Iterable[Entry]) -> None:
        """Add what a manifest promises.

        Raises:
            DuplicateNameError: A user's own manifest takes a name that another module of theirs has.
        """
        known = {(*_place(entry), entry.backend, entry.distribution) for entry in self.declared}
        new = [entry for entry in entries if (*_place(entry), entry.backend, entry.distribution) not in known]
        for entry in new:
            if entry.distribution is None and (rivals := self._rivals(entry)):
                raise DuplicateNameError(f"{_duplicate(entry, rivals[0])}; give one of them another name")
        self.declared += new
        # a module that holds both its classes and the manifest has registered them before it was read
        self.components = {self.completed(entry, found): found for entry, found in self.components.items()}

    def add(self, entry: Entry, component: Component, override: bool) -> None:
        """Add a registered class; nothing is changed where that is refused.

        Raises:
            DuplicateNameError: Another class of the same distribution, or of the user's, has one of the names.
        """
        if _place(entry) in self.displaced and not override:
            return  # it is imported after, or once more since, another has taken its name
        rivals = self._rivals(entry)
        if rivals and not override:
            raise DuplicateNameError(f"{_duplicate(entry, rivals[0])}; choose another name= or say override=True")
        again = [other for other in self.components if _place(other) == _place(entry) and _clash(other, entry)]
        for other in [*rivals, *again]:
            self.components.pop(other, None)
            self.overriding.discard(other)
        self.displaced.update(map(_place, rivals))
        self.displaced.discard(_place(entry))
        self.components[entry] = component
        if override:
            self.overriding.add(entry)

    def registered(self, entry: Entry) -> Component | None:
        """The class that was registered for an entry, or None."""
        if entry in self.components:
            return self.components[entry]
        return next((found for other, found in self.components.items() if _place(other) == _place(entry)), None)

    def declaration(self, kind: RegisterType, target: str) -> Entry | None:
        """What a manifest says of a class, or None."""
        file = getattr(sys.modules.get(target.partition(":")[0]), "__file__", None)
        for entry in self.declared:
            if entry.type is kind and entry.target == target and entry.file in (None, Path(file or "")):
                return entry
        return None

    def completed(self, entry: Entry, component: Component) -> Entry:
        """A decorator's entry with what it leaves open: from the manifest that declares the class, or the class."""
        known = self.declaration(entry.type, entry.target)
        backend = entry.backend or (known.backend if known else None) or self.backend_of(component)
        if known is not None:
            name = known.name if entry.name == component.__name__ else entry.name
            return replace(known, name=name, backend=backend, aliases=entry.aliases or known.aliases)
        root = entry.module.partition(".")[0]
        packs = (e for e in self.declared if e.distribution and e.file is None)
        pack = next((e for e in packs if e.module.partition(".")[0] == root), entry)
        return replace(entry, backend=backend, distribution=pack.distribution, version=pack.version)

    def backend_of(self, component: Component) -> str | None:
        """The backend whose framework is among the base classes, or None."""
        bases = getattr(component, "__mro__", ())  # the function of a zoo has none
        roots = {base.__module__.partition(".")[0] for base in bases}
        found = (entry.name for entry in self.entries(RegisterType.BACKEND) if entry.framework in roots)
        return next(found, None)

    def keep_promised(self, other: Table) -> None:
        """Take over the classes of another table that manifests promise here: nobody would register them again."""
        promised = {_place(entry) for entry in self.declared}
        self.components.update({e: found for e, found in other.components.items() if _place(e) in promised})

    def notes(self) -> list[str]:
        """One line for each pack's component in whose place a user's own is used, and for each idle import."""
        entries = self.entries()
        idle = [
            f"--import {name}: nothing is registered there; is the decorator or MODULE_REGISTER missing?"
            for name in dict.fromkeys(self.idle)
        ]
        taken = [
            f"{mine.type.words} {_shared(mine, theirs)!r}: {mine.target} is used in place of the one that"
            f" {theirs.origin} declares"
            for mine in entries
            if mine.distribution is None and mine not in self.overriding
            for theirs in entries
            if theirs.distribution is not None and _clash(mine, theirs, overlap=True)
        ]
        return idle + list(dict.fromkeys(taken))  # a name may be taken from several backends

    def _rivals(self, entry: Entry) -> list[Entry]:
        """Other classes that may not have a name of ``entry`` too: those of the same distribution, or of the user's."""
        return [
            other
            for other in self.entries(entry.type)
            if other.distribution == entry.distribution and _place(other) != _place(entry) and _clash(other, entry)
        ]


def _clash(one: Entry, other: Entry, overlap: bool = False) -> bool:
    same = one.backend == other.backend or (overlap and None in (one.backend, other.backend))
    return one.type is other.type and same and not set(one.names).isdisjoint(other.names)


def _shared(one: Entry, other: Entry) -> str:
    return next(name for name in one.names if name in other.names)


def _duplicate(entry: Entry, other: Entry) -> str:
    return (
        f"{entry.type.words} {_shared(entry, other)!r} of {entry.target} ({entry.origin}) is already registered by"
        f" {other.target} ({other.origin})"
    )


def _place(entry: Entry) -> _Place:
    return entry.type, entry.target, entry.file


def _order(entry: Entry) -> tuple[str, str, bool, str, str, str]:
    mine = entry.distribution is None
    return entry.type.value, entry.name, not mine, entry.backend or "", entry.distribution or "", entry.target
