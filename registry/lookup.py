"""Resolves a name to an entry; says what to do where it means none or several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from prunekit.registry.entry import Entry, RegisterType, normalized
from prunekit.registry.errors import AmbiguousNameError
from prunekit.registry.suggestions import nearest


def find(entries: Sequence[Entry], kind: RegisterType, name: str, backend: str | None) -> Entry | None:
    """The entry that ``name`` means among the entries of one type, or None.

    What a user's own module registers goes before what packs declare, and a component of the backend before one for
    any. ``pack/Name`` means the one of that distribution.

    Raises:
        AmbiguousNameError: It means several; the message says how to choose.
    """
    matches = [entry for entry in named(entries, name) if entry.serves(backend)]
    matches = [entry for entry in matches if entry.distribution is None] or matches
    exact = [entry for entry in matches if entry.backend == backend]
    matches = exact if backend is not None and exact else matches
    if len({(entry.target, entry.file) for entry in matches}) > 1:
        raise AmbiguousNameError(_ambiguous(kind, name, matches))
    return matches[0] if matches else None


def named(entries: Iterable[Entry], name: str) -> list[Entry]:
    """Every entry that ``Name`` or ``pack/Name`` can mean; ``zoo:Name`` means that model of each zoo of the name."""
    pack, bare, rest = _parts(name)
    if pack:
        entries = [e for e in entries if e.distribution and normalized(e.distribution) == normalized(pack)]
    entries = list(entries)
    exact = [entry for entry in entries if f"{bare}{rest}" in entry.names]
    if exact or len(rest) < 2:
        return exact
    return [
        replace(entry, name=f"{entry.name}{rest[1:]}", aliases=(), rest=rest[1:])
        for entry in entries
        if entry.open and f"{bare}:" in entry.names
    ]


def as_asked(entry: Entry, name: str) -> Entry:
    """The entry by the name that finds it again: ``pack/Name`` where it was asked for so."""
    return replace(entry, name=qualified(entry)) if _parts(name)[0] else entry


def qualified(entry: Entry) -> str:
    """``pack/Name``; only the name where the entry is the user's own."""
    return f"{entry.distribution}/{entry.name}" if entry.distribution else entry.name


def unknown(entries: Sequence[Entry], kind: RegisterType, name: str, backend: str | None) -> str:
    """What to say of a name that nobody declares.

    Args:
        entries: All entries of the type.
        kind: The type.
        name: What was asked for.
        backend: For which backend, or None for any.
    """
    if elsewhere := sorted({entry.backend or "any" for entry in named(entries, name)}):
        return f"{kind.words} {name!r} exists for backend {', '.join(elsewhere)}, not for {backend}"
    serving = [entry for entry in entries if entry.serves(backend)]
    pack, bare, rest = _parts(name)
    names = [(entry, f"{e}{rest[1:] or 'NAME'}" if entry.open else e) for entry in serving for e in entry.names]
    if pack:
        told = [f"{entry.distribution}/{each}" for entry, each in names if entry.distribution]
        told = [each for each in told if each.partition("/")[2] == f"{bare}{rest}"] or told  # then the pack is misspelt
    else:
        told = [each for _, each in names]
    text = f"no {kind.words} named {name!r}."
    if near := nearest(name, told):  # not only the one that differs in case: several packs may have such names
        text += f" Did you mean {' or '.join(map(repr, near))}?"
    elif told:
        text += f" There are {', '.join(sorted(set(told)))}."
    return text


def _parts(name: str) -> tuple[str, str, str]:
    """``pack/zoo:model`` as ``pack``, ``zoo`` and ``:model``; what is missing is empty. A model may have a ``/``."""
    head, colon, model = name.partition(":")
    pack, _, bare = head.rpartition("/")
    return pack, bare, colon + model


def _ambiguous(kind: RegisterType, name: str, matches: Sequence[Entry]) -> str:
    places = " and ".join(sorted(f"{entry.origin} ({entry.target})" for entry in matches))
    names = sorted({qualified(entry) for entry in matches if entry.distribution})
    hint = f"; write {' or '.join(map(repr, names))}" if len(names) > 1 and not _parts(name)[0] else ""
    if len({entry.backend for entry in matches}) > 1 and not hint:
        hint = "; say for which backend"
    return f"{kind.words} {name!r} is declared by {places}{hint}"
