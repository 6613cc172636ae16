"""Removes slices from a PyTorch network for real."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from prunekit.core.graph.channel_graph import ChannelGraph
from prunekit.core.pruning.plan import PrunePlan

_CONVOLUTIONS = (torch.nn.modules.conv._ConvNd,)
_BATCH_NORMS = (torch.nn.modules.batchnorm._NormBase,)


def prune(network: torch.nn.Module, graph: ChannelGraph, plan: PrunePlan) -> torch.nn.Module:
    """A copy of the network without the units that the plan removes; names and their order stay as they were."""
    keep = plan.flags(graph)
    kept: dict[str, dict[int, NDArray[np.int64]]] = {}
    for axis in graph.axes:
        stays = (axis.units < 0) | keep[axis.units]
        if not stays.all():
            kept.setdefault(axis.parameter, {})[axis.axis] = np.flatnonzero(stays)
    small = copy.deepcopy(network)
    small.eval()
    _cut(small, kept)
    return small


def _cut(network: torch.nn.Module, kept: Mapping[str, Mapping[int, NDArray[np.int64]]]) -> None:
    """Replace each tensor by the part of it that stays, under every name that it goes by."""
    replaced: dict[int, torch.Tensor] = {}
    originals = []  # kept alive so that no id is given twice
    named = dict(network.named_parameters()) | dict(network.named_buffers())
    for name, axes in kept.items():
        tensor = named[name]
        originals.append(tensor)
        part = tensor.detach()
        for axis, indices in axes.items():
            part = part.index_select(axis, torch.from_numpy(indices).to(part.device))
        part = part.contiguous()
        if isinstance(tensor, torch.nn.Parameter):
            part = torch.nn.Parameter(part, requires_grad=tensor.requires_grad)
        replaced[id(tensor)] = part
    for module in network.modules():
        for table in (module._parameters, module._buffers):
            for key, value in table.items():
                if value is not None and id(value) in replaced:
                    table[key] = replaced[id(value)]  # type: ignore[assignment]
        _follow(module)


def _follow(module: torch.nn.Module) -> None:
    """Bring the sizes that torch's own layers hold in line with their parameters."""
    if isinstance(module, _CONVOLUTIONS):
        a, b = module.weight.shape[:2]
        if module.groups > 1 and module.in_channels // module.groups == 1:  # depthwise: a group a channel
            module.groups = a if module.transposed else a // (module.out_channels // module.in_channels)
        module.in_channels = a if module.transposed else b * module.groups
        module.out_channels = b * module.groups if module.transposed else a
    elif isinstance(module, torch.nn.Linear):
        module.out_features, module.in_features = module.weight.shape
    elif isinstance(module, _BATCH_NORMS):
        sized = module.weight if module.weight is not None else module.running_mean
        module.num_features = len(sized) if sized is not None else module.num_features
    elif isinstance(module, torch.nn.LayerNorm) and module.weight is not None:
        module.normalized_shape = tuple(module.weight.shape)
    elif isinstance(module, torch.nn.GroupNorm) and module.weight is not None:
        module.num_channels = len(module.weight)
    elif isinstance(module, torch.nn.PReLU):
        module.num_parameters = module.weight.numel()
