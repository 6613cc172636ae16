"""Weights from and to PyTorch's own files. A file is data: what could run code when read is refused, and not run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from prunekit.core.atomic_file import atomic_write
from prunekit.core.data.finite import NAN, wrong_in
from prunekit.core.weights import Stored, WeightsError, check_fit, refuse_other_kinds
from prunekit.core.weights.name_matching import some
from prunekit.plugins.backends.pytorch.forward import to_device, to_numpy
from prunekit.plugins.backends.pytorch.frozen_norms import is_frozen_norm
from prunekit.plugins.backends.pytorch.inert_names import stand_ins
from prunekit.plugins.backends.pytorch.module_tree import named_modules, named_parameters, plain_methods
from prunekit.plugins.backends.pytorch.tensor_files import tensors_only

SUFFIXES = (".pth", ".pt", ".tar")
"""``torch.save`` writes them; ``.tar`` is that of ``.pth.tar``."""


_NUMBERS = {
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
    torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.bool,
}  # fmt: skip


def read_weights(path: Path) -> Mapping[str, Any]:
    """Return what a file has, every tensor in it as one that is still in its file.

    Raises:
        WeightsError: It is no dict, or would run code when read.
    """
    refuse_other_kinds(path, pickles=True)
    state = f"state = network.state_dict(); torch.save(state, {f'{path.stem}_state.pth'!r})"
    content = tensors_only(path, f"save network.state_dict() alone in the program that wrote it: {state}", stand_ins())
    if not isinstance(content, Mapping):
        what = type(content).__name__
        raise WeightsError(f"{path} holds a {what}; expected a state dict, plain or under a key such as 'state_dict'")
    return _with_stored(content)


def _with_stored(content: Mapping[Any, Any]) -> dict[Any, Any]:
    """A nested dict with what stands for its tensors; each dict once, for one can be in many places."""
    made: dict[int, dict[Any, Any]] = {}

    def of(place: Mapping[Any, Any]) -> dict[Any, Any]:
        if id(place) not in made:
            found = made[id(place)] = {}
            for name, value in place.items():
                found[name] = of(value) if isinstance(value, Mapping) else value
                if isinstance(value, Tensor):
                    found[name] = _stored(value)
        return made[id(place)]

    return of(content)


def _stored(tensor: Tensor) -> Stored:
    plain = tensor.layout is torch.strided and not (tensor.is_quantized or tensor.is_meta or tensor.is_nested)
    what = str(tensor.dtype).removeprefix("torch.") if plain else _odd(tensor)
    numbers = plain and tensor.dtype in _NUMBERS
    shape = () if tensor.is_nested else tuple(tensor.shape)
    return Stored(shape, what, numbers, lambda: cast("NDArray[Any]", to_numpy(tensor)))


def _odd(tensor: Tensor) -> str:
    if tensor.is_meta:
        return "a tensor without values, on the meta device"
    return "a quantized tensor" if tensor.is_quantized else "a nested tensor" if tensor.is_nested else "a sparse tensor"


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
        own = isinstance(module, nn.modules.batchnorm._NormBase) and module.running_mean is not None
        if own or is_frozen_norm(module):
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
