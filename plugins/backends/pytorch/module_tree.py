"""A network's modules, parameters and buffers, whatever names its author uses for attributes of his own.

``network.modules()`` fails where a network keeps a list of that name, and so does every method of torch's that calls
another one on the modules inside: here the tables that all of them stand on are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch.nn import Module, Parameter

from prunekit.core.recording import shadowed_methods
from prunekit.core.recording.module_attributes import tensors_held

_OF_MODES = frozenset({"train", "eval", "children", "named_children"})
_OF_STATE = frozenset({"state_dict", "load_state_dict", "to", "double", "children", "named_children"})
"""Methods of torch's with those that they call on the modules inside."""

_OWN = frozenset(vars(Module()))
"""What every module has in its ``__dict__``."""


def named_modules(network: Module) -> Iterator[tuple[str, Module]]:
    """Every module with the first name that leads to it, the network itself first, in torch's order."""
    seen, waiting = set[Module](), [("", network)]
    while waiting:
        name, module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        yield name, module
        if table := module._modules:
            inside = [(f"{name}.{key}" if name else key, part) for key, part in table.items() if part is not None]
            waiting += reversed(inside)


def modules(network: Module) -> Iterator[Module]:
    """Every module, each once."""
    return (module for _, module in named_modules(network))


def named_parameters(network: Module) -> Iterator[tuple[str, Parameter]]:
    """Every parameter with the first name that leads to it."""
    return _members(network, "_parameters")


def named_buffers(network: Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Every buffer with the first name that leads to it."""
    return _members(network, "_buffers")


def named_tensors(network: Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Parameters, buffers, and tensors that modules hold as plain attributes, also in lists and dicts; with names."""
    found = list(named_modules(network))
    for table in ("_parameters", "_buffers"):
        for name, module in found:
            for key, value in getattr(module, table).items():
                if isinstance(value, torch.Tensor):
                    yield f"{name}.{key}" if name else key, value
    for name, module in found:
        for key, value in module.__dict__.items():
            if key not in _OWN and issubclass(type(value), (torch.Tensor, list, tuple, dict)):
                yield from tensors_held(value, f"{name}.{key}" if name else key, torch.Tensor)


def kept_names(network: Module) -> set[str]:
    """Names of what a network's state is made of: parameters, and buffers that are saved."""
    names = set[str]()
    for name, module in named_modules(network):
        unsaved = module._non_persistent_buffers_set
        keys = [key for table in (module._parameters, module._buffers) for key, _ in table.items()]
        names.update(f"{name}.{key}" if name else key for key in keys if key not in unsaved)
    return names


def device_of(network: Module) -> torch.device:
    """Where a network is: where its first parameter lies."""
    tensor = next((parameter for _, parameter in named_parameters(network)), None)
    return torch.device("cpu") if tensor is None else tensor.device


def set_training(network: Module, mode: bool) -> None:
    """``network.train(mode)``, in which modules that do more than torch's own then do what they do."""
    with plain_methods(network, _OF_MODES):
        network.train() if mode else network.eval()


def plain_methods(network: Module, methods: frozenset[str] = _OF_STATE) -> AbstractContextManager[None]:
    """Inside the block methods of torch's can be called, also where a module holds something else of their name."""
    return shadowed_methods.plain_methods(modules(network), Module, methods)


def _members(network: Module, table: str) -> Iterator[tuple[str, Any]]:
    seen = set[int]()
    for name, module in named_modules(network):
        for key, value in getattr(module, table).items():
            if value is not None and id(value) not in seen:
                seen.add(id(value))
                yield f"{name}.{key}" if name else key, value
