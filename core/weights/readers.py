"""Who reads a weights file: what lies in it decides, where that is certain, else what its name ends with."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from prunekit.core.backend import Backend
from prunekit.core.file_nature import other_kind
from prunekit.core.weights.errors import WeightsError
from prunekit.core.weights.npz_file import read_npz
from prunekit.core.weights.safetensors_file import read_safetensors
from prunekit.registry import BrokenEntryError, Register, RegisterType

_NUMBER = 4  # bytes
_SMALL = 64 * 2**20  # bytes that any file may have
_TIMES = 32  # how many times a network's weights it may have besides: an optimizer's state, averages
Reader = Callable[[Path], Mapping[str, Any]]
COMMON = (".safetensors", ".npz")
"""What the names of files end with that need no framework."""


def reader_of(path: Path, backend: Backend) -> Reader:
    """Who reads a file.

    Raises:
        WeightsError: Nobody here does.
    """
    suffix = _suffix(path)
    own: dict[str, Reader] = {".safetensors": read_safetensors, ".npz": read_npz}
    if suffix in own:
        refuse_other_kinds(path)  # who reads other files knows best what they look like
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


def refuse_other_kinds(path: Path, pickles: bool = False) -> None:
    """Refuse a regular file that is empty or of a kind that holds no weights, with what it is.

    Args:
        path: The file.
        pickles: Whether a pickle may hold some.

    Raises:
        WeightsError: It is.
    """
    if (what := other_kind(path, pickles)) is not None:
        raise WeightsError(f"{path} cannot be read as weights: it is {what}")


def check_size(path: Path, reader: Reader, most: int | None) -> None:
    """Refuse a file that holds far more than the network and what training needs beside it, if it is read whole.

    Raises:
        WeightsError: It does.
    """
    if most is None or reader in (read_npz, read_safetensors) or zipfile.is_zipfile(path):
        return  # there the header says what fits
    size, needed = path.stat().st_size, most * _NUMBER
    if size > _SMALL + _TIMES * needed:
        raise WeightsError(
            f"{path} does not fit: it has {size / 2**20:,.0f} MiB, and the network's weights are"
            f" {needed / 2**20:,.1f} MiB"
        )


def _suffix(path: Path) -> str:
    """What a file's name ends with, or should: what lies in it decides, where that is certain."""
    with path.open("rb") as file:
        head = file.read(10)
    if head[8:] == b'{"':
        return ".safetensors"
    if not zipfile.is_zipfile(path):
        return path.suffix.lower()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if any(name.endswith("data.pkl") for name in names):
        return ".pth"
    return ".npz" if names and all(name.endswith(".npy") for name in names) else path.suffix.lower()


def _unreadable(path: Path, suffixes: list[str], backend: str, absent: list[str]) -> str:
    text = f"{path}: weights are read from {', '.join(dict.fromkeys(suffixes))} files only"
    if not absent:
        return text
    where = " or ".join(absent)
    return (
        f"{text}; if it is a file of {where}, which cannot be imported here, write a .safetensors file where it can:"
        f" prunekit convert {path.name} --network NAME --from {absent[0]} --to {backend}"
    )
