"""Builds a registered network by its name, for commands that read no yml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prunekit.core.backend import Backend, Network
from prunekit.core.config.signature import read_signature
from prunekit.core.pipeline.components import constructing
from prunekit.core.pipeline.description import arguments
from prunekit.core.pipeline.errors import RunError
from prunekit.registry import Register, RegisterType, did_you_mean


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
    with constructing(name):
        return backend.build(component, given, seed=0)
