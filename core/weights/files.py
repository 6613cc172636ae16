"""Reads weights files. A file is data: whatever could run code when read is refused, and runs nothing."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prunekit.core.backend import Backend
from prunekit.core.file_nature import not_a_file, other_kind
from prunekit.core.read_errors import why_unreadable
from prunekit.core.weights.errors import WeightsError
from prunekit.core.weights.name_matching import some
from prunekit.core.weights.npz_file import read_npz
from prunekit.core.weights.safetensors_file import read_safetensors
from prunekit.core.weights.stored import Arrays, Stored
from prunekit.core.weights.weight_sets import WeightSet, chosen_sets, weight_sets
from prunekit.registry import BrokenEntryError, PrunekitError, Register, RegisterType

_NUMBER = 4  # bytes
_SMALL = 64 * 2**20  # bytes that any file may have
_TIMES = 32  # how many times a network's weights it may have besides: an optimizer's state, averages
Reader = Callable[[Path], Mapping[str, Any]]
COMMON = (".safetensors", ".npz")
"""What the names of files end with that need no framework."""


def read_weights(path: Path, backend: Backend, key: str | None = None) -> Arrays:
    """Return the arrays of a weights file by name; bfloat16, which NumPy lacks, as float32.

    Args:
        path: ``.safetensors``, ``.npz``, or a file of any framework's own kind.
        backend: Asked first for what is neither; others are asked only if it does not read such a file.
        key: Which of several sets of weights; None takes the likeliest.

    Raises:
        WeightsError: The file is missing, broken, of a kind that nobody here reads, or would run code when read.
    """
    found = read_sets(path, backend, key)[0]
    return numbers(str(path), found.arrays)


def read_sets(path: Path, backend: Backend, key: str | None = None, most: int | None = None) -> list[WeightSet]:
    """Return the sets of weights in a file, the likeliest first; their numbers are not read yet.

    Args:
        path: The file.
        backend: As for `read_weights`.
        key: Look at no other set.
        most: How many numbers the network has; a file that would have to be read whole and is far larger is refused.

    Raises:
        WeightsError: As for `read_weights`, or the file has no set of that key.
    """
    path = Path(path)
    if (why := not_a_file(path, "weights file")) is not None:
        raise WeightsError(f"{path}{why}")
    with reading(path):
        reader = _reader(path, backend)
        if reader in (read_npz, read_safetensors):  # who reads another kind knows best what that looks like
            refuse_other_kinds(path)
        _check_size(path, reader, most)
        content = reader(path)
        sets = weight_sets(str(path), content)
    if not sets and not content:
        return [WeightSet("", {})]
    if not (found := chosen_sets(str(path), sets, key)):
        raise WeightsError(
            f"{path} is not a state dict: no tensor under {some(map(str, content))}; expected one, plain or under a key"
            " such as 'state_dict'"
        )
    return found


def numbers(source: str, arrays: Mapping[str, Stored]) -> Arrays:
    """Read what is still in its file.

    Args:
        source: The file, as it begins a sentence.
        arrays: What to read.

    Raises:
        WeightsError: One is no array of real numbers, or cannot be read.
    """
    if others := [name for name, each in arrays.items() if not each.numbers]:
        what = arrays[others[0]].what
        raise WeightsError(
            f"{source} cannot be read as weights: {others[0]} is no array of real numbers that NumPy knows ({what})"
        )
    with reading(source):
        return {name: each.read() for name, each in arrays.items()}


@contextmanager
def reading(source: object) -> Iterator[None]:
    """Inside the block everything that a broken file makes its reader raise, which may be anything, is one error.

    Raises:
        WeightsError: Something was raised.
    """
    try:
        yield
    except PrunekitError:
        raise
    except Exception as problem:
        raise WeightsError(f"{source} cannot be read as weights: {why_unreadable(problem)}") from problem


def _reader(path: Path, backend: Backend) -> Reader:
    suffix = _suffix(path)
    own: dict[str, Reader] = {".safetensors": read_safetensors, ".npz": read_npz}
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


def _check_size(path: Path, reader: Reader, most: int | None) -> None:
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
