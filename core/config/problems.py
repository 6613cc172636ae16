"""Collects the mistakes of a yml: each is one line, and all are raised together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from prunekit.core.config.node import Key, Node
from prunekit.registry import PrunekitError, did_you_mean
from prunekit.registry.errors import MESSAGE, one_line

_LONGEST_PATH, _LONGEST = 150, 600
_COMPARED = 1_000_000  # pairs of characters that the hints of one file may compare, which takes some seconds


@dataclass(frozen=True)
class Problem:
    """One mistake.

    Attributes:
        file: The file as the user named it, or ``command line``.
        line: Line of the file, from 1; None where there is none.
        path: The key, dotted; empty for the file as a whole.
        text: What is wrong and what to do.
    """

    file: str
    line: int | None
    path: str
    text: str

    def __str__(self) -> str:
        place = one_line(self.file, MESSAGE) + ("" if self.line is None else f":{self.line}")
        text = " ".join(self.text.split())
        what = f"{one_line(self.path, _LONGEST_PATH)}: {text}" if self.path else text
        return f"{place}  {one_line(what, _LONGEST)}"


class ConfigError(PrunekitError):
    """A yml that cannot be used. ``problems`` holds its mistakes; ``str()`` gives one line for each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(dict.fromkeys(problems), key=lambda found: found.line or 0))
        super().__init__("\n".join(map(str, self.problems)))


class Findings:
    """Collects the problems and warnings of one file while it is read.

    Args:
        section_of_key: Which section takes a key; the message about a key in a wrong place names it.
    """

    def __init__(self, section_of_key: Mapping[str, str] = MappingProxyType({})) -> None:
        self._section_of_key = section_of_key
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self._known_warnings: set[str] = set()
        self._compared = 0

    def problem(self, node: Node, text: str) -> None:
        """Record a mistake at the line and path of ``node``."""
        self.problems.append(Problem(node.file, node.line, node.dotted, text))

    def unknown_key(self, block: Node, key: Key, known: Iterable[object]) -> None:
        """Record a key that nothing takes, with a hint: the known key nearest to it, or the section that it belongs in.

        Args:
            block: Where the key stands.
            key: The key.
            known: The keys that the block takes.
        """
        section = self._section_of_key.get(str(key))
        hint = self.did_you_mean(key, known, cutoff=0.7) or (f" It belongs in {section}." if section else "")
        self.problem(block.get_or_empty(key), f"unknown key.{hint}")

    def warn(self, node: Node, text: str) -> None:
        """Record something that the user should know and that stops nothing."""
        line = str(Problem(node.file, node.line, node.dotted, text))
        if line not in self._known_warnings:
            self._known_warnings.add(line)
            self.warnings.append(line)

    def did_you_mean(self, name: object, names: Iterable[object], cutoff: float = 0.6) -> str:
        """Return a hint as the registry's does; none once so many names were compared that more would take minutes."""
        if self._compared > _COMPARED:
            return ""
        known = list(map(str, names))
        self._compared += len(str(name)) * sum(map(len, known))
        return did_you_mean(name, known, cutoff=cutoff) if self._compared <= _COMPARED else ""

    def finish(self) -> None:
        """Raise the problems that were collected.

        Raises:
            ConfigError: There is at least one problem.
        """
        if self.problems:
            raise ConfigError(self.problems)
