"""Imports of others' modules leave our streams as they were, and print where messages go."""

from __future__ import annotations

import contextlib
import io
import sys
import threading
from collections.abc import Iterator
from typing import Any

_STREAMS = ("stdout", "stderr", "__stdout__", "__stderr__")


class _ToStderr(io.TextIOBase):
    """Stands for stdout and stderr while others' modules are imported, and writes to stderr.

    It cannot be closed, and goes on to work: a logger that was made in an import may have kept it.
    """

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}  # the streams in whose place it stands, or has stood last

    @property
    def _stream(self) -> Any:
        return self.kept["stderr"] if _depth or sys.stderr is self else sys.stderr

    def write(self, text: str, /) -> int:
        return len(text) if self._stream is None else int(self._stream.write(text) or 0)

    def flush(self) -> None:
        if self._stream is not None:
            self._stream.flush()

    def close(self) -> None:
        """Leave it open."""

    def isatty(self) -> bool:
        return self._stream is not None and bool(self._stream.isatty())

    def fileno(self) -> int:
        return int(self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)  # buffer, reconfigure and the like


_stand_in = _ToStderr()
_lock = threading.Lock()
_depth = 0


@contextlib.contextmanager
def foreign_code() -> Iterator[None]:
    """Inside the block, what is printed goes to stderr; afterwards the streams are those from before.

    A pack may print, close or replace them as it is imported. Blocks may be nested, and open in several threads.
    """
    global _depth
    with _lock:
        if _depth == 0:
            _stand_in.kept = {name: getattr(sys, name) for name in _STREAMS}
            for name in _STREAMS:
                setattr(sys, name, _stand_in)
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                for name, stream in _stand_in.kept.items():
                    setattr(sys, name, stream)
