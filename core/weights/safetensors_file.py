"""Reads ``.safetensors`` files: what each array is from the header, its numbers when they are asked for."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.weights.stored import Stored

_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1", "BOOL": "?",
}  # fmt: skip
_LENGTH = 8  # bytes that say how long the header is


def read_safetensors(path: Path) -> dict[str, Stored]:
    """Return the arrays by name, bfloat16 as float32.

    Raises:
        Exception: The file is broken; whatever its library says of it.
    """
    import safetensors  # here: most runs read none

    with safetensors.safe_open(path, "numpy"):  # checks every place and length in the header against the file
        pass
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH), "little")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return {name: _stored(path, _LENGTH + length, view) for name, view in header.items()}


def _stored(path: Path, start: int, view: dict[str, Any]) -> Stored:
    kind, shape = view["dtype"], tuple(view["shape"])
    what = {"BF16": "bfloat16", "BOOL": "bool"}.get(kind, kind)
    read = partial(_read, path, start + view["data_offsets"][0], kind, shape)
    return Stored(shape, f"numbers of type {what}", kind in _DTYPES, read)


def _read(path: Path, start: int, kind: str, shape: tuple[int, ...]) -> NDArray[Any]:
    with path.open("rb") as file:
        file.seek(start)
        count = int(np.prod(shape, dtype=np.int64))
        found = np.fromfile(file, _DTYPES[kind], count).reshape(shape)
    if kind == "BF16":  # the upper half of a float32
        return (found.astype(np.uint32) << 16).view(np.float32)
    return found
