"""Reads what a network is called with from PyTorch's own files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prunekit.core.data.contract import DataError
from prunekit.plugins.backends.pytorch.forward import to_numpy
from prunekit.plugins.backends.pytorch.tensor_files import tensors_only

_SUFFIXES = (".pkl", ".pt", ".pth")


def read_inputs(path: Path) -> Any:
    """Return what ``torch.save`` wrote, with every tensor in it as a NumPy array.

    Raises:
        DataError: It is a file of another kind.
        WeightsError: It holds more than tensors and would run code when read.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise DataError(f"{path}: inputs are read from .npz, .safetensors, {', '.join(_SUFFIXES)} files only")
    return to_numpy(tensors_only(path, "write the tensors alone with torch.save, or as .npz or .safetensors"))
