"""Reads a JSON file that may have been edited, damaged or torn: checked values, or one sentence about what is wrong."""

from __future__ import annotations

import json
import math
import stat
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import TypeAdapter, ValidationError

from prunekit.registry import PrunekitError
from prunekit.registry.errors import one_line

T = TypeVar("T")
_LONGEST = 80
_ESCAPED = 20 * _LONGEST  # what twice as many characters have at most, once they are escaped
_MOST_BYTES = 1 << 28


class JsonError(PrunekitError):
    """A text is no JSON, or holds what a run never writes; the message says what, not in which file.

    Attributes:
        torn: Whether the text may be the beginning of one that was written whole.
    """

    def __init__(self, text: str, torn: bool = False) -> None:
        super().__init__(text)
        self.torn = torn


class UnreadableError(JsonError):
    """A file that is not there, is a folder, or may not be read."""


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        UnreadableError: The file cannot be read.
        JsonError: It holds something else.
    """
    return parse_object(read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """Read a file that a run wrote.

    Raises:
        UnreadableError: There is none, it is a folder, a device or a pipe, too large, or may not be read.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
            raise UnreadableError("cannot be read: it is no regular file")
        if found.st_size > _MOST_BYTES:
            raise UnreadableError(f"cannot be read: it has more than {_MOST_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as problem:
        raise UnreadableError(f"cannot be read: {problem.strerror}") from problem


def parse_object(raw: bytes) -> dict[str, Any]:
    """Read the text of a JSON object: no duplicate keys, only finite numbers, whole ones of at most 64 bits.

    Raises:
        JsonError: It is something else.
    """
    try:
        found = json.loads(
            raw.decode("utf-8"), parse_constant=_constant, parse_float=_finite, parse_int=_whole,
            object_pairs_hook=_without_duplicates,
        )  # fmt: skip
    except UnicodeDecodeError as problem:
        raise JsonError(f"it is no UTF-8 text at byte {problem.start}", torn=True) from None
    except json.JSONDecodeError as problem:
        raise JsonError(f"line {problem.lineno}, column {problem.colno}: {problem.msg}", torn=True) from None
    except RecursionError:
        raise JsonError("its values are nested too deeply") from None
    if not isinstance(found, dict):
        raise JsonError("it is no JSON object")
    return found


def checked(kind: TypeAdapter[T], value: Any) -> T:
    """Return a value as ``kind`` says that it must be.

    Raises:
        JsonError: It is not; the message names the first place.
    """
    try:
        return kind.validate_python(value)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        place = short(".".join(map(str, first["loc"])) or "the whole")
        raise JsonError(f"{place}: {short(first['msg'])}") from None


def short(value: object) -> str:
    """A foreign text on one line, without characters that a terminal would obey, and not long."""
    text = one_line(str(value)[: 2 * _LONGEST], _ESCAPED)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _constant(text: str) -> NoReturn:
    raise JsonError(f"{text} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise JsonError(f"{short(text)} is no finite number")
    return value


def _whole(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) <= 2**64:  # a bound that 64 bits stay below
        raise JsonError(f"{short(text)} is a whole number of more than 64 bits")
    return int(text)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise JsonError(f"the key {short(key)!r} is there twice")
        found[key] = value
    return found
