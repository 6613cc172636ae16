"""One file with nested values of arrays: raw arrays and JSON, memory-mapped when read, never unpickled.

Behind the arrays of each value its JSON stands, and at the end of the file an index of these, its length and a mark.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from prunekit.core.atomic_file import atomic_write
from prunekit.core.value_codec import Packed, pack, unpack
from prunekit.registry import PrunekitError

_MAGIC = b"PKARRAY1"
_ALIGNMENT = 64
_END = len(_MAGIC) + 8


class ArrayFileError(PrunekitError):
    """A file of arrays is missing, or not what was written."""


class ArrayFileWriter:
    """Appends values to a file; made by `writing_arrays`.

    Args:
        file: Where to.
        note: JSON value that is kept beside them; it may be changed until the file is whole.
    """

    def __init__(self, file: BinaryIO, note: dict[str, Any] | None = None) -> None:
        self._file, self._values, self._place = file, list[list[int]](), 0
        self.note = note or {}

    def write(self, packed: Packed) -> None:
        """Append a value."""
        places = [[self._append(array), array.dtype.str, list(array.shape)] for array in packed.arrays]
        text = json.dumps([packed.root, packed.records, places], separators=(",", ":")).encode()
        self._values.append([self._place, len(text)])
        self._file.write(text)
        self._place += len(text)

    def end(self) -> None:
        """Append the index, without which nothing can be read."""
        index = json.dumps([self._values, self.note], separators=(",", ":")).encode()
        self._file.write(index + len(index).to_bytes(8, "little") + _MAGIC)

    def _append(self, array: NDArray[Any]) -> int:
        gap = -self._place % _ALIGNMENT
        self._file.write(bytes(gap))
        start = self._place + gap
        self._file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data if array.nbytes else b"")
        self._place = start + array.nbytes
        return start


@contextmanager
def writing_arrays(path: Path, durable: bool = True) -> Iterator[ArrayFileWriter]:
    """A file to append values to; it is there when the block ends well.

    Args:
        path: The file.
        durable: As for `atomic_write`.

    Raises:
        WriteError: The system refuses.
    """
    with atomic_write(path, durable) as file:
        writer = ArrayFileWriter(file)
        yield writer
        writer.end()


def write_arrays(path: Path, value: Any, records: Collection[type[Any]] = ()) -> None:
    """Write a file of one value; see `prunekit.core.value_codec.pack` for what it may hold.

    Raises:
        WriteError: The system refuses.
        NotStorableError: The value holds what a file cannot.
    """
    packed = pack(value, records)
    with writing_arrays(path, durable=False) as writer:
        writer.write(packed)


class ArrayFile:
    """The values of a file. Their arrays are read-only, lie in the file, and share its memory with other processes.

    Args:
        path: The file.
        records: The classes of records that its values may hold.

    Attributes:
        note: What was kept beside the values.

    Raises:
        ArrayFileError: There is none, or it is damaged.
    """

    def __init__(self, path: Path, records: Collection[type[Any]] = ()) -> None:
        self._path, self._records = path, records
        try:
            self._bytes = np.asarray(np.memmap(path, mode="r"))
            tail = self._bytes[-_END:].tobytes()
            length = int.from_bytes(tail[:8], "little")
            if tail[8:] != _MAGIC or length + _END > self._bytes.size:
                raise ValueError("it does not end as it was written")
            index = json.loads(self._bytes[self._bytes.size - _END - length : -_END].tobytes())
            self._values, self.note = index
            if not isinstance(self._values, list) or not isinstance(self.note, dict):
                raise ValueError("its index is another one")
        except OSError as problem:
            raise ArrayFileError(f"{path} cannot be read: {problem.strerror}") from problem
        except (ValueError, TypeError, RecursionError) as problem:
            raise ArrayFileError(f"{path} is damaged: {problem}") from problem

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, number: int) -> Any:
        place = self._values[number]
        try:
            start, length = place
            root, records, places = json.loads(self._bytes[start : start + length].tobytes())
            arrays = [self._array(*place) for place in places]
            return unpack(root, records, arrays, self._records)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as problem:
            raise ArrayFileError(f"{self._path} is damaged: {problem}") from problem

    def _array(self, start: int, kind: str, shape: list[int]) -> NDArray[Any]:
        dtype, count = np.dtype(kind), int(np.prod(shape, dtype=np.int64))
        if dtype.hasobject or start < 0 or count < 0 or start + count * dtype.itemsize > self._bytes.size:
            raise ValueError(f"no {kind} {shape} at {start}")
        if not count * dtype.itemsize:
            return np.empty(shape, dtype)
        return self._bytes[start : start + count * dtype.itemsize].view(dtype).reshape(shape)


def read_arrays(path: Path, records: Collection[type[Any]] = ()) -> Any:
    """The one value of a file that `write_arrays` wrote.

    Raises:
        ArrayFileError: There is none, or it is damaged.
    """
    found = ArrayFile(path, records)
    if len(found) != 1:
        raise ArrayFileError(f"{path} is damaged: it holds {len(found)} values, not one")
    return found[0]
