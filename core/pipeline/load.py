"""Loads a network from its description."""

from __future__ import annotations

from pathlib import Path

from prunekit.core.backend import Backend, Network
from prunekit.core.pipeline.description import Description
from prunekit.core.pipeline.errors import DescriptionError
from prunekit.core.pipeline.lookup import named_backend

_DEVICES = ("CPU", "GPU", "NPU")


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
    if device not in _DEVICES:
        raise DescriptionError(f"no device {device!r}; there are {', '.join(_DEVICES)}")
    description = Description.read(Path(path))
    return described_network(named_backend(description.backend, device), Path(path))[0]


def described_network(backend: Backend, path: Path) -> tuple[Network, Description]:
    """The network that a file describes, on a backend that is there already, and the description.

    Raises:
        PrunekitError: As ``load``.
    """
    description = Description.read(path)
    try:
        return description.build(backend, path.parent), description
    except DescriptionError as problem:
        raise DescriptionError(f"{path}: {problem}") from problem
