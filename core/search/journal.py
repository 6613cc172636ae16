"""The journal: every ask and tell of a search as one JSON line, on disk before the next begins."""

from __future__ import annotations

import contextlib
import json
import os
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from prunekit.core.json_file import JsonError, UnreadableError, read_bytes
from prunekit.core.search.errors import JournalError
from prunekit.core.search.journal_line import read_line

_HEADER = {"event": "start", "format": "prunekit.search-journal", "version": 1}


class Journal:
    """Opens a journal for going on, or starts it where there is none.

    A last line that a kill has torn is cut off. What was recorded waits in `next_recorded`; only when all of it has
    been taken may more be appended. One process at a time may have a journal open.

    Raises:
        JournalError: The file is no journal of this version, is damaged elsewhere than in its last line, or cannot be
            written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        entries, intact = _read(path)
        self._recorded = deque(entries[1:])
        try:
            self._file = path.open("ab", buffering=0)  # nothing waits in a buffer to be written when it is closed
            self._file.truncate(intact)
        except OSError as problem:
            raise JournalError(
                f"{path} cannot be written: {problem.strerror}; mend that and go on with -r"
            ) from problem
        self._intact = intact
        if not entries:
            self.append(_HEADER)
            _sync_folder(path.parent)

    @property
    def replaying(self) -> bool:
        """Whether recorded entries are left."""
        return bool(self._recorded)

    def next_recorded(self) -> dict[str, Any] | None:
        """Take the next recorded entry; None when there is none left."""
        return self._recorded.popleft() if self._recorded else None

    def append(self, entry: Mapping[str, Any]) -> None:
        """Write an entry; it is on disk when this returns, and nothing of it is where this raises.

        Raises:
            JournalError: It cannot be written: the disk is full, say.
        """
        line = _line(entry)
        try:
            written = self._file.write(line)
            if written != len(line):  # a disk that fills up takes a part of it first
                self._file.write(line[written:])
            os.fsync(self._file.fileno())
        except OSError as problem:
            with contextlib.suppress(OSError):  # a torn line is cut off when the journal is opened again
                self._file.truncate(self._intact)
            raise JournalError(
                f"{self.path} cannot be written: {problem.strerror}. What was recorded before is safe;"
                " make room and go on with -r"
            ) from problem
        self._intact += len(line)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read(path: Path) -> tuple[list[dict[str, Any]], int]:
    """Return the entries and the number of bytes that hold them, without a torn last line."""
    if not os.path.lexists(path):
        return [], 0
    try:
        lines = read_bytes(path).split(b"\n")
    except UnreadableError as problem:
        raise JournalError(f"{path} {problem}; mend that, or start a new task") from problem
    whole = lines[:-1]  # what follows the last newline is torn, or nothing
    entries: list[dict[str, Any]] = []
    intact = 0
    for number, line in enumerate(whole, 1):
        try:
            entries.append(read_line(line))
        except JsonError as problem:
            if problem.torn and 1 < number == len(lines) - 1 and not lines[-1]:
                break  # a power cut may leave zeros up to the newline
            raise JournalError(
                f"{path}:{number}: not a line of a journal ({problem}); restore the file, or start a new task"
            ) from problem
        intact += len(line) + 1
    if entries[:1] != [_HEADER] and (entries or not _line(_HEADER).startswith(lines[-1])):
        raise JournalError(f"{path}:1: not a search journal of version 1; go on with the prunekit that wrote it")
    return entries, intact


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry, allow_nan=False).encode() + b"\n"


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
