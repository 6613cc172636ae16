"""Copies of a network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from prunekit.core.recording.uncopyable import deep_copied
from prunekit.plugins.backends.pytorch.module_tree import modules, named_parameters


def copied(network: torch.nn.Module, parts: Mapping[int, Any] | None = None) -> torch.nn.Module:
    """A deep copy of a network; what forwards left in its modules is copied without the way it was computed.

    Args:
        network: Left as it is.
        parts: By the id of something that the network holds, what the copy has in its place.
    """
    known = dict(parts or {})
    for module in modules(network):  # half of the copy's time would go into each module's empty tables and its sizes
        for value in module.__dict__.values():
            if type(value) in _TABLES and not value:
                known[id(value)] = type(value)()
            elif type(value) is tuple and all(type(part) is int for part in value):
                known[id(value)] = value
    with _Detaching():
        small: torch.nn.Module = deep_copied(network, list(modules(network)), known)
    for _, parameter in named_parameters(small):
        if not parameter.is_leaf:  # torch copies a scripted module's as if they were computed
            parameter.detach_().requires_grad_()
    return small


_TABLES = (OrderedDict, dict, set)


class _Detaching(TorchFunctionMode):
    """Lets computed tensors, such as an activation kept for later, be copied, which torch refuses."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call it, on what a computed tensor holds where that is to be copied."""
        if func is torch.Tensor.__deepcopy__ and not args[0].is_leaf:
            made, known = args[0].detach(), args[1]
            known[id(args[0])] = func(made, known)
            return known[id(args[0])]
        return func(*args, **(kwargs or {}))
