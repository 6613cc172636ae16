"""Reads ``.npz`` files: what each array is from its header, its numbers when they are asked for; no objects."""

from __future__ import annotations

import zipfile
from functools import partial
from pathlib import Path
from typing import IO, Any

from numpy.lib import format as npy
from numpy.typing import NDArray

from prunekit.core.weights.errors import WeightsError
from prunekit.core.weights.name_matching import some
from prunekit.core.weights.stored import Stored, real

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_npz(path: Path) -> dict[str, Stored]:
    """Return the arrays by name; nothing is unpacked but their headers.

    Raises:
        WeightsError: A member is no array of real numbers, or is not as long as its header says.
    """
    found = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            if member.is_dir() or name in found:
                raise WeightsError(f"{path} cannot be read as weights: {_folder_or_twice(member)}")
            with archive.open(member) as file:
                found[name] = _stored(path, name, member, file)
    return found


def _folder_or_twice(member: zipfile.ZipInfo) -> str:
    what = "is a folder" if member.is_dir() else "is there twice"
    return f"{some([member.filename])} {what}, as numpy.savez writes none"


def _stored(path: Path, name: str, member: zipfile.ZipInfo, file: IO[bytes]) -> Stored:
    where = f"{path} cannot be read as weights: {some([name])}"
    try:
        shape, _, dtype = _HEADERS[npy.read_magic(file)](file)
    except (ValueError, KeyError) as problem:
        raise WeightsError(f"{where} is no array") from problem
    if dtype.hasobject:
        raise WeightsError(
            f"{where} holds Python objects, which could run code when read; nothing was run. Save arrays of numbers"
        )
    held = Stored(shape, str(dtype), real(dtype), partial(_read, path, member.filename))
    if held.numbers and (length := held.size * dtype.itemsize) != member.file_size - file.tell():
        raise WeightsError(
            f"{where} is broken, its header speaks of {length} bytes and there are {member.file_size - file.tell()}"
        )
    return held


def _read(path: Path, member: str) -> NDArray[Any]:
    with zipfile.ZipFile(path) as archive, archive.open(member) as file:
        found: NDArray[Any] = npy.read_array(file, allow_pickle=False)
        return found
