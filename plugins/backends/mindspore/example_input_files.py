"""Reads what a network is called with from MindSpore's own files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prunekit.core.data.contract import DataError
from prunekit.plugins.backends.mindspore.weights import SUFFIXES, read_weights


def read_inputs(path: Path) -> Any:
    """Return the tensors of a checkpoint by name, as NumPy arrays.

    Raises:
        DataError: It is a file of another kind.
        WeightsError: It is broken.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"{path}: inputs are read from .npz, .safetensors, {', '.join(SUFFIXES)} files only")
    return read_weights(path)
