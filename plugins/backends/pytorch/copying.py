"""Copies of a network."""

from __future__ import annotations

import copyreg
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
    known, shells = dict(parts or {}), list[tuple[torch.nn.Module, torch.nn.Module]]()
    for module in modules(network):  # most of the copy's time would go into each module's empty tables and its sizes
        if id(module) not in known and _copied_by_its_dict(type(module)):
            known[id(module)] = shell = type(module).__new__(type(module))
            shells.append((module, shell))
        for value in module.__dict__.values():
            if type(value) in _TABLES and not value:
                known[id(value)] = type(value)()
            elif type(value) is tuple and all(type(part) is int for part in value):
                known[id(value)] = value
    with _Detaching():
        small: torch.nn.Module = deep_copied(network, list(modules(network)), known, shells)
    for _, parameter in named_parameters(small):
        if not parameter.is_leaf:  # torch copies a scripted module's as if they were computed
            parameter.detach_().requires_grad_()
    return small


_TABLES = (OrderedDict, dict, set)


def _copied_by_its_dict(kind: type[torch.nn.Module]) -> bool:
    """Whether a class says nothing of its own of how its modules are copied."""
    return (
        not any(hasattr(kind, name) for name in ("__deepcopy__", "__getnewargs__", "__getnewargs_ex__"))
        and not any("__slots__" in vars(one) or "__getstate__" in vars(one) for one in kind.__mro__[:-1])
        and kind.__reduce_ex__ is object.__reduce_ex__
        and kind.__reduce__ is object.__reduce__
        and kind.__setstate__ is torch.nn.Module.__setstate__
        and copyreg.dispatch_table.get(kind) is None
    )


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
