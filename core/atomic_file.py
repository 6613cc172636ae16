"""Atomic writing: a file is there whole or not at all, whatever happens."""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from prunekit.registry import PrunekitError

_PART = re.compile(r"\..+\.[0-9a-f]{32}\.part", re.DOTALL)


class WriteError(PrunekitError):
    """A file cannot be written: the disk is full, the folder may not be written to."""


@contextmanager
def atomic_write(path: Path, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write to; when the block ends well it stands at ``path``, else what stood there before.

    Args:
        path: The file.
        durable: Whether it must survive a loss of power; what can be made again need not, and is written faster.

    Raises:
        WriteError: The system refuses; the message has its words.
    """
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _made(part) as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        part.replace(path)
    except OSError as problem:
        raise WriteError(f"{path} cannot be written: {problem.strerror}; mend that and go on with -r") from problem
    finally:
        part.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what killed processes left half written in a folder and below; never what a living one is writing."""
    for parent, _, names in os.walk(folder):  # which follows no links
        for name in filter(_PART.fullmatch, names):
            part = Path(parent, name)
            with contextlib.suppress(OSError):  # another process was faster, or it may not be removed: no harm
                if not part.is_symlink() and part.is_file() and _is_abandoned(part):
                    part.unlink()


def _made(part: Path) -> BinaryIO:
    """A new file, held by this process."""
    while True:
        file = part.open("xb")
        _hold(file, wait=True)
        if os.fstat(file.fileno()).st_nlink:  # else somebody has swept it away before it was held
            return file
        file.close()


def _is_abandoned(part: Path) -> bool:
    with part.open("rb") as file:
        return _hold(file, wait=False)


def _hold(file: BinaryIO, wait: bool) -> bool:
    """Hold a file until it is closed or the process dies; whether that can be done."""
    try:
        import fcntl
    except ImportError:  # Windows: nothing is swept
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # another process holds it, or this file system knows no locks
        return False
    return True


def write_text(path: Path, text: str) -> None:
    """Write a text file whole."""
    with atomic_write(path) as file:
        file.write(text.encode("utf-8"))
