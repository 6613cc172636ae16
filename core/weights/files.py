"""Reads weights files. A file is data: whatever could run code when read is refused, and runs nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.backend import Backend
from prunekit.core.weights.errors import WeightsError
from prunekit.registry import BrokenEntryError, Register, RegisterType
from prunekit.registry.errors import reason

Arrays = dict[str, NDArray[Any]]
COMMON = (".safetensors", ".npz")
"""What the names of files end with that need no framework."""

_PREFIX = "module."  # what DataParallel puts before every name
_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1", "BOOL": "?",
}  # fmt: skip


def read_weights(path: Path, backend: Backend) -> Arrays:
    """Return the arrays of a weights file by name; bfloat16, which NumPy lacks, as float32.

    Args:
        path: ``.safetensors``, ``.npz``, or a file of any framework's own kind. A ``module.`` before every name is
            dropped.
        backend: Asked first for what is neither; others are asked only if it does not read such a file.

    Raises:
        WeightsError: The file is missing, broken, of a kind that nobody here reads, or would run code when read.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such weights file")
    reader = _reader(path, backend)
    try:
        found = reader(path)
    except WeightsError:
        raise
    except Exception as problem:  # a broken file makes its reader raise anything at all; here it becomes one error
        raise WeightsError(f"{path} cannot be read as weights: {reason(problem)}") from problem
    if others := [name for name, array in found.items() if array.dtype.kind not in "fiub"]:
        raise WeightsError(f"{path} cannot be read as weights: {others[0]} is no array of real numbers")
    if found and all(name.startswith(_PREFIX) for name in found):
        found = {name[len(_PREFIX) :]: array for name, array in found.items()}
    return found


def _reader(path: Path, backend: Backend) -> Callable[[Path], Arrays]:
    suffix = path.suffix.lower()
    own: dict[str, Callable[[Path], Arrays]] = {".safetensors": _read_safetensors, ".npz": _read_npz}
    if suffix in own:
        return own[suffix]
    if suffix in backend.weight_suffixes:
        return backend.read_weights
    suffixes, absent = [*COMMON, *backend.weight_suffixes], []
    for entry in Register.entries(RegisterType.BACKEND):
        if entry.name == backend.name:
            continue
        try:
            other: Any = Register.load(entry)
        except BrokenEntryError:  # its framework is not installed
            absent.append(entry.name)
            continue
        if suffix in other.weight_suffixes:
            made: Backend = other("CPU")
            return made.read_weights
        suffixes += other.weight_suffixes
    raise WeightsError(_unreadable(path, suffixes, backend.name, absent))


def _unreadable(path: Path, suffixes: list[str], backend: str, absent: list[str]) -> str:
    text = f"{path}: weights are read from {', '.join(dict.fromkeys(suffixes))} files only"
    if not absent:
        return text
    where = " or ".join(absent)
    return (
        f"{text}; if it is a file of {where}, which cannot be imported here, write a .safetensors file where it can:"
        f" prunekit convert {path.name} --network NAME --from {absent[0]} --to {backend}"
    )


def _read_npz(path: Path) -> Arrays:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _read_safetensors(path: Path) -> Arrays:
    import safetensors  # here: most runs read none

    deserialize: Any = safetensors.deserialize  # its readers into NumPy refuse bfloat16
    return {name: _array(view) for name, view in deserialize(path.read_bytes())}


def _array(view: dict[str, Any]) -> NDArray[Any]:
    if view["dtype"] not in _DTYPES:
        raise ValueError(f"numbers of type {view['dtype']} are not known")
    found = np.frombuffer(view["data"], dtype=_DTYPES[view["dtype"]]).reshape(view["shape"])
    if view["dtype"] == "BF16":  # the upper half of a float32
        return (found.astype(np.uint32) << 16).view(np.float32)
    return found
