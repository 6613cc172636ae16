"""Where a training stands, in one file of tensors, so that a killed one can go on."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import torch
from torch import nn

from prunekit.plugins.trainers.errors import TrainingError


def write_checkpoint(
    path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, fingerprint: str, next_epoch: int
) -> None:
    """Write the state; the file is there whole or not at all.

    Raises:
        TrainingError: It cannot be written.
    """
    content = {
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "fingerprint": fingerprint,
        "next_epoch": next_epoch,
    }
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as problem:
        raise TrainingError(f"{path} cannot be written: {problem.strerror}") from problem
    finally:
        temporary.unlink(missing_ok=True)


def read_checkpoint(path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, fingerprint: str) -> int:
    """Restore a state, running no code from the file, and return the epoch to go on with.

    Raises:
        TrainingError: The file is broken, or of another network or another training.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        same = content["fingerprint"] == fingerprint
        if same:
            network.load_state_dict(content["network"])
            optimizer.load_state_dict(content["optimizer"])
        next_epoch = int(content["next_epoch"])
    except Exception as problem:  # a broken file makes its reader raise anything at all; here it becomes one error
        reason = (str(problem).splitlines() or [""])[0] or type(problem).__name__
        raise TrainingError(
            f"{path} is no checkpoint of this training ({reason}); remove it to start anew"
        ) from problem
    if not same:
        raise TrainingError(f"{path} was written with other settings of the trainer; remove it to start anew")
    return next_epoch
