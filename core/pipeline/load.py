"""Loads a network from its description."""

from __future__ import annotations

from pathlib import Path

from prunekit.core.backend import Network
from prunekit.core.backend_factory import make_backend
from prunekit.core.pipeline.description import Description
from prunekit.core.pipeline.errors import DescriptionError
from prunekit.core.pipeline.subject import described_subject

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
    backend = make_backend(Description.read(Path(path)).backend, device)
    return described_subject(backend, Path(path)).network
