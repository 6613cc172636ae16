"""Checks that an exported file computes what the network does, before the file is moved into place."""

from __future__ import annotations

import inspect
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.atomic_file import atomic_write
from prunekit.core.data.batch_size import batch_size
from prunekit.core.data.contract import Inputs, as_call
from prunekit.core.data.difference import relative_difference
from prunekit.core.data.nested import map_leaves
from prunekit.core.pipeline.exporting import Exported, ExportError
from prunekit.registry.errors import reason

LARGEST_ERROR = 1e-4

Arrays = Sequence[NDArray[Any]]


@dataclass(frozen=True)
class Case:
    """Inputs, and what the network makes of them.

    Attributes:
        arrays: Each input by its name, in the order in which the network takes them.
        outputs: The network's outputs, one after the other.
        size: Number of samples.
    """

    arrays: Mapping[str, NDArray[Any]]
    outputs: Arrays
    size: int


def named_arrays(function: Callable[..., Any], inputs: Inputs) -> dict[str, NDArray[Any]]:
    """The arguments of a call, by their names, in their order.

    Args:
        function: What is called: ``forward``, ``construct``.
        inputs: By the data contract.

    Raises:
        ExportError: They are not simply the first arguments, or one is no array.
    """
    args, kwargs = as_call(inputs)
    bound = inspect.signature(function).bind(*args, **kwargs)
    if bound.kwargs:
        raise ExportError(f"{', '.join(bound.kwargs)}: only a network's first arguments can be exported, by position")
    for name, value in bound.arguments.items():
        if not isinstance(value, (np.ndarray, np.generic)):
            raise ExportError(f"the network's input {name} is a {type(value).__name__}; only arrays can be exported")
    return {name: np.asarray(value) for name, value in bound.arguments.items()}


def batches(inputs: Inputs, any_batch: bool) -> list[tuple[Inputs, int]]:
    """The inputs and their number; where any number is allowed, twice as many as well."""
    size = batch_size(inputs)
    found = [(inputs, size)]
    return [*found, (_doubled(inputs, size), 2 * size)] if any_batch else found


def has_batch_axis(array: NDArray[Any], size: int) -> bool:
    """Whether the first axis of an input counts the samples."""
    return array.ndim > 0 and array.shape[0] == size


def write_checked(
    path: Path,
    kind: str,
    suffix: str,
    cases: Sequence[Case],
    write: Callable[[Path], int | None],
    load: Callable[[Path], Callable[[Mapping[str, NDArray[Any]]], Arrays]],
) -> Exported:
    """Write a file; it is there whole, and computes what the network does, or not at all.

    Args:
        path: The file.
        kind: Name of the format.
        suffix: What its files end with, wherever this one goes.
        cases: What is compared.
        write: Writes a file and returns the version of its operators, if it has one.
        load: Loads a file and returns what runs it.

    Raises:
        ExportError: The file does not run, or computes something else.
        WriteError: It cannot be written.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"network{suffix}"
        opset = write(file)
        if len(list(Path(folder).iterdir())) > 1:
            raise ExportError(f"{path.name}: the network is too large for one file of the format {kind}")
        run = load(file)
        error = max(_compared(case, run, number, kind) for number, case in enumerate(cases))
        if not error <= LARGEST_ERROR:
            raise ExportError(
                f"{path.name} was not written: its outputs differ from the network's by {error:.1e} of the largest,"
                f" more than {LARGEST_ERROR:g}"
            )
        with file.open("rb") as written, atomic_write(path) as target:
            shutil.copyfileobj(written, target)
    return Exported(path, kind, error, tuple(case.size for case in cases), opset)


def _compared(case: Case, run: Callable[[Mapping[str, NDArray[Any]]], Arrays], number: int, kind: str) -> float:
    try:
        found = run(case.arrays)
        if [array.shape for array in found] != [array.shape for array in case.outputs]:
            raise ExportError(f"its outputs have the shapes {[list(array.shape) for array in found]}")
    except Exception as problem:  # whatever the format's runtime raises
        told = f"the {kind} file does not run with a batch of {case.size}: {reason(problem)}"
        fixed = (
            "; a shape in the network holds the number of samples: write -1 there, as ops.flatten does, or export with"
            " --batch N"
        )
        raise ExportError(told + (fixed if number else "")) from problem
    return max((_difference(a, b) for a, b in zip(found, case.outputs, strict=True)), default=0.0)


def _difference(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    error = relative_difference(found, wanted) if np.isfinite(wanted).all() else math.nan
    return math.inf if math.isnan(error) else error  # not a number is no agreement, and no maximum either


def _doubled(inputs: Inputs, size: int) -> Inputs:
    """Twice as many samples; the second half has other values, of which a file may hold none."""

    def twice(leaf: Any) -> Any:
        if not isinstance(leaf, np.ndarray) or not has_batch_axis(leaf, size):
            return leaf
        other = np.flip(leaf, -1)
        return np.concatenate([leaf, other / 2 if leaf.dtype.kind == "f" else other])

    return map_leaves(twice, inputs)
