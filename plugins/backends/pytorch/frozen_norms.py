"""Batch normalizations that are not trained, whoever wrote them: all that they know are buffers."""

from __future__ import annotations

import torch

from prunekit.plugins.backends.pytorch.module_tree import modules

_BUFFERS = ("running_mean", "running_var", "weight", "bias")


def is_frozen_norm(module: torch.nn.Module) -> bool:
    """Whether a module has statistics, gain and shift as vectors of one length, none of them a parameter.

    torch's own normalizations are none: their training mode takes statistics.
    """
    if isinstance(module, torch.nn.modules.batchnorm._NormBase):
        return False
    buffers = dict(module._buffers.items())  # a scripted module's table is no dict
    vectors = [buffers.get(name) for name in _BUFFERS]
    shapes = {() if vector is None else tuple(vector.shape) for vector in vectors}
    return len(shapes) == 1 and len(shapes.pop()) == 1


def frozen_norms(network: torch.nn.Module) -> list[torch.nn.Module]:
    """All that a network has."""
    return [module for module in modules(network) if is_frozen_norm(module)]
