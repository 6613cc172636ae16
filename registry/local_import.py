"""Imports of modules that no import path leads to: a user's own in the current folder, a manifest's beside it.

``sys.path`` is never touched. Such a module finds those that lie beside it while it is imported, and only then.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from prunekit.registry.entry import Entry
from prunekit.registry.errors import BrokenEntryError, RegistryError, described
from prunekit.registry.foreign_code import foreign_code
from prunekit.registry.module_paths import beside

_lock = threading.RLock()
_local: set[str] = set()  # names of what was imported by its file, and of what lay beside it


def import_by_name(name: str) -> ModuleType:
    """Import a module: from the current folder if it lies there, else an installed one.

    Raises:
        RegistryError: The current folder has a module of this name, but another has been imported under it.
    """
    top = name.partition(".")[0]
    file = beside(top, Path.cwd())
    if file is None:
        return importlib.import_module(name)
    with _lock:
        import_file(top, file)
        with _siblings(Path.cwd()):
            return importlib.import_module(name)


def import_file(name: str, file: Path) -> ModuleType:
    """Import ``file`` as the module ``name``, once; whatever it raises is raised.

    A dotted name needs no importable parents; what precedes the last dot stands for the file's folder, so that
    relative imports work.

    Raises:
        RegistryError: Another module has been imported under this name.
    """
    with _lock:
        if name in sys.modules:
            return _same(sys.modules[name], file)
        _add_folder(name, file)
        spec = spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise ImportError(f"{file} is not Python code")
        module = sys.modules[name] = module_from_spec(spec)
        try:
            with _siblings(file.parent.parent if file.name == "__init__.py" else file.parent):
                spec.loader.exec_module(module)
        except BaseException:
            sys.modules.pop(name, None)
            raise
        _local.add(name)
        return sys.modules[name]


def _same(loaded: ModuleType, file: Path) -> ModuleType:
    other = getattr(loaded, "__file__", None)
    if other is not None and Path(other).resolve() == file.resolve():
        return loaded
    raise RegistryError(
        f"{file} cannot be imported: {loaded.__name__!r} is the name of a module that has been imported already"
        f" ({other or 'built in'}); rename the file"
    )


def import_entry(entry: Entry) -> None:
    """Import the module of an entry.

    Raises:
        BrokenEntryError: That fails.
    """
    try:
        with foreign_code():
            if entry.file is None:
                importlib.import_module(entry.module)
            else:
                import_file(entry.module, entry.file)
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # another's code: whatever it raises becomes one clear error
        raise BrokenEntryError(f"{declared_by(entry)}, but importing it failed: {described(problem)}") from problem


def declared_by(entry: Entry) -> str:
    """Who declares an entry and where, as messages say it."""
    return f"{entry.type.words} {entry.name!r} is declared by {entry.origin} in {entry.file or entry.module}"


def local_files() -> dict[str, str]:
    """The files of the modules that were imported by their files so far, by the modules' names."""
    with _lock:
        return {name: str(_file(name)) for name in _local & sys.modules.keys()}


def forget(names: Iterable[str]) -> None:
    """Take modules that were imported by their files out of the process, so that they can be imported anew."""
    with _lock:
        for name in _local.intersection(names):
            _local.discard(name)
            sys.modules.pop(name, None)


def serve(files: Mapping[str, str]) -> None:
    """Let a process that is just starting import modules by name from what `local_files` said in another."""
    for name, file in files.items():
        _add_folder(name, Path(file))
    sys.meta_path.insert(0, _Files(files))


def _add_folder(name: str, file: Path) -> None:
    package = name.rpartition(".")[0]
    if package in sys.modules and str(file.parent) not in getattr(sys.modules[package], "__path__", ()):
        raise RegistryError(
            f"{file} cannot be imported: {package!r} is the name of another folder's; rename the folder"
        )
    if package and package not in sys.modules:
        spec = ModuleSpec(package, None, is_package=True)
        spec.submodule_search_locations = [str(file.parent)]
        sys.modules[package] = module_from_spec(spec)


class _Files:
    """Finds the modules of a mapping by their names."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return spec_from_file_location(name, self._files[name]) if name in self._files else None


class _Beside:
    """Finds top-level modules in one folder, for the thread that made it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._thread = folder, threading.get_ident()

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if path is not None or threading.get_ident() != self._thread:
            return None
        file = beside(name, self._folder)
        if file is None:
            return None
        _local.add(name)
        return spec_from_file_location(name, file)


@contextlib.contextmanager
def _siblings(folder: Path) -> Iterator[None]:
    """Let imports find the modules of ``folder``, after all installed ones.

    A module of the same name that was found in another folder is put aside meanwhile: two folders may each have
    their own ``layers.py``.
    """
    finder = _Beside(folder)
    others = {name for name in _local & sys.modules.keys() if beside(name, folder) not in (None, _file(name))}
    aside = _taken_out(others)
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        if aside:
            _taken_out(others)
            sys.modules.update(aside)


def _file(name: str) -> Path:
    return Path(sys.modules[name].__file__ or "")


def _taken_out(names: set[str]) -> dict[str, ModuleType]:
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in names}
