"""``prunekit show NAME``: where a component comes from, its docstring, and the keys that it takes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from prunekit.core.cli.protocols import protocol_lines
from prunekit.core.text_table import columns
from prunekit.registry import (
    FRAMEWORKS,
    BrokenEntryError,
    Entry,
    Register,
    RegisterType,
    UnknownNameError,
    describing,
    named,
    nearest,
    not_searched,
    qualified,
)
from prunekit.registry.errors import escaped


def show(name: str, kind: str | None) -> int:
    """Print every component that ``name`` can mean, of one type or of all, one after the other.

    Where no component has the name it may be that of a kind: ``metric`` prints what a metric has to have.

    Returns:
        0, or 2 where one of them cannot be imported though its framework is installed.

    Raises:
        UnknownNameError: There is none; the message carries the nearest names of all types.
    """
    entries = Register.entries(RegisterType(kind) if kind else None)
    found = named(entries, name)
    if not found and kind is None and (asked := _kind(name)) is not None:
        return _show_kind(asked, entries)
    if not found:
        raise UnknownNameError(_unknown(name, entries, kind))
    code = 0
    for number, entry in enumerate(found):
        lines = [("from", entry.origin), ("target", entry.target)]
        title, paragraph, keys = f"{entry.type.words} {entry.name}", "", list[tuple[str, str, str]]()
        if entry.aliases:
            lines.append(("also", ", ".join(entry.aliases)))
        lines.append(("backend", entry.backend or "any"))
        if len([other for other in found if other.type is entry.type]) > 1 and "/" not in name and entry.distribution:
            lines.append(("named", qualified(entry)))
        try:
            component = Register.load(entry)
            with describing(entry):
                place, paragraph = _place(component), first_paragraph(component)
                keys = parameters(component, entry.type)
        except BrokenEntryError as problem:
            if problem.missing in FRAMEWORKS:
                lines.append(("needs", f"{problem.missing}, which is not installed here"))
            else:
                lines.append(("broken", str(problem)))
                code = 2
        else:
            lines.append(("file", place))
        told = [*([""] if number else []), title, *(f"  {word:<8} {text}" for word, text in lines)]
        print(*map(escaped, told), sep="\n")
        if paragraph:
            print(f"\n  {escaped(paragraph)}")
        if keys:
            print("", *(f"  {line}" for line in columns(("key", "default", "meaning"), keys)), sep="\n")
    return code


def _kind(name: str) -> RegisterType | None:
    """The kind of component that a name stands for."""
    words = name.replace("-", "_").replace(" ", "_").lower()
    return next((each for each in RegisterType if words in (each.value, f"{each.value}s")), None)


def _show_kind(kind: RegisterType, entries: list[Entry]) -> int:
    """Print what a component of a kind has to have, and which there are."""
    names = dict.fromkeys(entry.name for entry in entries if entry.type is kind)
    print(f"{kind.words}: @Register.register(RegisterType.{kind.name}), named in a yml by its type")
    print(f"registered: {escaped(', '.join(names) or 'none')}\n")
    print(*protocol_lines(kind), sep="\n")
    return 0


def parameters(component: type, kind: RegisterType) -> list[tuple[str, str, str]]:
    """Name, default and meaning of each key that a yml can give; the meaning is that of the docstring's ``Args``."""
    from prunekit.core.config import plain
    from prunekit.core.config.component_reader import INJECTED

    try:
        found = inspect.signature(component).parameters.values()
    except (ValueError, TypeError):  # a constructor written in C
        return []
    told, rows = arguments_told(component), []
    for each in found:
        if each.name in INJECTED.get(kind, ()):
            continue
        default = "" if each.default is each.empty else str(plain(each.default))
        star = "**" if each.kind is each.VAR_KEYWORD else "*" if each.kind is each.VAR_POSITIONAL else ""
        rows.append((star + each.name, default, told.get(each.name, "")))
    return rows


def arguments_told(component: Callable[..., Any]) -> dict[str, str]:
    """What Google docstrings, the class's own before its bases', say of each parameter under ``Args``, on one line."""
    told: dict[str, str] = {}
    for base in reversed(getattr(component, "__mro__", (component,))):
        text, name = own_docstring(base), ""
        section = re.search(r"^Args:\n((?: .*\n?|\n)*)", text, re.MULTILINE)
        for line in section[1].splitlines() if section else ():
            if begins := re.match(r" {4}\*{0,2}(\w+)(?: \(.*?\))?: (.*)", line):
                name, told[begins[1]] = begins[1], begins[2].strip()
            elif name and line.strip():
                told[name] += f" {line.strip()}"
    return told


def first_paragraph(component: Callable[..., Any]) -> str:
    """The first paragraph of a component's own docstring, on one line; nothing where there is none."""
    return " ".join(own_docstring(component).split("\n\n")[0].split())


def own_docstring(component: Callable[..., Any]) -> str:
    """What a class or a function says of itself, without indentation; nothing of what a class inherits."""
    text = vars(component).get("__doc__") if isinstance(component, type) else component.__doc__
    return inspect.cleandoc(text or "")


def _place(component: type) -> str:
    try:
        return f"{inspect.getsourcefile(component)}:{inspect.getsourcelines(component)[1]}"
    except (OSError, TypeError):  # made in a notebook, or without source
        return "?"


def _unknown(name: str, entries: list[Entry], kind: str | None) -> str:
    bare = name.rpartition("/")[2]
    words: dict[str, list[str]] = {}
    for entry in entries:
        for each in entry.names:
            words.setdefault(each, []).append(entry.type.words)
    near = [f"{' and '.join(sorted(set(words[each])))} {each!r}" for each in nearest(bare, words)]
    text = f"no {RegisterType(kind).words if kind else 'component'} named {name!r}."
    text += f" Did you mean {' or '.join(near)}?" if near else " `prunekit list` names them all."
    return text + not_searched(Register.packs())
