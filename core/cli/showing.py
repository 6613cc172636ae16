"""``prunekit show NAME``: where a component comes from, what it takes and what it says of itself."""

from __future__ import annotations

import inspect

from prunekit.registry import (
    BrokenEntryError,
    Entry,
    Register,
    RegisterType,
    UnknownNameError,
    named,
    nearest,
    not_searched,
    qualified,
)


def show(name: str, kind: str | None) -> int:
    """Print every component that ``name`` can mean, of one type or of all, one after the other.

    Returns:
        0, or 2 where one of them cannot be imported.

    Raises:
        UnknownNameError: There is none; the message carries the nearest names of all types.
    """
    entries = Register.entries(RegisterType(kind) if kind else None)
    found = named(entries, name)
    if not found:
        raise UnknownNameError(_unknown(name, entries, kind))
    code = 0
    for number, entry in enumerate(found):
        lines = [("from", entry.origin), ("target", entry.target)]
        title, paragraph = f"{entry.type.words} {entry.name}", ""
        if entry.aliases:
            lines.append(("also", ", ".join(entry.aliases)))
        lines.append(("backend", entry.backend or "any"))
        if len([other for other in found if other.type is entry.type]) > 1 and "/" not in name and entry.distribution:
            lines.append(("named", qualified(entry)))
        try:
            component = Register.load(entry)
        except BrokenEntryError as problem:
            lines.append(("broken", str(problem)))
            code = 2
        else:
            lines += [("file", _place(component)), ("takes", signature(component))]
            paragraph = first_paragraph(component)
        print(*([""] if number else []), title, *(f"  {word:<8} {text}" for word, text in lines), sep="\n")
        if paragraph:
            print(f"\n  {paragraph}")
    return code


def signature(component: type) -> str:
    """What the constructor takes, as its author wrote it."""
    try:
        found = inspect.signature(component)
    except (ValueError, TypeError):  # a constructor written in C
        return f"{component.__name__}(...)"
    parameters = [
        each.replace(annotation=_AsWritten(each.annotation)) if isinstance(each.annotation, str) else each
        for each in found.parameters.values()
    ]
    return f"{component.__name__}{found.replace(parameters=parameters, return_annotation=found.empty)}"


class _AsWritten(str):
    """An annotation that is shown without the quotes that postponed evaluation puts around it."""

    def __repr__(self) -> str:
        return str(self)


def first_paragraph(component: type) -> str:
    """The first paragraph of a class's own docstring, on one line; nothing where there is none."""
    text = inspect.cleandoc(vars(component).get("__doc__") or "")
    return " ".join(text.split("\n\n")[0].split())


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
