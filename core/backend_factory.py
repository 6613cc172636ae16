"""Makes backends: by their name, or for a network by its class."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from prunekit.registry import Entry, PrunekitError, Register, RegisterType

if TYPE_CHECKING:
    from prunekit.core.backend import Backend, Network

DEFAULT_BACKEND = "pytorch"  # of a yml that names none


class MissingFrameworkError(PrunekitError):
    """A backend's framework is not installed; the message says what to install."""


def make_backend(name: str, device: str | None = None, offer_other: bool = False) -> Backend:
    """Make a registered backend.

    Args:
        name: Its name or alias.
        device: ``CPU``, ``GPU`` or ``NPU``; None leaves it to the backend.
        offer_other: Whether a message may offer another backend, whose framework is installed.

    Raises:
        PrunekitError: There is none of the name, its framework is not installed, or the device is not there.
    """
    entry = Register.entry(RegisterType.BACKEND, name)
    if missing := missing_framework(entry, offer_other):
        raise MissingFrameworkError(missing)
    backend_class = Register.load(entry)
    made: Backend = backend_class() if device is None else backend_class(device)
    return made


def backend_for(network: Network) -> Backend:
    """Make the registered backend that handles the network's class; imports nothing else.

    Raises:
        TypeError: There is none.
    """
    name = Register.backend_of(type(network))
    if name is None:
        known = ", ".join(f"{e.name} ({e.framework})" for e in Register.entries(RegisterType.BACKEND))
        raise TypeError(f"{type(network).__qualname__} is no network of a registered backend; there are {known}")
    return make_backend(name)


def missing_framework(entry: Entry, offer_other: bool = False) -> str | None:
    """What to install before the backend of an entry can be used, in a sentence; None where it is there.

    Args:
        entry: The backend's.
        offer_other: Whether the sentence may offer another backend, whose framework is installed.
    """
    if _installed(entry):
        return None
    source = f"'prunekit[{entry.name}]'" if entry.distribution == "prunekit" else entry.framework
    others = [other.name for other in Register.entries(RegisterType.BACKEND) if offer_other and _installed(other)]
    offer = f", or choose -b {others[0]}" if others else ""
    return f"backend {entry.name!r} needs {entry.framework}, which is not installed; pip install {source}{offer}"


def _installed(entry: Entry) -> bool:
    return entry.framework is None or importlib.util.find_spec(entry.framework) is not None
