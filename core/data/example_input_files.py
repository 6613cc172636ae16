"""Reads what a network is called with from a file. A file is data: nothing in it is run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.contract import DataError, Inputs
from prunekit.core.data.native_numbers import native
from prunekit.core.file_nature import not_a_file, other_kind, unpacks_to_far_more
from prunekit.core.read_errors import why_unreadable
from prunekit.registry import PrunekitError


def read_inputs(path: Path, framework: Callable[[Path], Any]) -> Inputs:
    """Return the inputs in a file, by the data contract: a list is a tuple, so its items are positional.

    Args:
        path: ``.npz`` or ``.safetensors``, in which ``arr_0``, ``arr_1``, ... (as ``numpy.savez`` names them) are
            positional and any other names are keywords; or a file of the framework's own.
        framework: Reads every other file, as `prunekit.core.backend.Backend.read_inputs` does.

    Raises:
        DataError: The file is missing or broken, or holds more than lists, tuples and dicts of arrays.
    """
    readers: dict[str, Callable[[Path], Any]] = {".npz": _read_npz, ".safetensors": _read_safetensors}
    if (why := not_a_file(path)) is not None:
        raise DataError(f"{path}{why}")
    try:
        if path.suffix.lower() in readers and (what := other_kind(path)) is not None:
            raise DataError(f"{path} cannot be read as a network's inputs: it is {what}")
        found = readers.get(path.suffix.lower(), framework)(path)
    except PrunekitError:
        raise
    except Exception as problem:  # a broken file makes its reader raise anything at all; here it becomes one error
        raise DataError(f"{path} cannot be read as a network's inputs: {why_unreadable(problem)}") from problem
    inputs = tuple(found) if isinstance(found, list) else found
    if not _checked(path, inputs, ""):
        raise DataError(f"{path} holds no tensor; a network's inputs are a list (positional) or a dict (keywords)")
    return inputs


def _read_npz(path: Path) -> Inputs:
    if (why := unpacks_to_far_more(path)) is not None:
        raise DataError(f"{path}{why}")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return _positional({name: native(archive[name]) for name in archive.files})


def _read_safetensors(path: Path) -> Inputs:
    from safetensors.numpy import load_file  # here: most runs read no such file

    return _positional(load_file(path))


def _positional(arrays: dict[str, NDArray[Any]]) -> Inputs:
    order = [f"arr_{number}" for number in range(len(arrays))]
    return tuple(arrays[name] for name in order) if arrays.keys() == set(order) else arrays


def _checked(path: Path, value: Any, place: str) -> int:
    """How many arrays there are.

    Raises:
        DataError: There is something else.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return 1
    if isinstance(value, Mapping):
        if wrong := [key for key in value if not isinstance(key, str) or not re.fullmatch(r"\w+", key)]:
            raise DataError(f"{path} holds a dict with the key {wrong[0]!r}; keys are names of a network's arguments")
        return sum(_checked(path, part, f"{place}.{key}") for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return sum(_checked(path, part, f"{place}[{index}]") for index, part in enumerate(value))
    what = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
    where = f" at {place.lstrip('.')}" if place else ""
    raise DataError(f"{path} holds {what}{where}; a network's inputs are tensors, in a list (positional) or a dict")
