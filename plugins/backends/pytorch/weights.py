"""Weights from and to PyTorch's own files. A file is data: what could run code when read is refused, and not run."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from prunekit.core.atomic_file import atomic_write
from prunekit.core.data.finite import NAN, wrong_in
from prunekit.core.weights import WeightsError, check_fit
from prunekit.core.weights.name_matching import some
from prunekit.plugins.backends.pytorch.forward import to_device, to_numpy
from prunekit.plugins.backends.pytorch.module_tree import named_modules, named_parameters, plain_methods

SUFFIXES = (".pth", ".pt", ".tar")
"""``torch.save`` writes them; ``.tar`` is that of ``.pth.tar``."""


def read_weights(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays by name in a file with a state dict, plain or under the key ``state_dict``.

    Raises:
        WeightsError: It holds something else, or would run code when read.
    """
    content = tensors_only(path, "save network.state_dict() alone, or the weights as .safetensors")
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        raise WeightsError(f"{path} holds a {type(content).__name__}; expected a state dict, plain or as 'state_dict'")
    if others := [name for name, value in content.items() if not isinstance(value, Tensor)]:
        raise WeightsError(
            f"{path} is not a state dict: no tensor under {some(others)}; expected one, plain or as 'state_dict'"
        )
    return {name: to_numpy(tensor) for name, tensor in content.items()}


def shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    """Shapes of a network's state by name.

    Raises:
        WeightsError: It holds more than tensors.
    """
    return {name: tuple(tensor.shape) for name, tensor in _state(network).items()}


def load_weights(network: nn.Module, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Give a network its weights; every name and every shape must fit.

    Raises:
        WeightsError: They do not fit; the network is left as it was.
    """
    check_fit("what was given", type(network).__name__, shapes(network), arrays)
    tensors = {name: to_device(array, "cpu") for name, array in arrays.items()}
    with plain_methods(network):
        network.load_state_dict(tensors, strict=False)  # strict but for the counters, which were checked above


def save_weights(network: nn.Module, path: Path) -> None:
    """Write a network's state, as a state dict under one of ``SUFFIXES``, else as safetensors; whole or not at all.

    Tensors that share memory are written under each of their names, so any reader finds them.

    Raises:
        WeightsError: The network's state holds more than tensors, or the suffix is one of other files.
        WriteError: The file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".safetensors", *SUFFIXES):
        raise WeightsError(f"{path}: weights are written as .safetensors, {', '.join(SUFFIXES)} files only")
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in _state(network).items()}
    with atomic_write(path) as file:
        if suffix in SUFFIXES:
            torch.save(tensors, file)
        else:
            file.write(safetensors.torch.save(tensors, metadata={"format": "pt"}))


def unsound(network: nn.Module) -> dict[str, str]:
    """Parameters and statistics of normalizations that nothing can be computed with, and what is wrong with them."""
    found = dict[str, str]()
    for name, parameter in named_parameters(network):
        what = None if _is_finite(parameter) else wrong_in(parameter.detach())
        if what and (what == NAN or parameter.requires_grad):  # a mask may be a parameter that is not trained
            found[name] = what
    for name, module in named_modules(network):
        if isinstance(module, nn.modules.batchnorm._NormBase) and module.running_mean is not None:
            for key in ("running_mean", "running_var"):
                statistic = module.get_buffer(key)
                what = None if _is_finite(statistic) else wrong_in(statistic)
                if what is None and key == "running_var" and bool((statistic < 0).any()):
                    what = "variances below 0"
                if what:
                    found[f"{name}.{key}" if name else key] = what
    return found


def _is_finite(tensor: Tensor) -> bool:
    """Whether all of it is; without values, or with values that are no fractions, it is."""
    if tensor.is_meta or is_lazy(tensor) or tensor.layout != torch.strided:
        return True
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return True
    whole = tensor.detach() if tensor.element_size() > 1 else tensor.detach().float()
    # a sum takes a fraction of the time and shows everything; one that overflows shows too much
    return bool(torch.isfinite(whole.sum())) or bool(torch.isfinite(whole).all())


def _state(network: nn.Module) -> dict[str, Tensor]:
    with plain_methods(network):
        state = network.state_dict()
    if others := [name for name, value in state.items() if not isinstance(value, Tensor)]:
        raise WeightsError(f"{type(network).__name__} keeps more than tensors in its state: {some(others)}")
    return state


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
