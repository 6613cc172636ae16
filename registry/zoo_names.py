"""Zoos: names that end with a colon, behind which a function finds the model that the rest names."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from prunekit.registry.entry import Entry, RegisterType
from prunekit.registry.errors import BrokenEntryError, PrunekitError, UnknownNameError, described, quoted
from prunekit.registry.foreign_code import foreign_code
from prunekit.registry.local_import import declared_by


def check_kind(entry: Entry, component: object) -> None:
    """Classes have plain names, functions have names that end with a colon; operator rules are functions.

    Raises:
        TypeError: It is the other way round.
    """
    if isinstance(component, type) and entry.open:
        raise TypeError(f"{entry.name!r} is the name of a zoo: a function finds its models, no class does")
    if not isinstance(component, type) and not entry.open and entry.type is not RegisterType.OPERATOR_RULE:
        raise TypeError(f"only classes are registered, not {component!r}, unless the name ends with ':'")


def closed(entry: Entry) -> Entry:
    """The entry, if it means one component.

    Raises:
        UnknownNameError: It is a zoo's, and no model was named.
    """
    if entry.open:
        raise UnknownNameError(
            f"{entry.type.words} {entry.name!r} is a whole zoo; write {f'{entry.name}NAME'!r}, with the name of a model"
        )
    return entry


def model(find: Callable[[str], Any], entry: Entry) -> Any:
    """What a zoo's function returns for the model that an entry asks for.

    Raises:
        PrunekitError: What the function raises itself, for a name that it does not know or a library that is missing.
        BrokenEntryError: It raises anything else, or returns neither a class nor a function.
    """
    try:
        with foreign_code():
            found = find(entry.rest or "")
    except (PrunekitError, KeyboardInterrupt):
        raise
    except BaseException as problem:  # another's code: whatever it raises becomes one clear error
        raise BrokenEntryError(f"{declared_by(entry)}, but finding it failed: {described(problem)}") from problem
    if not isinstance(found, (type, FunctionType)):
        raise BrokenEntryError(
            f"{declared_by(entry)}, which gives {quoted(found)} for it, neither a class nor a function"
        )
    return found
