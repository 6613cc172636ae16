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
                told_of, paragraph = _facts(component, entry.type), first_paragraph(component)
                keys = parameters(component, entry.type)
        except BrokenEntryError as problem:
            if problem.missing in FRAMEWORKS:
                lines.append(("needs", f"{problem.missing}, which is not installed here"))
            else:
                lines.append(("broken", str(problem)))
                code = 2
        else:
            lines += told_of
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
    from prunekit.core.config.component_reader import INJECTED
    from prunekit.core.config.signature import constructor_parameters

    found = constructor_parameters(component)
    if found is None:
        return []
    told, rows = arguments_told(component), []
    sections = _section_keys(component) if kind is RegisterType.PIPE_STEP else {}
    for each in found:
        if each.name in INJECTED.get(kind, ()):
            continue
        star = "**" if each.kind is each.VAR_KEYWORD else "*" if each.kind is each.VAR_POSITIONAL else ""
        rows += [(star + each.name, _default(each), told.get(each.name, "")), *sections.get(each.name, ())]
    return rows


def _section_keys(component: type) -> dict[str, list[tuple[str, str, str]]]:
    """For each section of a pipe step's own the rows of the keys that it takes."""
    from prunekit.core.config.annotation_keys import fields_of, members
    from prunekit.core.config.component_reader import component_kind
    from prunekit.core.config.schema_generator import descriptions
    from prunekit.core.config.signature import read_signature
    from prunekit.core.config.step_sections import StepSections

    annotations = read_signature(component, frozenset()).annotations
    rows: dict[str, list[tuple[str, str, str]]] = {}
    for section in StepSections.of(component).own:
        annotation = annotations.get(section)
        if component_kind(annotation) is not None:  # whichever it names says which keys there are
            continue
        for member in filter(fields_of, members(annotation)):
            said = descriptions(member)
            rows[section] = [
                (f"{section}.{each.name}", _default(each), said.get(each.name, ""))
                for each in inspect.signature(member).parameters.values()
            ]
    return rows


def _default(parameter: inspect.Parameter) -> str:
    from prunekit.core.config import plain

    return "" if parameter.default is parameter.empty else str(plain(parameter.default))


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


def _facts(component: type, kind: RegisterType) -> list[tuple[str, str]]:
    """Where its code is, and of a pipe step the sections that it reads."""
    facts = [("file", _place(component))]
    if kind is RegisterType.PIPE_STEP:
        from prunekit.core.config.step_sections import StepSections

        facts.append(("sections", str(StepSections.of(component))))
    return facts


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
