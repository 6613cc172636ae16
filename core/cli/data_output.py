"""stdout as data: what a command prints for programs, and nothing else, whatever other code prints, closes or does."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

_writers: list[Callable[[str], object]] = []


def print_data(text: str) -> None:
    """Print a command's result, which programs read."""
    write = _writers[-1] if _writers else sys.stdout.write
    write(f"{text}\n")


def json_text(value: Any, **options: Any) -> str:
    """JSON, which has no infinity and no NaN: ``null`` stands for both.

    Args:
        value: What ``json.dumps`` takes.
        options: Its further arguments.
    """
    return json.dumps(_finite(value), allow_nan=False, **options)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextlib.contextmanager
def stdout_is_data(for_good: bool) -> Iterator[None]:
    """Inside the block only `print_data` writes to stdout; all else that is meant for it goes to stderr.

    That holds for what C code writes too, where stdout is a file and no stand-in such as a notebook's.

    Args:
        for_good: Leave it so for what runs as the process ends.
    """
    own = sys.stdout
    descriptor = _descriptor(own)
    if descriptor is None:
        write: Callable[[str], object] = own.write if own is not None else str
    else:
        own.flush()
        kept = os.dup(descriptor)
        os.dup2(_stderr(), descriptor)
        write = _to(kept)
    sys.stdout = sys.stderr
    _writers.append(write)
    try:
        yield
    finally:
        if not for_good:
            _writers.pop()
            sys.stdout = own
            if descriptor is not None:
                with contextlib.suppress(ValueError):  # it was closed
                    own.flush()
                os.dup2(kept, descriptor)
                os.close(kept)


def _descriptor(stream: Any) -> int | None:
    try:
        return int(stream.fileno())
    except (AttributeError, OSError, ValueError):
        return None


def _stderr() -> int:
    try:
        os.fstat(2)
        return 2
    except OSError:  # closed by who started us
        return os.open(os.devnull, os.O_WRONLY)


def _to(descriptor: int) -> Callable[[str], object]:
    """Writes at once, so that nothing waits to be written when the reader has gone; JSON is UTF-8 everywhere."""

    def write(text: str) -> None:
        with open(os.dup(descriptor), "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))  # lone surrogates, as JSON would write them

    return write
