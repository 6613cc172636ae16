"""Errors of the registry, the base of every error that a user can mend, and errors in one line."""

from __future__ import annotations

import os
from collections.abc import Callable

NAME, MESSAGE = 200, 500  # characters that are shown of another's name, and of another's message or path
_GAP = " ... "


class PrunekitError(Exception):
    """Base of every error that the person at the keyboard can mend: its message says what, where and how."""


class RegistryError(PrunekitError):
    """Base of every error of the registry."""


class ManifestError(RegistryError):
    """A pack's manifest has not one of the two shapes."""


class DuplicateNameError(RegistryError):
    """Two components claim the same (type, backend, name)."""


class UnknownNameError(RegistryError, LookupError):
    """Nobody declared the name; the message carries the nearest ones."""


class AmbiguousNameError(RegistryError, LookupError):
    """More than one pack declares the name."""


class BrokenEntryError(RegistryError):
    """The name is declared, but its module cannot be imported or never registers it."""

    @property
    def missing(self) -> str | None:
        """The package that its module imports and that is not installed, where that is the reason."""
        name = missing_module(self.__cause__)
        return name.partition(".")[0] if name else None


def missing_module(problem: object) -> str | None:
    """The module that was not found, where an import failed for that."""
    name = vars(ImportError)["name"].__get__(problem) if isinstance(problem, ModuleNotFoundError) else None
    return name if type(name) is str else None


def first_line(problem: BaseException) -> str:
    """The first line of what an error says, without the stack that some frameworks add; empty where it says nothing."""
    return one_line((said(problem).strip().splitlines() or [""])[0].rstrip(), MESSAGE)


def reason(problem: BaseException) -> str:
    """The first line of what an error says, or where it says nothing the name of its class."""
    return first_line(problem) or class_name(problem)


def described(problem: BaseException) -> str:
    """An error of another's code: its class, and all that it says, on one line."""
    text = one_line(" ".join(said(problem).split()), MESSAGE)
    return f"{class_name(problem)}: {text}" if text else class_name(problem)


def class_name(problem: BaseException) -> str:
    """The name of an error's class."""
    return one_line(type(problem).__name__)


def said(thing: object) -> str:
    """All that an error says, as it says it; where its own code for that fails, what fails."""
    return _text(thing, str)


def quoted(thing: object) -> str:
    """Another's object as ``repr`` shows it, on one line."""
    return one_line(_text(thing, repr))


def one_line(text: object, most: int | None = None) -> str:
    """Another's text, such as a name in a file, as a message shows it: one line, harmless, and not too long.

    What would move a terminal's cursor or turn the direction of the text is escaped as in ``repr``; of a text that is
    too long the middle is left out.

    Args:
        text: Or what is shown by its ``str``, such as a path.
        most: Characters that are shown; a path, which is to be found again, has more of them than a name.
    """
    most = most or (MESSAGE if isinstance(text, os.PathLike) else NAME)
    short = _shortened(said(text), most)  # first: a key of a file may have a million characters
    return _shortened("".join(map(_escaped, short)), most)


def escaped(text: str) -> str:
    """A message of ours, whatever is quoted in it, as it may be written to a terminal: its lines are kept."""
    return "\n".join("".join(map(_escaped, line)) if not line.isprintable() else line for line in text.split("\n"))


def _text(thing: object, of: Callable[[object], str]) -> str:
    try:
        return "".join([of(thing)])  # of a subclass of str, whose methods are another's code too, a plain copy
    except KeyboardInterrupt:
        raise
    except BaseException as failure:
        return f"({type(thing).__name__}, whose __{of.__name__}__ raises {type(failure).__name__})"


def _escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - len(_GAP)]}{_GAP}{text[-end:]}"
