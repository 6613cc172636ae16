"""Where a training stands, in one file of tensors, so that a killed one can go on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from prunekit.core.atomic_file import atomic_write
from prunekit.plugins.trainers.checkpoint import refuse_other, restoring


class Stateful(Protocol):
    """A part of a training that changes as it goes on: network, optimizer, ..."""

    def state_dict(self) -> dict[str, Any]:
        """Its state, in tensors and plain values."""
        ...

    def load_state_dict(self, state: dict[str, Any], /) -> Any:
        """Take a state back."""
        ...


def write_checkpoint(path: Path, parts: Mapping[str, Stateful], fingerprint: str, next_epoch: int) -> None:
    """Write the state; the file is there whole or not at all.

    Raises:
        WriteError: It cannot be written.
    """
    states = {name: part.state_dict() for name, part in parts.items()}
    content = {**states, "fingerprint": fingerprint, "next_epoch": next_epoch}
    with atomic_write(path) as file:
        torch.save(content, file)


def read_checkpoint(path: Path, parts: Mapping[str, Stateful], fingerprint: str) -> int:
    """Restore a state, running no code from the file, and return the epoch to go on with.

    Raises:
        TrainingError: The file is broken, or of another network or another training.
    """
    with restoring(path):
        content = torch.load(path, map_location="cpu", weights_only=True)
        refuse_other(path, content["fingerprint"], fingerprint)
        for name, part in parts.items():
            part.load_state_dict(content[name])
        return int(content["next_epoch"])
