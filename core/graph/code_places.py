"""Where in a network's code something happens, for people to find it."""

from __future__ import annotations

import linecache
from collections.abc import Iterable
from dataclasses import dataclass
from dis import get_instructions
from functools import lru_cache
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType


@dataclass(frozen=True)
class CodePlace:
    """An expression in somebody's code.

    Attributes:
        package: Dotted name of the module that it stands in.
        file: Path of its file.
        line: Its line there.
        columns: From which byte of that line to which, or None where that is not known (before Python 3.11).
    """

    package: str
    file: str
    line: int
    columns: tuple[int, int] | None = None

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.line}: {self.text}".rstrip(": ")

    @property
    def text(self) -> str:
        """The expression, or its whole line; empty where there is no file."""
        line = linecache.getline(self.file, self.line).rstrip("\n")
        part = line.encode()[slice(*self.columns)].decode(errors="replace") if self.columns else line
        return part.strip()

    def within(self, packages: Iterable[str]) -> bool:
        """Whether it stands in one of these packages."""
        return any(self.package == name or self.package.startswith(f"{name}.") for name in packages)


@lru_cache(maxsize=4096)
def decides(code: CodeType) -> bool:
    """Whether some code compares numbers, or goes one way or another."""
    named = {"min", "max", "sorted", "range"} & set(code.co_names)
    return bool(named) or any(step.opname in _DECIDING or "JUMP_IF" in step.opname for step in get_instructions(code))


_DECIDING = ("COMPARE_OP", "CONTAINS_OP", "BINARY_SUBSCR")


class CodePlaces:
    """Looks places up once for each instruction."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[CodeType, CodePlace]] = {}  # with the code, so that it keeps its id

    def of(self, frame: FrameType) -> CodePlace:
        """The place that a frame has come to."""
        key = (id(frame.f_code), frame.f_lasti)
        if key not in self._known:
            self._known[key] = frame.f_code, _place(frame)
        return self._known[key][1]


def _place(frame: FrameType) -> CodePlace:
    code, package = frame.f_code, str(frame.f_globals.get("__name__", ""))
    columns = None
    if hasattr(code, "co_positions"):
        first, last, start, end = next(islice(code.co_positions(), frame.f_lasti // 2, None), (None,) * 4)
        if first == last == frame.f_lineno and start is not None and end is not None:
            columns = (start, end)
    return CodePlace(package, code.co_filename, frame.f_lineno, columns)
