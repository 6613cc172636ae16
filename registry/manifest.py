"""Reads ``MODULE_REGISTER`` manifests of either shape into entries. Imports nothing that they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prunekit.registry.entry import Entry, RegisterType
from prunekit.registry.errors import ManifestError, one_line, quoted
from prunekit.registry.module_paths import beside, check_key, file_of, importable

OURS = "prunekit"
_NAME = re.compile(r"[A-Za-z_]\w*")
_TARGET = re.compile(rf"{_NAME.pattern}(\.{_NAME.pattern})*:{_NAME.pattern}")
_KEYS = {"type", "backend", "name", "aliases", "target", "framework"}


@dataclass(frozen=True)
class Source:
    """Who declares a manifest.

    Attributes:
        words: How messages call it.
        distribution: The distribution that brings it; None for a user's own module.
        version: That distribution's version.
        folder: The folder of the module that holds the manifest.
    """

    words: str
    distribution: str | None = None
    version: str | None = None
    folder: Path | None = None


def read_manifest(manifest: object, source: Source) -> list[Entry]:
    """Read a manifest of either shape.

    Args:
        manifest: ``{"package.path": {"file": ["Class", ...]}}`` (networks; the key may be a folder beside the
            manifest), or a list of ``{type, backend, name, aliases, target: "pkg.mod:Class"}``.
        source: Who declares it.

    Raises:
        ManifestError: The manifest has another shape or names a file that is not there; the message says which part.
    """
    if isinstance(manifest, Mapping):
        entries = [entry for key, files in manifest.items() for entry in _networks(key, files, source)]
    elif isinstance(manifest, (list, tuple)):
        entries = [_entry(position, item, source) for position, item in enumerate(manifest)]
    else:
        kind = type(manifest).__name__
        raise ManifestError(f"{source.words}: MODULE_REGISTER is a {kind}; it must be a dict or a list")
    _check(entries, source)
    return entries


def _check(entries: list[Entry], source: Source) -> None:
    """A pack speaks for its own modules, and says of each name once what it means."""
    seen: dict[tuple[RegisterType, str | None, str], Entry] = {}
    for entry in entries:
        if entry.module.partition(".")[0] == OURS and source.distribution != OURS:
            raise ManifestError(f"{source.words}: {entry.target!r} is a part of {OURS}; declare your own modules only")
        for name in entry.names:
            other = seen.setdefault((entry.type, entry.backend, name), entry)
            if other is not entry:
                raise ManifestError(
                    f"{source.words}: {entry.type.words} {name!r} is declared twice, as {other.target} and as"
                    f" {entry.target}"
                )


def _networks(key: object, files: object, source: Source) -> list[Entry]:
    key = check_key(key, source.words)
    if not isinstance(files, Mapping):
        raise ManifestError(f"{source.words}: {key!r} must hold {{'file': ['Class', ...]}}")
    entries = []
    for file, classes in files.items():
        if not isinstance(classes, (list, tuple)):
            raise ManifestError(f"{source.words}: {key}.{file} must hold a list of class names")
        path = file_of(key, _file(key, file, source), source.folder, source.words)
        for name in classes:
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise ManifestError(f"{source.words}: {f'{key}.{file}:{name}'!r} is not the name of a class")
            target = f"{key}.{file}:{name}"
            made_by = (source.distribution, source.version)
            entries.append(Entry(RegisterType.NETWORK, _plain(name), None, target, (), *made_by, file=path))
    return entries


def _file(key: str, file: object, source: Source) -> str:
    if isinstance(file, str) and _NAME.fullmatch(file):
        return file
    hint = f"; write {file[:-3]!r}" if isinstance(file, str) and _NAME.fullmatch(file.removesuffix(".py")) else ""
    raise ManifestError(f"{source.words}: {f'{key}.{file}'!r} is not the name of a module{hint}")


def _entry(position: int, item: Any, source: Source) -> Entry:
    where = f"{source.words}: item {position} of MODULE_REGISTER"
    if not isinstance(item, Mapping):
        raise ManifestError(f"{where} is a {type(item).__name__}; it must be a dict")
    if unknown := sorted(map(str, set(item) - _KEYS)):
        raise ManifestError(f"{where} has unknown keys {one_line(unknown)}; it may have {sorted(_KEYS)}")
    if missing := sorted({"type", "name", "target"} - set(item)):
        raise ManifestError(f"{where} lacks {missing}")
    kinds = [kind.value for kind in RegisterType]
    if item["type"] not in kinds:
        raise ManifestError(f"{where}: no type {quoted(item['type'])}; there are {', '.join(kinds)}")
    target = _plain(str(item["target"]))
    if not _TARGET.fullmatch(target):
        raise ManifestError(f"{where}: target {quoted(item['target'])} is not a 'package.module:Class'")
    aliases = item.get("aliases", ())
    names = (item["name"], *aliases) if isinstance(aliases, (list, tuple)) else (None,)
    if not all(isinstance(name, str) and name and name.isprintable() and "/" not in name for name in names):
        raise ManifestError(
            f"{where}: name must be a text and aliases a list of texts, without '/' and control characters"
        )
    if ":" in names or len({name.endswith(":") for name in names}) > 1:
        raise ManifestError(f"{where}: a name with ':' at its end is that of a zoo, and so are all of its aliases")
    for key in ("backend", "framework"):
        if not isinstance(item.get(key), (str, type(None))):
            raise ManifestError(f"{where}: {key} must be a text, not {quoted(item[key])}")
    name, *others = map(_plain, names)
    backend, framework = (None if item.get(key) is None else _plain(item[key]) for key in ("backend", "framework"))
    return Entry(
        RegisterType(item["type"]), name, backend, target, tuple(others), source.distribution,
        source.version, framework, _own_file(target.partition(":")[0], source),
    )  # fmt: skip


def _plain(text: str) -> str:
    """A copy without the methods that a subclass of str may have: they would be called wherever a name is looked up."""
    return "".join([text])


def _own_file(module: str, source: Source) -> Path | None:
    """The module of a user's own manifest may lie beside it; the modules of a pack can be imported."""
    if source.distribution is not None or source.folder is None or importable(module):
        return None
    return beside(module, source.folder)
