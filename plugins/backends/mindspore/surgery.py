"""Removes slices from a MindSpore network for real."""

from __future__ import annotations

from collections.abc import Mapping

import mindspore
from mindspore import Parameter, Tensor, mint, nn, ops
from mindspore.ops.primitive import Primitive

from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.removal import Removal
from prunekit.core.recording.held_values import adapt
from prunekit.plugins.backends.mindspore.cell_tree import set_training
from prunekit.plugins.backends.mindspore.copying import copied
from prunekit.plugins.backends.mindspore.forward import as_array
from prunekit.plugins.backends.mindspore.recorder import named_tensors, parameters_and_buffers


def prune(network: nn.Cell, graph: ChannelStructure, plan: PrunePlan) -> nn.Cell:
    """A copy of the network without the units that the plan removes; names and their order stay as they were.

    Raises:
        PlanError: The plan is of another graph, or the graph of another network.
    """
    mindspore.ms_memory_recycle()  # it keeps some MiB of every shape that has run: those of the candidate before
    named = dict(named_tensors(network))
    shapes = {name: tuple(tensor.shape) for name, tensor in named.items()}
    removal = Removal.of(graph, plan, shapes, parameters_and_buffers(network).keys())
    # each gets a new parameter: one that has run keeps its old shape for MindSpore, whatever data it is given
    small = copied(network, {id(named[name]): _part(named, removal, name) for name in removal.changed})
    set_training(small, False)
    cells, before = dict(small.cells_and_names()), dict(network.cells_and_names())
    for (name, path), size in removal.sizes.items():
        adapt(cells[name], before[name], path, size)
    for name, cell in cells.items():
        _, channels = removal.channels.get(name, (None, None))
        _follow(cell, channels)
    return small


def _part(named: Mapping[str, Tensor], removal: Removal, name: str) -> Tensor:
    """What is left of a tensor, as the same kind of tensor."""
    tensor = named[name]
    left = removal.part(name, as_array(tensor))
    if name in removal.lengths:
        left = left * removal.length(name, lambda key: as_array(named[key]))
    data = Tensor(left, dtype=tensor.dtype)
    if isinstance(tensor, Parameter):
        return Parameter(data, name=tensor.name, requires_grad=tensor.requires_grad)
    return data


def _follow(cell: nn.Cell, channels: int | None) -> None:
    """Bring the sizes that MindSpore's own cells and their primitives hold in line with their parameters."""
    weight = getattr(cell, "weight", None)
    held = vars(cell)
    if isinstance(weight, Tensor) and weight.ndim > 2 and "in_channels" in held:
        _follow_convolution(cell, weight.shape)
    elif isinstance(cell, nn.Dense):
        cell.out_channels, cell.in_channels = cell.weight.shape
    elif isinstance(cell, mint.nn.Linear):
        cell.out_features, cell.in_features = cell.weight.shape
    elif isinstance(gain := getattr(cell, "gamma", weight), Tensor) and gain.ndim == 1 and "num_features" in held:
        cell.num_features = gain.shape[0]
    elif isinstance(cell, nn.GroupNorm):
        count = gain.shape[0] if isinstance(gain, Tensor) else channels or cell.num_channels
        if cell.num_groups == cell.num_channels:  # one group a channel
            cell.num_groups = count
        cell.num_channels = count
    elif isinstance(cell, nn.Pad) and cell.mode == "CONSTANT":
        cell.pad = ops.Pad(cell.paddings)
    elif isinstance(cell, nn.LayerNorm) and isinstance(gain, Tensor):
        cell.normalized_shape = tuple(gain.shape)


def _follow_convolution(cell: nn.Cell, shape: tuple[int, ...]) -> None:
    a, b = shape[:2]
    transposed = "Transpose" in type(cell).__name__
    key = "group" if "group" in vars(cell) else "groups"
    groups = int(getattr(cell, key, 1))
    if groups > 1 and cell.in_channels == groups:  # depthwise: a group a channel
        groups = a if transposed else a // (cell.out_channels // cell.in_channels)
    vars(cell)[key] = groups
    cell.in_channels = a if transposed else b * groups
    cell.out_channels = b * groups if transposed else a
    for name, primitive in list(vars(cell).items()):
        if isinstance(primitive, Primitive) and "out_channel" in primitive.init_attrs:
            # that of a transposed one names the channels that it reads
            setattr(cell, name, type(primitive)(**{**primitive.init_attrs, "out_channel": a, "group": groups}))
