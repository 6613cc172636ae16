"""Weights from and to files. A file is data: whatever could run code when read is refused, and runs nothing."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from prunekit.core.writing import whole_file
from prunekit.registry import PrunekitError

_PREFIX = "module."  # what DataParallel puts before every name
_SHOWN = 3  # names of each kind in a message
_COUNTER = "num_batches_tracked"  # not weights: files of other tools and older PyTorch leave it out


class WeightsError(PrunekitError, ValueError):
    """A weights file cannot be read, is refused, or does not fit the network."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a weights file by name, on the CPU.

    Args:
        path: ``.safetensors``, ``.npz``, or ``.pth``, ``.pt``, ``.pth.tar`` with a state dict, plain or under the key
            ``state_dict``. A ``module.`` before every name is dropped.

    Raises:
        WeightsError: The file is missing, broken, of another kind, or would run code when read.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such weights file")
    readers: dict[str, Callable[[Path], dict[str, Tensor]]] = {
        ".safetensors": safetensors.torch.load_file,
        ".npz": _read_npz,
        ".pth": _read_pickle,
        ".pt": _read_pickle,
        ".tar": _read_pickle,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise WeightsError(f"{path}: weights are read from .safetensors, .pth, .pt, .pth.tar and .npz files only")
    try:
        found = reader(path)
    except WeightsError:
        raise
    except Exception as problem:  # a broken file makes its reader raise anything at all; here it becomes one error
        raise WeightsError(f"{path} cannot be read as weights: {_first_line(problem)}") from problem
    if found and all(name.startswith(_PREFIX) for name in found):
        found = {name[len(_PREFIX) :]: tensor for name, tensor in found.items()}
    return found


def load_weights(network: nn.Module, path: Path) -> None:
    """Load a weights file into a network; every name and every shape must fit.

    Raises:
        WeightsError: The file cannot be read or does not fit; the network is left as it was.
    """
    found, own = read_weights(path), _state(network)
    missing = [name for name in own if name not in found and not name.endswith(_COUNTER)]
    unexpected = [name for name in found if name not in own]
    differing = [
        f"{name} {list(tensor.shape)} in the file, {list(own[name].shape)} in the network"
        for name, tensor in found.items()
        if name in own and tensor.shape != own[name].shape
    ]
    problems = {"missing": missing, "unexpected": unexpected, "of another shape": differing}
    if any(problems.values()):
        told = "; ".join(f"{len(names)} {what}: {_some(names)}" for what, names in problems.items() if names)
        raise WeightsError(
            f"{path} does not fit {type(network).__name__} ({len(own)} tensors): {told}; weights and network must be of"
            " one kind, with the same class_num and other parameters"
        )
    network.load_state_dict(found, strict=False)  # strict but for the counters, which were checked above


def save_weights(network: nn.Module, path: Path) -> None:
    """Write a network's state as safetensors; the file is there whole or not at all.

    Tensors that share memory are written under each of their names, so any reader finds them.

    Raises:
        WeightsError: The network's state holds more than tensors.
        WriteError: The file cannot be written.
    """
    path = Path(path)
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in _state(network).items()}
    with whole_file(path) as file:
        file.write(safetensors.torch.save(tensors, metadata={"format": "pt"}))


def _state(network: nn.Module) -> dict[str, Tensor]:
    state = network.state_dict()
    if others := [name for name, value in state.items() if not isinstance(value, Tensor)]:
        raise WeightsError(f"{type(network).__name__} keeps more than tensors in its state: {_some(others)}")
    return state


def _read_npz(path: Path) -> dict[str, Tensor]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return {name: torch.from_numpy(archive[name]) for name in archive.files}


def tensors_only(path: Path, advice: str) -> Any:
    """Return what ``torch.save`` wrote, where that is tensors, plain values and collections of them.

    Args:
        path: The file.
        advice: What to do with a file that is trusted and holds more.

    Raises:
        WeightsError: It holds more; nothing of it was run.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on pickle protocols, of no use to who only has the file
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as problem:
        named = re.search(r"GLOBAL ([\w.]+)", str(problem))
        what = f" (it names {named[1]})" if named else ""
        raise WeightsError(
            f"{path} holds more than tensors{what} and could run code when read; it was refused and nothing was run."
            f" Where you trust it, {advice}"
        ) from problem


def _read_pickle(path: Path) -> dict[str, Tensor]:
    content = tensors_only(path, "save network.state_dict() alone, or the weights as .safetensors")
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        raise WeightsError(f"{path} holds a {type(content).__name__}; expected a state dict, plain or as 'state_dict'")
    if others := [name for name, value in content.items() if not isinstance(value, Tensor)]:
        raise WeightsError(
            f"{path} is not a state dict: no tensor under {_some(others)}; expected one, plain or as 'state_dict'"
        )
    return {name: tensor.detach() for name, tensor in content.items()}


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:_SHOWN]) + (", ..." if len(listed) > _SHOWN else "")


def _first_line(problem: Exception) -> str:
    return (str(problem).splitlines() or [""])[0] or type(problem).__name__
