"""The journal: every ask, tell and loss of a search as one JSON line, on disk before the next begins."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from prunekit.core.search.begun_by import refuse_another
from prunekit.core.search.errors import JournalError
from prunekit.core.search.journal_file import read_journal
from prunekit.core.search.journal_line import FORMAT, VERSION, write_line


class Journal:
    """Opens a journal for going on, or starts it where there is none.

    A last line that a kill has torn is cut off. Each line carries the digest of itself and of the lines before it, so
    that an edit, a line that is missing and lines that have changed places are found. One process at a time may have a
    journal open.

    Attributes:
        path: The file.
        entries: What it held when it was opened, without the first line, which `begin` compares.

    Raises:
        JournalError: The file is no journal of this version, is damaged elsewhere than in its last line, or cannot be
            written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        found = read_journal(path)
        self.entries = tuple(found.entries[1:])
        self._start = found.entries[0] if found.entries else None
        self._check, self._intact = found.check, found.intact
        try:
            self._file = path.open("ab", buffering=0)  # nothing waits in a buffer to be written when it is closed
            self._file.truncate(found.intact)
        except OSError as problem:
            raise JournalError(
                f"{path} cannot be written: {problem.strerror}; mend that and go on with -r"
            ) from problem

    @property
    def results(self) -> int:
        """How many results it held when it was opened."""
        return sum(entry["event"] == "tell" for entry in self.entries)

    def begin(self, search: Mapping[str, Any]) -> None:
        """Write the first line, or see that the journal is that of this search.

        Args:
            search: As `begun_by` returns it.

        Raises:
            JournalError: It was begun with another algorithm, another version of it, another lag or another metric.
        """
        if self._start is None:
            start = {"event": "start", "format": FORMAT, "version": VERSION, **search}
            self.append(start)
            _sync_folder(self.path.parent)
            self._start = start
        else:
            refuse_another(self.path, self._start, search)

    def append(self, entry: Mapping[str, Any]) -> None:
        """Write an entry; it is on disk when this returns, and nothing of it is where this raises.

        Raises:
            JournalError: It cannot be written: the disk is full, say.
        """
        line, check = write_line(entry, self._check)
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
        self._check = check

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
