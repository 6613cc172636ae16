"""Errors of the registry, the base of every error that a user can mend, and errors in one line."""

from __future__ import annotations


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
        name = self.__cause__.name if isinstance(self.__cause__, ModuleNotFoundError) else None
        return name.partition(".")[0] if name else None


def first_line(problem: BaseException) -> str:
    """The first line of what an error says, without the stack that some frameworks add; empty where it says nothing."""
    return (str(problem).strip().splitlines() or [""])[0].rstrip()


def reason(problem: BaseException) -> str:
    """The first line of what an error says, or where it says nothing the name of its class."""
    return first_line(problem) or type(problem).__name__
