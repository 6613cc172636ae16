"""Removes slices from a PyTorch network for real."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.removal import Removal
from prunekit.core.recording.held_values import adapt
from prunekit.plugins.backends.pytorch.copying import copied
from prunekit.plugins.backends.pytorch.forward import to_numpy
from prunekit.plugins.backends.pytorch.layer_sizes import BATCH_NORMS, CONVOLUTIONS, LAYER_NORMS
from prunekit.plugins.backends.pytorch.module_tree import (
    kept_names,
    modules,
    named_modules,
    named_tensors,
    plain_methods,
    set_training,
)

_COMPUTING = (WeightNorm, SpectralNorm, BasePruningMethod)


def prune(network: torch.nn.Module, graph: ChannelStructure, plan: PrunePlan) -> torch.nn.Module:
    """A copy of the network without the units that the plan removes; names and their order stay as they were.

    Raises:
        PlanError: The plan is of another graph, or the graph of another network.
    """
    named = dict(named_tensors(network))
    shapes = {name: tuple(tensor.shape) for name, tensor in named.items()}
    removal = Removal.of(graph, plan, shapes, kept_names(network))
    small = copied(network, _parts(named, removal))
    for mode in (True, False):  # some networks keep caches in evaluation mode and drop them on leaving it
        set_training(small, mode)
    _compute_weights(small)
    by_name, originals = dict(named_modules(small)), dict(named_modules(network))
    for name, module in by_name.items():
        before, after = removal.channels.get(name, (None, None))
        # one that normalizes the channels of every sample by themselves sees more than it has features
        _follow(module, after if getattr(module, "num_features", before) == before else None)
    for (name, path), size in removal.sizes.items():
        adapt(by_name[name], originals[name], path, size)
    return small


def _parts(named: Mapping[str, torch.Tensor], removal: Removal) -> dict[int, torch.Tensor]:
    """By the id of each tensor that loses something what stays of it, under whatever names it goes."""
    parts = dict[int, torch.Tensor]()
    for name in removal.changed:
        tensor = named[name]
        part = tensor.detach()  # cut where it lies, which may be on an accelerator
        for axis, vector in removal.factors.get(name, {}).items():
            shape = [-1 if k == axis else 1 for k in range(part.ndim)]
            part = part * torch.from_numpy(vector).to(part).reshape(shape)
        for axis, indices in removal.kept.get(name, {}).items():
            part = part.index_select(axis, torch.from_numpy(indices).to(part.device))
        if name in removal.lengths:
            length = removal.length(name, lambda key: to_numpy(named[key]))
            part = part * torch.as_tensor(length, dtype=torch.float64).to(part)
        part = part.to(memory_format=_memory_format(tensor)).contiguous(memory_format=_memory_format(tensor))
        parts[id(tensor)] = _of_its_kind(tensor, part)
    return parts


def _of_its_kind(tensor: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Values in the place of a tensor: a parameter, if it is one."""
    if isinstance(tensor, torch.nn.Parameter):
        return torch.nn.Parameter(values, requires_grad=tensor.requires_grad)
    return values


def as_float64(network: torch.nn.Module) -> torch.nn.Module:
    """A copy that computes in float64, with the tensors that modules hold as plain attributes."""
    parts: dict[int, Any] = {}
    for _, tensor in named_tensors(network):
        if tensor.is_floating_point() or tensor.is_complex():
            wide = tensor.detach().to(torch.complex128 if tensor.is_complex() else torch.float64, copy=True)
            parts[id(tensor)] = _of_its_kind(tensor, wide)
    precise = copied(network, parts)
    with plain_methods(precise):
        return precise.double()  # what is left are the tensors of scripted modules


def _memory_format(tensor: torch.Tensor) -> torch.memory_format:
    """How a tensor lies in memory: its channels last, or not; where the two are the same, not."""
    last = {4: torch.channels_last, 5: torch.channels_last_3d}.get(tensor.ndim)
    plain = torch.contiguous_format
    if last is None or tensor.stride() == _strides(tensor, plain):
        return plain
    return last if tensor.stride() == _strides(tensor, last) else plain


def _strides(tensor: torch.Tensor, memory_format: torch.memory_format) -> tuple[int, ...]:
    return torch.empty(tensor.shape, device="meta", memory_format=memory_format).stride()


def _compute_weights(network: torch.nn.Module) -> None:
    """Let what hooks compute before a forward, and modules hold as an attribute, be of what is left."""
    with torch.no_grad():
        for module in modules(network):
            for hook in module._forward_pre_hooks.values():
                if isinstance(hook, _COMPUTING):
                    hook(module, ())


def _follow(module: torch.nn.Module, channels: int | None) -> None:
    """Bring the sizes that torch's own layers hold in line with their parameters, or with the channels they see."""
    if isinstance(module, CONVOLUTIONS):
        a, b = module.weight.shape[:2]
        if module.groups > 1 and module.in_channels == module.groups:  # depthwise: a group a channel
            module.groups = a if module.transposed else a // (module.out_channels // module.in_channels)
        module.in_channels = a if module.transposed else b * module.groups
        module.out_channels = b * module.groups if module.transposed else a
    elif isinstance(module, torch.nn.Linear):
        module.out_features, module.in_features = module.weight.shape
    elif isinstance(module, torch.nn.Embedding):
        module.num_embeddings, module.embedding_dim = module.weight.shape
    elif isinstance(module, torch.nn.PReLU):
        module.num_parameters = module.weight.numel()
    else:
        _follow_norm(module, channels)


def _follow_norm(module: torch.nn.Module, channels: int | None) -> None:
    if isinstance(module, LAYER_NORMS):
        if module.weight is not None:
            module.normalized_shape = tuple(module.weight.shape)
        elif channels is not None and len(module.normalized_shape) == 1:
            module.normalized_shape = (channels,)
    elif isinstance(module, BATCH_NORMS):
        sized = module.weight if module.weight is not None else module.running_mean
        module.num_features = channels or module.num_features if sized is None else len(sized)
    elif isinstance(module, torch.nn.GroupNorm):
        count = channels or module.num_channels if module.weight is None else len(module.weight)
        if module.num_groups == module.num_channels:  # one group a channel
            module.num_groups = count
        module.num_channels = count
