"""Locates the modules that a manifest names: on an import path or in a folder beside it. Imports none of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from prunekit.registry.errors import ManifestError

TOOLKIT = "ascend_automl."  # the guide writes its folders as modules of the toolkit
_FOLDER = re.compile(r"[\w\-+]+(\.[\w\-+]+)*")


def importable(module: str) -> bool:
    """Whether an import path leads to ``module``; unlike ``importlib.util.find_spec`` this imports no parent."""
    path: list[str] | None = None
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        if name in sys.modules:
            path = list(getattr(sys.modules[name], "__path__", ()))
            continue
        path = _locations(name, path)
        if path is None:
            return False
    return True


def check_key(key: object, who: str) -> str:
    """A manifest's key, if it can be an import path or the name of a folder.

    Raises:
        ManifestError: It leads elsewhere.
    """
    if isinstance(key, str) and _FOLDER.fullmatch(key):
        return key
    raise ManifestError(f"{who}: {key!r} is not an import path, nor the name of a folder beside the manifest")


def file_of(key: str, file: str, folder: Path | None, who: str) -> Path | None:
    """The file of a manifest's ``{key: {file: ...}}``; None where an import path leads to it.

    Args:
        key: An import path, or a folder beside the manifest (`check_key`). A dot in it separates folders or is part of
            one's name.
        file: A module's name, without ``.py``.
        folder: The folder of the manifest; None where it has none.
        who: Who declares it, for messages.

    Raises:
        ManifestError: There is no such module and no such file; the message says where it was looked for.
    """
    if importable(f"{key}.{file}"):
        return None
    if folder is None:
        raise ManifestError(f"{who}: no module {key}.{file} can be imported, and its manifest lies in no folder")
    top = key.partition(".")[0]
    if f"{top}." != TOOLKIT and importable(top):  # a folder of that name would stand in the package's place
        raise ManifestError(
            f"{who}: there is no module {key}.{file}; if a folder is meant, rename it: {top!r} is taken"
        )
    names = dict.fromkeys([key.removeprefix(TOOLKIT), key])
    folders = [found for name in names for found in _folders(folder, name.split("."))]
    for found in folders:
        if (path := found / f"{file}.py").is_file():
            return _inside(folder, path, who)
    if folders:
        raise ManifestError(f"{who}: there is no {file}.py in {folders[0]}")
    looked = " or ".join(str(folder / name) for name in names)
    raise ManifestError(f"{who}: {key!r} is no import path, and there is no folder {looked} (a dot may be a separator)")


def beside(module: str, folder: Path) -> Path | None:
    """The file of a top-level module in ``folder``: ``module.py``, or the ``__init__.py`` of a package."""
    found = (path for path in (folder / module / "__init__.py", folder / f"{module}.py") if path.is_file())
    return next(found, None)


def _folders(folder: Path, parts: list[str]) -> Iterator[Path]:
    """Every folder under ``folder`` that the parts can mean, fewest dots within a name first."""
    if not parts:
        yield folder
    for end in range(1, len(parts) + 1):
        inner = folder / ".".join(parts[:end])
        if inner.is_dir():
            yield from _folders(inner, parts[end:])


def _inside(folder: Path, path: Path, who: str) -> Path:
    found = path.resolve()
    if not found.is_relative_to(folder.resolve()):
        raise ManifestError(f"{who}: {path} leads out of the manifest's folder, to {found}")
    return found


def _locations(name: str, path: list[str] | None) -> list[str] | None:
    """Where the modules of a module lie (nowhere, if it is no package); None where there is no such module."""
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec(name, path)
        except KeyError:  # a folder without __init__.py: its path is made from its parent's, which is not imported
            inner = [Path(place) / name.rpartition(".")[2] for place in path or ()]
            return [str(place) for place in inner if place.is_dir()]
        if spec is not None:
            return list(spec.submodule_search_locations or ())
    return None
