"""The exact oracle: a pruned network computes what the original computes when the removed slices are zero."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.utils._pytree import tree_flatten, tree_leaves

from prunekit import ChannelGraph, PrunePlan, prune
from prunekit.core.graph.structure import staying
from prunekit.plugins.backends.pytorch.backend import PytorchBackend

BACKEND = PytorchBackend()


def call(network: nn.Module, inputs: Any) -> Any:
    if isinstance(inputs, dict):
        return network(**inputs)
    return network(*inputs) if isinstance(inputs, tuple) else network(inputs)


def zeroed(graph: ChannelGraph, plan: PrunePlan, state: dict[str, Any]) -> dict[str, Any]:
    """The state in which every slice that the plan removes is zero."""
    keep = plan.flags(graph)
    changed: dict[str, Any] = {}
    for axis in graph.axes:
        gone = ~staying(axis.units, keep)
        if gone.any() and axis.parameter in state:
            array = changed.setdefault(axis.parameter, state[axis.parameter].copy())
            array[(slice(None),) * axis.axis + (gone,)] = 0
    return changed


def halves(graph: ChannelGraph, seed: int) -> list[PrunePlan]:
    """A random part of every group removed, and the rest of it, as far as quotas allow it."""
    first, second = dict[int, tuple[int, ...]](), dict[int, tuple[int, ...]]()
    for group in graph.groups:
        order = np.random.default_rng([seed, group.id]).permutation(group.size)
        count = group.nearest(group.size - group.size // 2)
        first[group.id] = tuple(sorted(group.last(order[::-1], count).tolist()))
        second[group.id] = tuple(sorted(group.last(order, group.nearest(group.size - count)).tolist()))
    sizes = {group.id: group.size for group in graph.groups}
    return [PrunePlan(keep, sizes, graph.signature) for keep in (first, second)]


def masked(network: nn.Module, graph: ChannelGraph, plan: PrunePlan) -> nn.Module:
    """The original with zeros for what goes; layer and group normalizations take statistics over what stays."""
    other = BACKEND.with_state(network, zeroed(graph, plan, BACKEND.state_arrays(network)))
    keep = plan.flags(graph)
    for name, units in graph.norms:
        stays = torch.from_numpy(staying(units, keep))
        module = other.get_submodule(name)
        if isinstance(module, nn.LayerNorm):
            module.forward = lambda x, m=module, s=stays: _layer_norm(m, x, s)
        elif isinstance(module, nn.GroupNorm):
            module.forward = lambda x, m=module, s=stays: _group_norm(m, x, s)
    _zero_computed_weights(network, other, graph, keep)
    return other


def _zero_computed_weights(network: nn.Module, other: nn.Module, graph: ChannelGraph, keep: Any) -> None:
    """Zeros in the weights that parametrizations compute, not in what they compute them from."""
    for layer in graph.layers:
        whole = network.get_submodule(layer.name)
        if parametrize.is_parametrized(whole):
            weight = whole.weight.detach().clone()
            for axis in graph.axes:
                if axis.parameter == layer.weight:
                    weight[(slice(None),) * axis.axis + (torch.from_numpy(~staying(axis.units, keep)),)] = 0
            module = other.get_submodule(layer.name)
            module.forward = lambda x, m=module, w=weight: m._conv_forward(x, w, m.bias)


def error(small: nn.Module, reference: nn.Module, inputs: Any) -> float:
    """Largest difference of any output, relative to the largest value of that output."""
    with torch.no_grad():
        got, wanted = call(small, inputs), call(reference, inputs)
    assert tree_flatten(got)[1] == tree_flatten(wanted)[1]
    errors = [0.0]
    for a, b in zip(tree_leaves(got), tree_leaves(wanted), strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype and not (torch.isnan(a) | torch.isnan(b)).any()
        errors.append(float((a - b).abs().max() / b.abs().max()))
    return max(errors)


def check(network: nn.Module, graph: ChannelGraph, plan: PrunePlan, inputs: Any) -> nn.Module:
    """Prune, hold the result against the oracle, and return it."""
    small = prune(network, graph, plan)
    assert error(small, masked(network, graph, plan), inputs) < 1e-10
    return small


def snapshot(network: nn.Module) -> Any:
    tensors = [*network.named_parameters(), *network.named_buffers()]
    state = [(name, id(t), t.requires_grad, t.detach().numpy().tobytes()) for name, t in tensors]
    return copy.deepcopy((state, attributes(network)))


def attributes(network: nn.Module) -> list[tuple[str, str, type, str]]:
    """What modules hold beside tensors and modules: module, name, type, value."""
    return [
        (name, key, type(value), str(value))
        for name, module in network.named_modules()
        for key, value in vars(module).items()
        if not key.startswith("_") and not isinstance(value, torch.Tensor)
    ]


def _layer_norm(module: nn.LayerNorm, x: torch.Tensor, stays: torch.Tensor) -> torch.Tensor:
    mean = x[..., stays].mean(-1, keepdim=True)
    variance = x[..., stays].var(-1, keepdim=True, unbiased=False)
    y = (x - mean) / (variance + module.eps).sqrt()
    return y * stays if module.weight is None else y * module.weight + module.bias


def _group_norm(module: nn.GroupNorm, x: torch.Tensor, stays: torch.Tensor) -> torch.Tensor:
    parts = []
    for part, here in zip(x.chunk(module.num_groups, 1), stays.chunk(module.num_groups), strict=True):
        kept = part[:, here if here.any() else ~here].flatten(1)
        mean, variance = kept.mean(1)[:, None, None, None], kept.var(1, unbiased=False)[:, None, None, None]
        parts.append((part - mean) / (variance + module.eps).sqrt())
    return torch.cat(parts, 1) * module.weight[:, None, None] + module.bias[:, None, None]
