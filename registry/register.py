"""The table of everything that a yml can name, keyed (type, backend, name)."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, overload

from prunekit.registry.discovery import PackRecord, discover
from prunekit.registry.entry import Entry, RegisterType
from prunekit.registry.errors import AmbiguousNameError, BrokenEntryError, DuplicateNameError, UnknownNameError

C = TypeVar("C", bound=type)


class Register:
    """Registers components and finds them again.

    ``@Register.register(RegisterType.NETWORK)`` above a class is all that a user needs. A component that a pack
    declares in its manifest is imported when it is first looked up, not before.
    """

    _lock = threading.RLock()
    _declared: list[Entry] = []  # noqa: RUF012 - the one table of the process
    _components: dict[Entry, type] = {}  # noqa: RUF012
    _displaced: set[tuple[RegisterType, str | None, str]] = set()  # noqa: RUF012 - whose name override=True gave away
    _packs: list[PackRecord] | None = None
    _local = threading.local()  # whether this thread is reading manifests

    @overload
    @classmethod
    def register(
        cls,
        kind: RegisterType,
        component: None = None,
        *,
        name: str | None = None,
        aliases: tuple[str, ...] = (),
        backend: str | None = None,
        override: bool = False,
    ) -> Callable[[C], C]: ...

    @overload
    @classmethod
    def register(
        cls,
        kind: RegisterType,
        component: C,
        *,
        name: str | None = None,
        aliases: tuple[str, ...] = (),
        backend: str | None = None,
        override: bool = False,
    ) -> C: ...

    @classmethod
    def register(
        cls,
        kind: RegisterType,
        component: Any = None,
        *,
        name: str | None = None,
        aliases: tuple[str, ...] = (),
        backend: str | None = None,
        override: bool = False,
    ) -> Any:
        """Register a class, as a decorator or as a call with the class as second argument.

        Args:
            kind: What the class is.
            component: The class, when called rather than used as a decorator.
            name: The name in a yml; the class's own name if not given.
            aliases: Further names.
            backend: The backend it belongs to; found from its base classes if not given.
            override: Replace whatever has the name.

        Raises:
            DuplicateNameError: Another class has the name; both origins are named.
        """
        if component is None:
            return lambda found: cls.register(
                kind, found, name=name, aliases=aliases, backend=backend, override=override
            )
        if not isinstance(component, type):
            raise TypeError(f"only classes are registered, not {component!r}")
        aliases = (aliases,) if isinstance(aliases, str) else tuple(aliases)
        entry = cls._entry_of(RegisterType(kind), component, name, aliases, backend)
        with cls._lock:
            if override:
                cls._displaced.discard(_place(entry))
            elif _place(entry) in cls._displaced:  # it is imported after another has taken its name
                return component
            cls._make_room(entry, override)
            cls._components[entry] = component
        return component

    @classmethod
    def get(cls, kind: RegisterType, name: str, backend: str | None = None) -> type[Any]:
        """Return the class registered under ``name``, importing its module if need be.

        Raises:
            UnknownNameError: Nobody declares the name.
            AmbiguousNameError: Several packs do.
            BrokenEntryError: It is declared, but cannot be had.
        """
        entry = cls.entry(kind, name, backend)
        with cls._lock:
            component = cls._components.get(entry)
        return component if component is not None else cls._import(entry)

    @classmethod
    def entry(cls, kind: RegisterType, name: str, backend: str | None = None) -> Entry:
        """Return where ``name`` is declared, importing nothing.

        Raises:
            UnknownNameError: Nobody declares the name.
            AmbiguousNameError: Several packs do.
        """
        matches = [entry for entry in cls.entries(kind) if name in entry.names and entry.serves(backend)]
        exact = [entry for entry in matches if entry.backend == backend]
        matches = exact if backend is not None and exact else matches
        if len({entry.target for entry in matches}) > 1:
            places = " and ".join(sorted(f"{entry.origin} ({entry.target})" for entry in matches))
            raise AmbiguousNameError(f"{kind.words} {name!r} is declared by {places}")
        if not matches:
            raise UnknownNameError(cls._unknown(kind, name, backend))
        return matches[0]

    @classmethod
    def entries(cls, kind: RegisterType | None = None) -> list[Entry]:
        """Return every entry, declared or registered, importing no component."""
        cls.packs()
        with cls._lock:
            registered = list(cls._components)
            taken = {(entry.type, entry.target) for entry in registered}
            declared = [
                entry
                for entry in cls._declared
                if (entry.type, entry.target) not in taken and _place(entry) not in cls._displaced
            ]
        found = [entry for entry in [*declared, *registered] if kind is None or entry.type is kind]
        return sorted(found, key=lambda entry: (entry.type.value, entry.name, entry.backend or "", entry.target))

    @classmethod
    def packs(cls) -> list[PackRecord]:
        """Return what became of each installed pack; the first call reads their manifests."""
        if cls._packs is None and not getattr(cls._local, "reading", False):  # a pack may look something up as it loads
            cls._local.reading = True
            try:
                declared: list[Entry] = []
                packs = discover(declared.append)  # without the lock: another thread may be importing such a pack
            finally:
                cls._local.reading = False
            with cls._lock:
                if cls._packs is None:
                    cls._declared, cls._packs = declared, packs
        return list(cls._packs or ())

    @classmethod
    def backend_of(cls, component: type) -> str | None:
        """Return the backend whose framework is among the base classes, or None. Imports nothing."""
        roots = {base.__module__.partition(".")[0] for base in component.__mro__}
        for entry in cls.entries(RegisterType.BACKEND):
            if entry.framework in roots:
                return entry.name
        return None

    @classmethod
    @contextlib.contextmanager
    def isolated(cls) -> Iterator[None]:
        """Undo every registration that is made inside the block; for tests.

        What a manifest promises stays: its module, once imported, would not register it again.
        """
        cls.packs()
        with cls._lock:
            saved = (list(cls._declared), dict(cls._components), set(cls._displaced), cls._packs)
        try:
            yield
        finally:
            with cls._lock:
                promised = {(entry.type, entry.target) for entry in saved[0]}
                kept = {e: found for e, found in cls._components.items() if (e.type, e.target) in promised}
                cls._declared, cls._components, cls._displaced, cls._packs = saved
                cls._components.update(kept)

    @classmethod
    def _entry_of(
        cls, kind: RegisterType, component: type, name: str | None, aliases: tuple[str, ...], backend: str | None
    ) -> Entry:
        """What a decorator leaves open is taken from the manifest that declares the same class, then from the class."""
        target = f"{component.__module__}:{component.__qualname__}"
        known = next((e for e in cls.entries(kind) if e.target == target), None)
        return Entry(
            kind,
            name or (known.name if known else component.__name__),
            backend or (known.backend if known else None) or cls.backend_of(component),
            target,
            aliases or (known.aliases if known else ()),
            known.origin if known else component.__module__,
            known.framework if known else None,
        )

    @classmethod
    def _make_room(cls, entry: Entry, override: bool) -> None:
        """Take out whatever ``entry`` replaces; nothing is taken out where it may not replace one of them."""
        clashing = [
            other
            for other in cls.entries(entry.type)
            if other.backend == entry.backend and not set(entry.names).isdisjoint(other.names)
        ]
        others = [other for other in clashing if other.target != entry.target]  # the same class again is a reload
        if others and not override:
            name = next(name for name in entry.names if name in others[0].names)
            raise DuplicateNameError(
                f"{entry.type.words} {name!r} of {entry.target} ({entry.origin}) is already registered by"
                f" {others[0].target} ({others[0].origin}); choose another name= or say override=True"
            )
        cls._displaced.update(map(_place, others))
        for other in clashing:
            cls._components.pop(other, None)

    @classmethod
    def _import(cls, entry: Entry) -> type[Any]:
        where = f"{entry.type.words} {entry.name!r} is declared by {entry.origin} in {entry.module}"
        try:
            importlib.import_module(entry.module)
        except (Exception, SystemExit) as problem:  # another's code: whatever it raises becomes one clear error
            raise BrokenEntryError(
                f"{where}, but importing it failed: {type(problem).__name__}: {problem}"
            ) from problem
        with cls._lock:
            for registered, component in cls._components.items():
                if registered.type is entry.type and registered.target == entry.target:
                    return component
        raise BrokenEntryError(
            f"{where}, but importing it registered nothing of that name;"
            f" is @Register.register(RegisterType.{entry.type.name}) missing above the class?"
        )

    @classmethod
    def _unknown(cls, kind: RegisterType, name: str, backend: str | None) -> str:
        entries = cls.entries(kind)
        elsewhere = sorted({entry.backend or "any" for entry in entries if name in entry.names})
        if elsewhere:
            return f"{kind.words} {name!r} exists for backend {', '.join(elsewhere)}, not for {backend}"
        names = sorted({n for entry in entries if entry.serves(backend) for n in entry.names})
        folded = {n.lower(): n for n in names}
        near = difflib.get_close_matches(name.lower(), folded, n=3, cutoff=0.6)
        text = f"no {kind.words} named {name!r}."
        if near:
            text += " Did you mean " + " or ".join(repr(folded[n]) for n in near) + "?"
        elif names:
            text += " There are " + ", ".join(names) + "."
        broken = [f"{pack.distribution} {pack.version}" for pack in cls.packs() if pack.error]
        return text + (f" (Not searched, because broken: {', '.join(broken)}.)" if broken else "")


def _place(entry: Entry) -> tuple[RegisterType, str | None, str]:
    return entry.type, entry.backend, entry.target
