"""Loads a network from its description."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prunekit.core.backend import Backend, Network
from prunekit.core.pipeline.description import Description
from prunekit.core.pipeline.errors import DescriptionError
from prunekit.registry import Register, RegisterType, UnknownNameError


def load(path: str | Path, device: str = "CPU") -> Network:
    """A (pruned) network in evaluation mode, from ``desc_<id>.json`` and the weights beside it.

    Nothing is unpickled, and neither the original network's weights nor the yml are needed.

    Args:
        path: The description.
        device: ``CPU``, ``GPU`` or ``NPU``.

    Raises:
        PrunekitError: The file is none, the network's class is not registered (the message names the module to
            import first), or the weights do not fit.
    """
    path = Path(path)
    description = Description.read(path)
    maker: Any = Register.get(RegisterType.BACKEND, description.backend)
    backend: Backend = maker(device)
    try:
        return description.build(backend, path.parent)
    except UnknownNameError as problem:
        first = ", ".join(description.imports) or "the module that registers it"
        raise DescriptionError(f"{path}: {problem} Import {first} first.") from problem
