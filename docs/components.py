"""Every registered component as Markdown: what ``prunekit list`` names, with what ``prunekit show`` says of each."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from itertools import groupby

from yml_words import ENGLISH

from prunekit.core.cli.show import first_paragraph, parameters
from prunekit.registry import FRAMEWORKS, BrokenEntryError, Entry, Register, RegisterType


@dataclass
class _Told:
    """One name: the backends that have it, what it is, and its parameters with default and meaning."""

    name: str
    backends: list[str] = field(default_factory=list)
    about: str = ""
    needs: str = ""
    parameters: list[tuple[str, str, str]] = field(default_factory=list)


def markdown(entries: Iterable[Entry], told: Container[str] = ()) -> str:
    """One section for each kind of component, with a table of names and the parameters under each.

    Args:
        entries: Which components.
        told: Kinds whose parameters stand elsewhere.

    Raises:
        BrokenEntryError: One cannot be imported although its framework is installed.
    """
    parts = []
    in_order = sorted(entries, key=lambda entry: (entry.type.value, entry.name))
    for kind, group in groupby(in_order, key=lambda entry: entry.type):
        found = _told(kind, group)
        parts += [f"## `{kind.value}`", _names(found)]
        if kind.value not in told:
            parts += [_parameters(each) for each in found if each.parameters]
    return "\n\n".join(parts) + "\n"


def _told(kind: RegisterType, entries: Iterable[Entry]) -> list[_Told]:
    by_name: dict[str, _Told] = {}
    for entry in entries:
        told = by_name.setdefault(entry.name, _Told(f"{entry.name}NAME" if entry.open else entry.name))
        told.backends.append(entry.backend or "any")
        try:
            component = Register.load(entry)
        except BrokenEntryError as problem:
            if problem.missing not in FRAMEWORKS:
                raise
            told.needs = problem.missing
            continue
        told.about = told.about or ENGLISH.in_cell(first_paragraph(component))
        told.parameters = told.parameters or parameters(component, kind)
    return list(by_name.values())


def _names(told: list[_Told]) -> str:
    lines = [
        f"| `{each.name}` | {', '.join(each.backends)} | {each.about or f'Needs {each.needs}, which was not there.'} |"
        for each in told
    ]
    return "\n".join(["| name | backend | what it is |", "|---|---|---|", *lines])


def _parameters(told: _Told) -> str:
    lines = [f"| `{key}` | {_code(default)} | {ENGLISH.in_cell(about)} |" for key, default, about in told.parameters]
    return "\n".join([f"`{told.name}` takes", "", "| parameter | default | meaning |", "|---|---|---|", *lines])


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|") if text else ""
