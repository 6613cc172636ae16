"""Reads weights files. A file is data: whatever could run code when read is refused, and runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from prunekit.core.backend import Backend
from prunekit.core.data.native_numbers import native
from prunekit.core.file_nature import not_a_file
from prunekit.core.read_errors import why_unreadable
from prunekit.core.weights.errors import WeightsError
from prunekit.core.weights.name_matching import some
from prunekit.core.weights.readers import check_size, reader_of
from prunekit.core.weights.stored import Arrays, Stored
from prunekit.core.weights.weight_sets import WeightSet, chosen_sets, weight_sets
from prunekit.registry import PrunekitError


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
        reader = reader_of(path, backend)
        check_size(path, reader, most)
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
        raise WeightsError(
            f"{source} cannot be read as weights: {some(others[:1])} is no array of real numbers that NumPy knows"
            f" ({arrays[others[0]].what})"
        )
    with reading(source):
        return {name: native(each.read()) for name, each in arrays.items()}


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
