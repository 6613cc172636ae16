"""Removes slices from a PyTorch network for real."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch

from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.removal import Removal
from prunekit.core.recording.held_values import adapt
from prunekit.plugins.backends.pytorch.recorder import named_tensors

_CONVOLUTIONS = (torch.nn.modules.conv._ConvNd,)
_BATCH_NORMS = (torch.nn.modules.batchnorm._NormBase,)
_LAYER_NORMS: Any = (torch.nn.LayerNorm, *([torch.nn.RMSNorm] if hasattr(torch.nn, "RMSNorm") else []))


def prune(network: torch.nn.Module, graph: ChannelStructure, plan: PrunePlan) -> torch.nn.Module:
    """A copy of the network without the units that the plan removes; names and their order stay as they were.

    Raises:
        PlanError: The plan is of another graph, or the graph of another network.
    """
    named = dict(named_tensors(network))
    removal = Removal.of(graph, plan, {name: tuple(tensor.shape) for name, tensor in named.items()})
    small = _copy_cut(network, named, removal)
    small.train().eval()  # some networks keep caches in evaluation mode and drop them on leaving it
    modules = dict(small.named_modules())
    for name, module in modules.items():
        before, after = removal.channels.get(name, (None, None))
        # one that normalizes the channels of every sample by themselves sees more than it has features
        _follow(module, after if getattr(module, "num_features", before) == before else None)
    for (name, path), size in removal.sizes.items():
        adapt(modules[name], network.get_submodule(name), path, size)
    return small


def _copy_cut(network: torch.nn.Module, named: Mapping[str, torch.Tensor], removal: Removal) -> torch.nn.Module:
    """A deep copy in which tensors are replaced by the part of them that stays, under every name they go by."""
    parts: dict[int, Any] = {}
    for name in removal.changed:
        tensor = named[name]
        part = tensor.detach()  # cut where it lies, which may be on an accelerator
        for axis, vector in removal.factors.get(name, {}).items():
            shape = [-1 if k == axis else 1 for k in range(part.ndim)]
            part = part * torch.from_numpy(vector).to(part).reshape(shape)
        for axis, indices in removal.kept.get(name, {}).items():
            part = part.index_select(axis, torch.from_numpy(indices).to(part.device))
        part = part.contiguous()
        if isinstance(tensor, torch.nn.Parameter):
            part = torch.nn.Parameter(part, requires_grad=tensor.requires_grad)
        parts[id(tensor)] = part
    for module in network.modules():  # a third of the copy's time would go into each module's empty tables of hooks
        parts.update({id(v): OrderedDict() for v in module.__dict__.values() if type(v) is OrderedDict and not v})
    copied = copy.deepcopy(network, parts)  # what has a part already is not copied whole
    for parameter in copied.parameters():
        if not parameter.is_leaf:  # torch copies a scripted module's as if they were computed
            parameter.detach_().requires_grad_()
    return copied


def _follow(module: torch.nn.Module, channels: int | None) -> None:
    """Bring the sizes that torch's own layers hold in line with their parameters, or with the channels they see."""
    if isinstance(module, _CONVOLUTIONS):
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
    if isinstance(module, _LAYER_NORMS):
        if module.weight is not None:
            module.normalized_shape = tuple(module.weight.shape)
        elif channels is not None and len(module.normalized_shape) == 1:
            module.normalized_shape = (channels,)
    elif isinstance(module, _BATCH_NORMS):
        sized = module.weight if module.weight is not None else module.running_mean
        module.num_features = channels or module.num_features if sized is None else len(sized)
    elif isinstance(module, torch.nn.GroupNorm):
        count = channels or module.num_channels if module.weight is None else len(module.weight)
        if module.num_groups == module.num_channels:  # one group a channel
            module.num_groups = count
        module.num_channels = count
