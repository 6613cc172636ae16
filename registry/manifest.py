"""The two shapes of a ``MODULE_REGISTER`` manifest, turned into entries. Nothing that they name is imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from prunekit.registry.entry import Entry, RegisterType
from prunekit.registry.errors import ManifestError

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_TARGET = re.compile(rf"{_DOTTED.pattern}:[A-Za-z_]\w*")
_KEYS = {"type", "backend", "name", "aliases", "target", "framework"}


def read_manifest(manifest: object, origin: str) -> list[Entry]:
    """Read a manifest of either shape.

    Args:
        manifest: ``{"package.path": {"file": ["Class", ...]}}`` (networks), or a list of
            ``{type, backend, name, aliases, target: "pkg.mod:Class"}``.
        origin: Who declares it, for messages.

    Raises:
        ManifestError: The manifest has another shape; the message says which part.
    """
    if isinstance(manifest, Mapping):
        return [entry for path, files in manifest.items() for entry in _networks(path, files, origin)]
    if isinstance(manifest, (list, tuple)):
        return [_entry(position, item, origin) for position, item in enumerate(manifest)]
    raise ManifestError(f"{origin}: MODULE_REGISTER is a {type(manifest).__name__}; it must be a dict or a list")


def _networks(path: object, files: object, origin: str) -> list[Entry]:
    if not isinstance(path, str) or not _DOTTED.fullmatch(path):
        raise ManifestError(f"{origin}: {path!r} is not an import path")
    if not isinstance(files, Mapping):
        raise ManifestError(f"{origin}: {path!r} must hold {{'file': ['Class', ...]}}")
    entries = []
    for file, classes in files.items():
        if not isinstance(classes, (list, tuple)):
            raise ManifestError(f"{origin}: {path}.{file} must hold a list of class names")
        for name in classes:
            target = f"{path}.{file}:{name}"
            if not _TARGET.fullmatch(target):
                raise ManifestError(f"{origin}: {target!r} is not a 'package.module:Class'")
            entries.append(Entry(RegisterType.NETWORK, name, None, target, origin=origin))
    return entries


def _entry(position: int, item: Any, origin: str) -> Entry:
    where = f"{origin}: item {position} of MODULE_REGISTER"
    if not isinstance(item, Mapping):
        raise ManifestError(f"{where} is a {type(item).__name__}; it must be a dict")
    if unknown := sorted(set(item) - _KEYS):
        raise ManifestError(f"{where} has unknown keys {unknown}; it may have {sorted(_KEYS)}")
    if missing := sorted({"type", "name", "target"} - set(item)):
        raise ManifestError(f"{where} lacks {missing}")
    kinds = [kind.value for kind in RegisterType]
    if item["type"] not in kinds:
        raise ManifestError(f"{where}: no type {item['type']!r}; there are {', '.join(kinds)}")
    if not _TARGET.fullmatch(str(item["target"])):
        raise ManifestError(f"{where}: target {item['target']!r} is not a 'package.module:Class'")
    aliases = item.get("aliases", ())
    names = (item["name"], *aliases) if isinstance(aliases, (list, tuple)) else (None,)
    if not all(isinstance(name, str) and name for name in names):
        raise ManifestError(f"{where}: name must be a text and aliases a list of texts")
    for key in ("backend", "framework"):
        if not isinstance(item.get(key), (str, type(None))):
            raise ManifestError(f"{where}: {key} must be a text, not {item[key]!r}")
    return Entry(
        RegisterType(item["type"]), names[0], item.get("backend"), item["target"], names[1:], origin,
        item.get("framework"),
    )  # fmt: skip
