"""All small MindSpore networks that the tests here share, by name."""

import mindspore_nets_of_attention
import mindspore_nets_of_gates
import mindspore_nets_of_layers
import mindspore_nets_of_norms
import mindspore_nets_of_sizes
import mindspore_nets_of_windows
import mindspore_nets_that_move_channels
import mindspore_nets_that_share
from mindspore_cases import CASES

_MODULES = (
    mindspore_nets_of_layers,
    mindspore_nets_that_move_channels,
    mindspore_nets_that_share,
    mindspore_nets_of_sizes,
    mindspore_nets_of_gates,
    mindspore_nets_of_norms,
    mindspore_nets_of_attention,
    mindspore_nets_of_windows,
)

NOT_WRITTEN = {name: reason for module in _MODULES for name, reason in getattr(module, "NOT_WRITTEN", {}).items()}
"""PyTorch's networks that have no twin here, and why."""

__all__ = ["CASES", "NOT_WRITTEN"]
