"""Weights from and to MindSpore's own files, which are protocol buffers and safetensors: no code is in them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mindspore
import numpy as np
import safetensors.numpy
from mindspore import Tensor, nn
from mindspore.nn.layer.normalization import _BatchNorm
from numpy.typing import NDArray

from prunekit.core.atomic_file import atomic_write
from prunekit.core.data.finite import INFINITE, wrong_in
from prunekit.core.weights import WeightsError, check_fit, refuse_other_kinds
from prunekit.plugins.backends.mindspore.cell_tree import named_buffers, parameters_dict
from prunekit.plugins.backends.mindspore.checkpoint_headers import check_headers
from prunekit.plugins.backends.mindspore.forward import as_array

SUFFIXES = (".ckpt",)
"""``mindspore.save_checkpoint`` writes them."""

# What training leaves in a checkpoint beside the weights: an optimizer's state of each of them, and where it stands.
_OF_A_WEIGHT = re.compile(r"(?:moments?|moment[12]|adam_[mv]|accum|stat|vhat|mean_square|mean_grad)\.(.+)")
_OF_TRAINING = {
    "beta1_power", "beta2_power", "current_iterator_step", "epoch_num", "global_step", "last_overflow_iterator_step",
    "learning_rate", "loss_scale", "momentum", "scale_sense", "step_num", "weight_decay",
}  # fmt: skip


def read_weights(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a checkpoint by name, without what training left in it.

    Raises:
        WeightsError: It holds none.
    """
    refuse_other_kinds(path)
    try:
        check_headers(path)
        content = _content(path)
    except WeightsError:
        raise
    except ValueError as problem:
        reason = "it is no checkpoint of MindSpore, or it is broken"
        raise WeightsError(f"{path} cannot be read as weights: {reason}") from problem
    found = {name: as_array(value) for name, value in content.items() if isinstance(value, Tensor)}
    remembered = {name for name in found if (of := _OF_A_WEIGHT.fullmatch(name)) is not None and of[1] in found}
    if remembered or "global_step" in found:  # else a weight may well have such a name
        remembered |= _OF_TRAINING
    return {name: array for name, array in found.items() if name not in remembered}


def _content(path: Path) -> dict[str, Any]:
    """What MindSpore reads, which wants the suffix in small letters."""
    if path.suffix in SUFFIXES:
        return dict(mindspore.load_checkpoint(str(path)))
    with TemporaryDirectory() as folder:
        named = Path(folder) / "weights.ckpt"
        named.symlink_to(path.resolve())
        return dict(mindspore.load_checkpoint(str(named)))


def shapes(network: nn.Cell) -> dict[str, tuple[int, ...]]:
    """Shapes of a network's parameters and buffers by the names that its checkpoints have.

    Raises:
        WeightsError: Two parameters have one name.
    """
    return {name: tuple(tensor.shape) for name, tensor in _named(network).items()}


def _named(network: nn.Cell) -> dict[str, Tensor]:
    """Parameters by the names that MindSpore gives them, which need not be their places in the network."""
    places: dict[str, list[str]] = {}
    for place, parameter in network.parameters_and_names():
        places.setdefault(parameter.name, []).append(place)
    for name, found in places.items():
        if len(found) > 1:
            raise WeightsError(
                f"{type(network).__name__}: {len(found)} parameters are called {name!r} ({', '.join(found)}), and a"
                " file can hold one of a name; leave auto_prefix=False out, or name them"
            )
    return {**parameters_dict(network), **named_buffers(network)}


def unsound(network: nn.Cell) -> dict[str, str]:
    """Parameters and statistics of normalizations that nothing can be computed with, and what is wrong with them."""
    norms = [cell for _, cell in network.cells_and_names() if isinstance(cell, _BatchNorm)]
    means, variances = {id(norm.moving_mean) for norm in norms}, {id(norm.moving_variance) for norm in norms}
    found = dict[str, str]()
    for parameter in network.get_parameters():
        array = as_array(parameter)
        what = wrong_in(array)
        if what is None and id(parameter) in variances and (array < 0).any():
            what = "variances below 0"
        # a mask may be a parameter that is not trained
        if what and (what != INFINITE or parameter.requires_grad or id(parameter) in means | variances):
            found[parameter.name] = what
    return found


def load_weights(network: nn.Cell, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Give a network its weights; every name and every shape must fit.

    Raises:
        WeightsError: They do not fit; the network is left as it was.
    """
    check_fit("what was given", type(network).__name__, shapes(network), arrays)
    parameters = _named(network)
    for name in parameters.keys() & arrays.keys():  # all but counters
        parameters[name].assign_value(Tensor(np.array(arrays[name]), dtype=parameters[name].dtype))


def save_weights(network: nn.Cell, path: Path) -> None:
    """Write a network's parameters, as a checkpoint if the suffix says so, else as safetensors; whole or not at all.

    Raises:
        WeightsError: The suffix is one of other files.
        WriteError: The file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".safetensors", *SUFFIXES):
        raise WeightsError(f"{path}: weights are written as .safetensors, {', '.join(SUFFIXES)} files only")
    parameters = _named(network)
    if suffix in SUFFIXES:
        _save_checkpoint(parameters, path)
        return
    arrays = {name: as_array(parameter) for name, parameter in parameters.items()}
    with atomic_write(path) as file:
        file.write(safetensors.numpy.save(arrays, metadata={"format": "ms"}))


def _save_checkpoint(parameters: Mapping[str, Any], path: Path) -> None:
    """By way of another folder, for MindSpore writes piece by piece, and a file that only its owner may read."""
    with TemporaryDirectory() as folder:
        part = Path(folder) / "weights.ckpt"
        named = [{"name": name, "data": parameter} for name, parameter in parameters.items()]
        mindspore.save_checkpoint(named, str(part))
        with part.open("rb") as written, atomic_write(path) as file:
            shutil.copyfileobj(written, file)
