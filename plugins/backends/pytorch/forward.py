"""Calls a PyTorch network with NumPy arrays, by the data contract."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from prunekit.core.data.contract import Batch, Inputs, as_call
from prunekit.core.data.nested import leaves, map_leaves, map_once
from prunekit.core.networks import decoding
from prunekit.core.recording.code_draws import seeded_draws
from prunekit.plugins.backends.pytorch.module_tree import modules, named_buffers, set_training

HALF = (torch.float16, torch.bfloat16)


def to_device(value: Any, device: torch.device | str) -> Any:
    """Return the value with every array in it, NumPy's or PyTorch's, as a tensor on the device; dtypes are kept.

    What lies on the device already is not copied: for what only we read.
    """

    def moved(leaf: Any) -> Any:
        if isinstance(leaf, np.generic):
            leaf = np.array(leaf)
        if isinstance(leaf, np.ndarray):
            leaf = torch.from_numpy(leaf if leaf.flags.writeable and leaf.flags.c_contiguous else leaf.copy(order="C"))
        return leaf.to(device) if isinstance(leaf, Tensor) else leaf

    return map_leaves(moved, value)


def handed_over(value: Any, device: torch.device | str) -> Any:
    """What `to_device` returns, as a copy: the code of a network may write into what it is given.

    Where one array stands twice, so does its copy.
    """
    return map_once(lambda leaf: _copy(leaf, device) if isinstance(leaf, _ARRAYS) else leaf, value)


_ARRAYS = (np.ndarray, np.generic, Tensor)


def _copy(leaf: Any, device: torch.device | str) -> Tensor:
    if isinstance(leaf, Tensor):
        copy = leaf.detach().to(device, copy=True)
        return copy.requires_grad_(leaf.requires_grad and leaf.is_leaf)
    if isinstance(leaf, np.ndarray) and leaf.flags.writeable and leaf.flags.c_contiguous:
        return torch.from_numpy(leaf).to(device, copy=True)
    return torch.from_numpy(np.array(leaf, order="C")).to(device)


def to_numpy(value: Any) -> Any:
    """Return the value with every tensor in it as a NumPy array; bfloat16, which NumPy lacks, as float32."""

    def as_array(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor):
            return leaf
        plain = leaf.detach().cpu()
        return (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()

    return map_leaves(as_array, value)


def at_least_float32(tensor: Tensor) -> Tensor:
    """The tensor as float32 where it is of half precision, in which nothing can be added up."""
    return tensor.float() if tensor.dtype in HALF else tensor


def call(network: nn.Module, inputs: Inputs, device: torch.device | str) -> Any:
    """Call the network as it stands (mode and gradients are the caller's) and return its own outputs.

    It gets a copy of the inputs.
    """
    return call_with(network, handed_over(inputs, device))


def call_with(network: nn.Module, inputs: Inputs) -> Any:
    """The same with tensors that nobody needs afterwards, such as `handed_over` gives: they are not copied."""
    args, kwargs = as_call(inputs)
    with plain_attention():
        return network(*args, **kwargs)


@contextlib.contextmanager
def plain_attention() -> Iterator[None]:
    """No layer of ``torch.nn.Transformer`` runs as one operator, which gives other values where tokens are padding."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


@contextlib.contextmanager
def evaluating(network: nn.Module, fresh: bool = False) -> Iterator[nn.Module]:
    """Evaluation mode inside the block; afterwards every submodule has the mode it had.

    ``fresh`` lets networks drop what they keep from one evaluation to the next; they do so on leaving that mode.
    """
    modes = [(module, module.training) for module in modules(network)]
    if fresh:
        set_training(network, True)
    if fresh or any(training for _, training in modes):
        set_training(network, False)
    try:
        yield network
    finally:
        for module, training in modes:
            if module.training != training:
                module.training = training


@contextlib.contextmanager
def training(network: nn.Module) -> Iterator[None]:
    """Training mode inside the block, after which modes, buffers and random numbers are as they were."""
    modes = [(module, module.training) for module in modules(network)]
    buffers = [(buffer, buffer.detach().clone()) for _, buffer in named_buffers(network)]
    try:
        with torch.random.fork_rng(), seeded_draws():
            torch.manual_seed(0)
            set_training(network, True)
            yield
    finally:
        for module, mode in modes:
            module.training = mode
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)


def doubled(value: Any) -> Any:
    """The inputs with two samples where there was one: normalizations in training mode need them."""

    def twice(leaf: Any) -> Any:
        fits = isinstance(leaf, Tensor) and leaf.ndim > 1 and leaf.shape[0] == 1
        return torch.cat([leaf, leaf]) if fits else leaf

    return map_leaves(twice, value)


def train_once(network: nn.Module, inputs: Inputs, device: torch.device | str) -> None:
    """One forward in training mode and the gradients of its outputs; the network is left in that mode."""
    set_training(network, True)
    outputs = call(network, doubled(to_device(inputs, device)), device)
    losses = [leaf.float().square().mean() for leaf in leaves(outputs) if isinstance(leaf, Tensor)]
    losses = [loss for loss in losses if loss.requires_grad]
    if losses:
        torch.autograd.backward(losses)


def run(
    network: nn.Module, batches: Iterable[Batch], device: torch.device | str, decoded: bool = False
) -> Iterator[tuple[Any, Any]]:
    """Yield ``(outputs, target)`` of every batch as NumPy, in evaluation mode and without gradients.

    The network keeps evaluation mode until the iteration ends or is closed, then gets back the modes it had.
    """
    decode = decoding(network) if decoded else None
    with evaluating(network):
        for inputs, target in batches:
            with torch.no_grad():  # not around the yield: it would hold for the consumer as well
                outputs = call(network, inputs, device)
                outputs = outputs if decode is None else decode(outputs)
            yield to_numpy(outputs), target
