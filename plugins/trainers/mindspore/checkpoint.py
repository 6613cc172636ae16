"""Where a training stands, in one safetensors file, so that a killed one can go on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save

from prunekit.core.atomic_file import atomic_write
from prunekit.plugins.trainers.checkpoint import refuse_other, restoring

Arrays = Mapping[str, NDArray[Any]]
_PLAIN = "training"  # the key, among the file's texts, of what is no array


def write_checkpoint(path: Path, parts: Mapping[str, Arrays], plain: Mapping[str, Any]) -> None:
    """Write the arrays of each part, and plain JSON values; the file is there whole or not at all.

    Raises:
        WriteError: It cannot be written.
    """
    arrays = {f"{part}/{name}": array for part, named in parts.items() for name, array in named.items()}
    with atomic_write(path) as file:
        file.write(save(arrays, {_PLAIN: json.dumps(dict(plain))}))


def read_checkpoint(path: Path, fingerprint: str) -> tuple[dict[str, dict[str, NDArray[Any]]], dict[str, Any]]:
    """Read both back, running no code from the file.

    Raises:
        TrainingError: The file is broken, or its ``fingerprint`` is another one.
    """
    parts: dict[str, dict[str, NDArray[Any]]] = {}
    with restoring(path), safe_open(path, "numpy") as file:
        plain: dict[str, Any] = json.loads(file.metadata()[_PLAIN])
        refuse_other(path, plain["fingerprint"], fingerprint)
        for key in file.keys():  # noqa: SIM118 - it is no dict
            part, _, name = key.partition("/")
            parts.setdefault(part, {})[name] = file.get_tensor(key)
        return parts, plain
