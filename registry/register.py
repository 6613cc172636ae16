"""``Register``: registers components and finds them again."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, TypeVar, overload

from prunekit.registry.discovery import PackRecord, discover, not_searched
from prunekit.registry.entry import Entry, RegisterType
from prunekit.registry.errors import BrokenEntryError, RegistryError, UnknownNameError
from prunekit.registry.installed import Plugin
from prunekit.registry.local_import import declared_by, forget, import_entry, local_files
from prunekit.registry.lookup import as_asked, find, unknown
from prunekit.registry.pack_manifests import read_packs
from prunekit.registry.table import Table
from prunekit.registry.user_module import import_user_module
from prunekit.registry.zoo_names import check_kind, closed, model

C = TypeVar("C", bound="type | Callable[..., Any]")


class Register:
    """Registers components and finds them again.

    ``@Register.register(RegisterType.NETWORK)`` above a class is all that a user needs. A component that a pack
    declares in its manifest is imported when it is first looked up, not before.

    A name that ends with a colon is that of a zoo. Above a function, ``name="zoo:"`` in the decorator or in the
    manifest makes it one: called with ``model``, it returns the class, or the function, that ``zoo:model`` means.
    Operator rules are functions too.

    Where several have a name: a user's own class goes before what packs declare (`notes` tells), two classes of the
    user's are an error when the second is registered, and two packs one when the name is looked up: ``pack/Name``
    then says which.
    """

    _lock = threading.RLock()
    _table = Table()  # the one table of the process
    _packs: list[PackRecord] | None = None
    own_only = False  # whether packs and hooks of other distributions are left alone
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
            component: The class (for a zoo the function), when called rather than used as a decorator.
            name: The name in a yml; what a manifest says of the class, or its own name, if not given.
            aliases: Further names.
            backend: The backend it belongs to; found from its base classes if not given.
            override: Replace another class that has the name, without a word.

        Raises:
            DuplicateNameError: Another class of the user's has the name; both origins are named.
        """
        if component is None:
            return lambda found: cls.register(
                kind, found, name=name, aliases=aliases, backend=backend, override=override
            )
        if not isinstance(component, (type, FunctionType)):
            raise TypeError(f"only classes are registered, not {component!r}")
        aliases = (aliases,) if isinstance(aliases, str) else tuple(aliases)
        if any("/" in each for each in (name or "", *aliases)):
            raise ValueError(f"{name or aliases!r}: a name holds no '/', which stands between a pack and a name")
        target = f"{component.__module__}:{component.__qualname__}"
        entry = Entry(RegisterType(kind), name or component.__name__, backend, target, aliases)
        cls.packs()
        with cls._lock:
            entry = cls._table.completed(entry, component)
            check_kind(entry, component)
            cls._table.add(entry, component, override)
        return component

    @classmethod
    def get(cls, kind: RegisterType, name: str, backend: str | None = None) -> type[Any]:
        """Return the class registered under ``name``, importing its module if need be.

        For a model of a zoo it may be a function that takes the same parameters.

        Raises:
            UnknownNameError: Nobody declares the name, or the zoo has no such model.
            AmbiguousNameError: Several packs do.
            BrokenEntryError: It is declared, but cannot be had.
        """
        return cls.load(cls._find(kind, name, backend))

    @classmethod
    def entry(cls, kind: RegisterType, name: str, backend: str | None = None) -> Entry:
        """Return where ``name`` is declared, importing nothing.

        Asked for by ``pack/Name``, the entry bears that name, so that it finds the same again.

        Raises:
            UnknownNameError: Nobody declares the name.
            AmbiguousNameError: Several packs do.
        """
        return as_asked(cls._find(kind, name, backend), name)

    @classmethod
    def entries(cls, kind: RegisterType | None = None) -> list[Entry]:
        """Return every entry, declared or registered, importing no component."""
        cls.packs()
        with cls._lock:
            return cls._table.entries(kind)

    @classmethod
    def declared(cls) -> list[Entry]:
        """Return what manifests say, whatever the decorators have said since."""
        cls.packs()
        with cls._lock:
            return list(cls._table.declared)

    @classmethod
    def _load_backend_of(cls, entry: Entry) -> None:
        """Import a component's backend first, which may settle how the framework that both need is to run."""
        if entry.backend is not None and entry.type is not RegisterType.BACKEND:
            with contextlib.suppress(RegistryError):  # what is wrong with it is told to who asks for it
                cls.load(cls._find(RegisterType.BACKEND, entry.backend, None))

    @classmethod
    def load(cls, entry: Entry) -> type[Any]:
        """Return the class of an entry, importing its module if need be.

        Raises:
            BrokenEntryError: It cannot be had.
            UnknownNameError: It is one of a zoo, which has no such model.
        """
        with cls._lock:
            component: Any = cls._table.registered(entry)
        if component is None:
            cls._load_backend_of(entry)
            import_entry(entry)
            with cls._lock:
                component = cls._table.registered(entry)
        if component is None:
            raise BrokenEntryError(
                f"{declared_by(entry)}, but importing it registered nothing of that name;"
                f" is @Register.register(RegisterType.{entry.type.name}) missing above the class?"
            )
        found: type[Any] = component if entry.rest is None else model(component, entry)
        return found

    @classmethod
    def packs(cls) -> list[PackRecord]:
        """Return what became of each installed pack; the first call reads their manifests."""
        if cls._packs is None and not getattr(cls._local, "reading", False):  # a pack may look something up as it loads
            cls._local.reading = True
            try:
                declared, packs = read_packs(cls.own_only)  # unlocked: another thread may be importing such a pack
            finally:
                cls._local.reading = False
            with cls._lock:
                if cls._packs is None:
                    cls._table.declare(declared)
                    cls._packs = packs
        return list(cls._packs or ())

    @classmethod
    def discover(cls, group: str, use: Callable[[Plugin], int]) -> list[PackRecord]:
        """Load another group of entry points under the same rules: each isolated, blocked ones never imported.

        Args:
            group: Such as ``prunekit.hooks.v1``.
            use: Loads one and says how much it brings.
        """
        return discover(group, use, cls.own_only)

    @classmethod
    def without_plugins(cls) -> None:
        """Leave only what prunekit's own distribution brings. To be called before anything is looked up."""
        with cls._lock:
            cls.own_only, cls._packs = True, None
            cls._table.declared = [entry for entry in cls._table.declared if entry.distribution is None]

    @classmethod
    def import_module(cls, name: str) -> None:
        """Import a module for its decorators, and declare the entries of its ``MODULE_REGISTER`` if it has one.

        ``NAME.py``, or a package ``NAME``, in the current folder goes before an installed module of that name. Modules
        beside it are found while it is imported, after all installed ones; ``sys.path`` stays as it is.

        Args:
            name: Of the module, without ``.py``.

        Raises:
            PrunekitError: It cannot be imported, or what it declares is wrong.
        """
        cls.packs()
        before = cls.entries()
        entries = import_user_module(name)
        with cls._lock:
            cls._table.declare(entries)
            own = any(f"{entry.module}.".startswith(f"{name}.") for entry in cls._table.entries())
            if not own and cls._table.entries() == before:
                cls._table.idle.append(name)

    @classmethod
    def notes(cls) -> list[str]:
        """Return one line for each component in whose place one of the user's own is used, and each idle import."""
        cls.packs()
        with cls._lock:
            return cls._table.notes()

    @classmethod
    def backend_of(cls, component: type) -> str | None:
        """Return the backend whose framework is among the base classes, or None. Imports nothing."""
        cls.packs()
        with cls._lock:
            return cls._table.backend_of(component)

    @classmethod
    @contextlib.contextmanager
    def isolated(cls) -> Iterator[None]:
        """Undo every registration that is made inside the block, and every import of `import_module`; for tests.

        What a manifest promises stays: its module, once imported, would not register it again.
        """
        cls.packs()
        imported = local_files()
        with cls._lock:
            saved = (cls._table, cls._packs, cls.own_only)
            cls._table = cls._table.copy()
        try:
            yield
        finally:
            with cls._lock:
                made, (cls._table, cls._packs, cls.own_only) = cls._table, saved
                cls._table.keep_promised(made)
                promised = {entry.module for entry in cls._table.declared}
            forget(local_files().keys() - imported.keys() - promised)

    @classmethod
    def _find(cls, kind: RegisterType, name: str, backend: str | None) -> Entry:
        entries = cls.entries(kind)
        found = find(entries, kind, name, backend)
        if found is None:
            raise UnknownNameError(unknown(entries, kind, name, backend) + not_searched(cls.packs()))
        return closed(found)
