"""A network's cells and what they hold, whatever names its author uses for attributes of his own."""

from __future__ import annotations

from typing import Any

from mindspore import nn

from prunekit.core.recording.shadowed_methods import plain_methods

_OF_MODES = frozenset({"set_train", "add_flags_recursive", "cells", "name_cells"})
"""``set_train`` with the methods that it calls on the cells inside."""


def set_training(network: nn.Cell, mode: bool) -> nn.Cell:
    """``network.set_train(mode)``, in which cells that do more than MindSpore's own then do what they do."""
    with plain_methods([cell for _, cell in network.cells_and_names()], nn.Cell, _OF_MODES):
        network.set_train(mode)
    return network


def named_buffers(network: nn.Cell) -> dict[str, Any]:
    """Every buffer by its place in the network."""
    found = {}
    for name, cell in network.cells_and_names():
        held = {key: buffer for key, buffer in cell._buffers.items() if buffer is not None}
        found.update({f"{name}.{key}" if name else key: buffer for key, buffer in held.items()})
    return found


def parameters_dict(network: nn.Cell) -> dict[str, Any]:
    """Every parameter by the name that MindSpore gives it."""
    with plain_methods([network], nn.Cell, frozenset({"parameters_dict"})):
        return dict(network.parameters_dict())
