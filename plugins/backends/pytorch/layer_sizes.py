"""Sizes that torch's own layers hold beside their parameters: which axis each of them counts.

Surgery brings them in line with the parameters, so that code which asks a layer for its width is told the new one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from prunekit.core.graph.tracked_sizes import Extent, SizeOrigin
from prunekit.core.recording.convolution_sizes import convolution_size

Axis = Callable[[torch.Tensor, int], Extent]
"""The size of one axis of a parameter."""

CONVOLUTIONS = (torch.nn.modules.conv._ConvNd,)
BATCH_NORMS = (torch.nn.modules.batchnorm._NormBase,)
LAYER_NORMS: Any = (torch.nn.LayerNorm, *([torch.nn.RMSNorm] if hasattr(torch.nn, "RMSNorm") else []))

_NAMES: list[tuple[Any, dict[str, int]]] = [
    (torch.nn.Linear, {"out_features": 0, "in_features": 1}),
    (torch.nn.Embedding, {"num_embeddings": 0, "embedding_dim": 1}),
    (torch.nn.PReLU, {"num_parameters": 0}),
    (BATCH_NORMS, {"num_features": 0}),
    (torch.nn.GroupNorm, {"num_channels": 0}),
]


def layer_size(module: torch.nn.Module, path: tuple[str | int, ...], axis: Axis) -> SizeOrigin | None:
    """What a layer's own attribute counts, or None if it is none that follows the parameters.

    Args:
        module: The layer.
        path: The attribute, then a position in it.
        axis: Makes the origin of a parameter's size.
    """
    name, weight = str(path[0]), getattr(module, "weight", None)
    weight = getattr(module, "running_mean", None) if weight is None else weight
    if not isinstance(weight, torch.Tensor):
        return None
    if isinstance(module, CONVOLUTIONS):
        return _of_convolution(module, name, weight, axis)
    if isinstance(module, LAYER_NORMS) and name == "normalized_shape" and len(path) == 2:
        return axis(weight, int(path[1]))
    if isinstance(module, torch.nn.GroupNorm) and name == "num_groups" and module.num_groups == module.num_channels:
        return axis(weight, 0)
    found = next((names[name] for kind, names in _NAMES if isinstance(module, kind) and name in names), None)
    return None if found is None else axis(weight, found)


def _of_convolution(module: Any, name: str, weight: torch.Tensor, axis: Axis) -> SizeOrigin | None:
    channels = int(module.in_channels), int(module.out_channels)
    return convolution_size(name, partial(axis, weight), int(module.groups), channels, bool(module.transposed))
