"""Reads a journal's file: its entries, or what is wrong and where."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from prunekit.core.json_file import JsonError, UnreadableError, parse_object, read_bytes, short
from prunekit.core.search.errors import JournalError
from prunekit.core.search.journal_line import FORMAT, VERSION, check_of, read_line

_BEGINS = json.dumps({"event": "start", "format": FORMAT})[:-1].encode()


class Found(NamedTuple):
    """What is in a file: its entries, the check of the last of them, and the number of bytes that hold them."""

    entries: list[dict[str, Any]]
    check: str
    intact: int


def read_journal(path: Path) -> Found:
    """Return what a journal holds, without a last line that a kill has torn; nothing where there is no file.

    Raises:
        JournalError: It is no journal of this version, or is damaged elsewhere than in its last line.
    """
    if not os.path.lexists(path):
        return Found([], "", 0)
    try:
        lines = read_bytes(path).split(b"\n")
    except UnreadableError as problem:
        raise JournalError(f"{path} {problem}; mend that, or start a new task") from problem
    *whole, torn = lines  # what follows the last newline is torn, or nothing
    _refuse_foreign(path, whole, torn)
    entries: list[dict[str, Any]] = []
    check, intact = "", 0
    for number, line in enumerate(whole, 1):
        try:
            entry, written = read_line(line)
            if (entry["event"] == "start") != (number == 1):
                raise JsonError("a search starts once, with the first line")
        except JsonError as problem:
            if problem.torn and 1 < number == len(whole) and not torn:
                break  # a power cut may leave zeros up to the newline
            raise JournalError(
                f"{path}:{number}: not a line of a journal ({problem}); restore the file, or start a new task"
            ) from problem
        check = check_of(entry, check)
        if check != written:
            raise JournalError(
                f"{path}:{number}: the line's check does not fit: it was edited, or a line before it is gone or out of"
                " its place. Restore the file, or start a new task"
            )
        entries.append(entry)
        intact += len(line) + 1
    return Found(entries, check, intact)


def _refuse_foreign(path: Path, whole: list[bytes], torn: bytes) -> None:
    """Refuse what is no journal, and by its name a journal of another version."""
    if not whole:
        if _BEGINS.startswith(torn) or torn.startswith(_BEGINS):
            return
        raise JournalError(f"{path}:1: not a search journal; move the file away, or start a new task")
    try:
        first = parse_object(whole[0])
    except JsonError:
        first = {}
    if first.get("event") != "start" or first.get("format") != FORMAT:
        raise JournalError(f"{path}:1: not a search journal; move the file away, or start a new task")
    if first.get("version") != VERSION:
        written = f"prunekit {short(first.get('program', '0.1'))}"  # which did not say its version
        raise JournalError(
            f"{path}:1: a search journal of version {short(first.get('version'))}, which {written} began; this prunekit"
            f" goes on with version {VERSION} only. Go on with {written}, or start a new task with another -t"
        )
