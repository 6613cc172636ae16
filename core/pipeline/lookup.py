"""Backends and networks by their names, for commands that read no yml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prunekit.core.backend import Backend, Network, missing_framework
from prunekit.core.config.signature import read_signature
from prunekit.core.pipeline.description import arguments
from prunekit.core.pipeline.errors import RunError
from prunekit.registry import Register, RegisterType, did_you_mean


def named_backend(name: str, device: str = "CPU", choice: bool = False) -> Backend:
    """A registered backend.

    Args:
        name: Its name or alias.
        device: ``CPU``, ``GPU`` or ``NPU``.
        choice: Whether another one would do, which a message may then offer.

    Raises:
        PrunekitError: There is none of the name, its framework is not installed, or the device is not there.
    """
    entry = Register.entry(RegisterType.BACKEND, name)
    if missing := missing_framework(entry, choice):
        raise RunError(missing)
    maker: Any = Register.load(entry)
    backend: Backend = maker(device)
    return backend


def named_network(backend: Backend, name: str, params: Mapping[str, Any]) -> Network:
    """A registered network with seeded weights.

    Args:
        backend: The framework.
        name: Its name in the registry.
        params: What its class is constructed with, as JSON values.

    Raises:
        PrunekitError: There is no such network, or its parameters do not fit.
    """
    component = Register.get(RegisterType.NETWORK, name, backend.name)
    signature = read_signature(component, frozenset())
    for key in params:
        if key not in signature.annotations and signature.catch_all is None:
            hint = did_you_mean(key, signature.annotations) or f" There are {', '.join(signature.annotations)}."
            raise RunError(f"{name} has no parameter {key!r}.{hint}")
    given = arguments(component, params)
    try:
        return backend.build(component, given, seed=0)
    except Exception as problem:  # a network's constructor is its author's code
        raise RunError(f"{name} cannot be made: {type(problem).__name__}: {problem}") from problem
