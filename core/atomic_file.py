"""Atomic writing: a file is there whole or not at all, whatever happens."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from prunekit.registry import PrunekitError


class WriteError(PrunekitError):
    """A file cannot be written: the disk is full, the folder may not be written to."""


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """A file to write to; when the block ends well it stands at ``path``, else what stood there before.

    Raises:
        WriteError: The system refuses; the message has its words.
    """
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as problem:
        raise WriteError(f"{path} cannot be written: {problem.strerror}; mend that and go on with -r") from problem
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole."""
    with atomic_write(path) as file:
        file.write(text.encode("utf-8"))
