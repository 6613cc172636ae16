"""Gives a network the weights of a file, whichever framework either is from."""

from __future__ import annotations

from pathlib import Path

from prunekit.core.backend import Backend, Network
from prunekit.core.weights.files import read_weights
from prunekit.core.weights.name_matching import Renaming, check_fit, renaming
from prunekit.core.weights.naming import Naming, counts
from prunekit.core.weights.soundness import refuse_unsound


def load_weights(backend: Backend, network: Network, path: Path, reader: Backend | None = None) -> str | None:
    """Load a file whose names are the network's own or those of one of its namings; all names and shapes must fit.

    Args:
        backend: The network's.
        network: The network.
        path: The file.
        reader: The backend that is asked first for a file of a framework's own; without it the network's.

    Returns:
        Which names they were and how many were translated; None where they are the network's own.

    Raises:
        WeightsError: The file cannot be read or does not fit, and the network is left as it was; or nothing can be
            computed with what it holds.
    """
    found, own, known = read_weights(path, reader or backend), backend.weight_shapes(network), namings(network)
    way = renaming(own, found, known)
    arrays = {way.names[name]: array for name, array in found.items()}
    check_fit(str(path), type(network).__name__, own, arrays, _tried(way, known, own.keys() - arrays.keys()))
    backend.load(network, {name: arrays[name] for name in own if name in arrays})
    refuse_unsound(backend, network, str(path), arrays)
    return way.told()


def load_own(backend: Backend, network: Network, path: Path) -> None:
    """Load a file whose names are the network's own.

    Raises:
        WeightsError: The file cannot be read or does not fit, and the network is left as it was; or nothing can be
            computed with what it holds.
    """
    found, own = read_weights(path, backend), backend.weight_shapes(network)
    check_fit(str(path), type(network).__name__, own, found)
    backend.load(network, {name: found[name] for name in own if name in found})
    refuse_unsound(backend, network, str(path), found)


def namings(network: Network) -> tuple[Naming, ...]:
    """Those that the network's class lists, else that of a twin."""
    return tuple(getattr(type(network), "namings", ())) or (Naming(),)


def _tried(way: Renaming, known: tuple[Naming, ...], missing: set[str]) -> str:
    """What to say of names that fit none of the namings; nothing where it is only the shapes."""
    if all(map(counts, missing)):
        return ""
    nearest = "its own" if way.naming is None else f"those of {way.naming.title}"
    titles = ", ".join(["its own", *(naming.title for naming in known)])
    return f"; names tried: {titles}; nearest: {nearest}"
