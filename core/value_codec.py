"""Nested values as JSON and arrays, without loss and without pickle: lists, tuples, dicts, sets, records, scalars."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.registry import PrunekitError

_PLAIN = (bool, int, str, type(None))


class NotStorableError(PrunekitError, TypeError):
    """A value that would not come back as what it was; the message says what it holds."""


@dataclass
class Packed:
    """A nested value taken apart.

    Attributes:
        root: The value as JSON, in which numbers stand for arrays and records.
        records: Class and fields of each record; a record refers only to those before it.
        arrays: The arrays; one that stands twice in the value is there once.
    """

    root: Any = None
    records: list[list[Any]] = field(default_factory=list)
    arrays: list[NDArray[Any]] = field(default_factory=list)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self.arrays)


def pack(value: Any, records: Collection[type[Any]] = ()) -> Packed:
    """Take a nested value apart.

    Args:
        value: What it holds is of exactly these types: list, tuple, dict, set, frozenset, int, float, bool, str, bytes,
            None, NumPy's arrays and scalars of fixed size, and ``records``.
        records: Dataclasses and named tuples whose instances may occur.

    Raises:
        NotStorableError: It holds something else.
    """
    packing = _Packing(frozenset(records))
    packing.packed.root = packing.of(value)
    return packing.packed


class _Packing:
    def __init__(self, records: frozenset[type[Any]]) -> None:
        self.packed, self._kinds = Packed(), records
        self._seen: dict[int, tuple[Any, list[Any]]] = {}  # with the object, so that it keeps its id

    def of(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN or (kind is float and math.isfinite(value)):
            return value
        if kind is float:
            return ["float", str(value)]
        if kind is bytes:
            return ["bytes", value.hex()]
        if kind in (list, tuple, set, frozenset):
            return [kind.__name__, [self.of(part) for part in value]]
        if kind is dict:
            return ["dict", [[self.of(key), self.of(part)] for key, part in value.items()]]
        if id(value) not in self._seen:
            self._seen[id(value)] = value, self._shared(kind, value)
        return self._seen[id(value)][1]

    def _shared(self, kind: type[Any], value: Any) -> list[Any]:
        """What may stand several times, and then is written once."""
        if kind in self._kinds:
            parts = [kind.__name__, [self.of(getattr(value, name)) for name in _names(kind)]]
            self.packed.records.append(parts)
            return ["record", len(self.packed.records) - 1]
        if kind is not np.ndarray and not isinstance(value, np.generic):
            raise NotStorableError(f"{kind.__module__}.{kind.__qualname__}")
        array = np.asarray(value)
        if array.dtype.hasobject or np.dtype(array.dtype.str) != array.dtype:
            raise NotStorableError(f"an array of {array.dtype}")
        self.packed.arrays.append(array)
        return ["array" if kind is np.ndarray else "scalar", len(self.packed.arrays) - 1]


def unpack(root: Any, records: Sequence[Any], arrays: Sequence[NDArray[Any]], kinds: Collection[type[Any]] = ()) -> Any:
    """Put a value together again, of what `pack` made of it.

    Raises:
        ValueError, TypeError, LookupError: It made nothing of the kind.
    """
    unpacking = _Unpacking(arrays, {kind.__name__: kind for kind in kinds})
    for name, parts in records:
        unpacking.add(name, parts)
    return unpacking.of(root)


class _Unpacking:
    def __init__(self, arrays: Sequence[NDArray[Any]], kinds: Mapping[str, type[Any]]) -> None:
        self._kinds, self._records = kinds, list[Any]()
        self._makers: dict[str, Callable[[Any], Any]] = {
            "float": float, "bytes": bytes.fromhex, "list": self._parts, "tuple": lambda p: tuple(self._parts(p)),
            "set": lambda p: set(self._parts(p)), "frozenset": lambda p: frozenset(self._parts(p)),
            "dict": lambda p: {self.of(key): self.of(part) for key, part in p}, "array": lambda n: arrays[n],
            "scalar": lambda n: arrays[n][()], "record": lambda n: self._records[n],
        }  # fmt: skip

    def add(self, name: str, parts: Sequence[Any]) -> None:
        kind = self._kinds[name]
        given = dict(zip(_names(kind), self._parts(parts), strict=True))
        self._records.append(kind(**given))

    def of(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        kind, content = value
        return self._makers[kind](content)

    def _parts(self, parts: Sequence[Any]) -> list[Any]:
        return [self.of(part) for part in parts]


def _names(kind: Any) -> Sequence[str]:
    return [each.name for each in fields(kind)] if is_dataclass(kind) else kind._fields
