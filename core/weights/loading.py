"""Gives a network the weights of a file, whichever framework either is from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from prunekit.core.backend import Backend, Network
from prunekit.core.weights.files import numbers, read_sets
from prunekit.core.weights.fitting import Shapes, Way, decided, fitting_arrays, large_enough, size_of
from prunekit.core.weights.name_matching import Renaming, check_fit, quoted
from prunekit.core.weights.naming import Naming, counts
from prunekit.core.weights.soundness import refuse_unsound


def load_weights(
    backend: Backend, network: Network, path: Path, reader: Backend | None = None, key: str | None = None
) -> str | None:
    """Load a file whose names are the network's own or those of one of its namings; all names and shapes must fit.

    Of several sets of weights in the file the one that was trained is taken, before averages of it.

    Args:
        backend: The network's.
        network: The network.
        path: The file.
        reader: The backend that is asked first for a file of a framework's own; without it the network's.
        key: Which set of weights to take (``ema``).

    Returns:
        Which of the file's weights they are and how their names were translated; None where the file holds nothing
        else and the names are the network's own.

    Raises:
        WeightsError: The file cannot be read or does not fit, and the network is left as it was; or nothing can be
            computed with what it holds.
    """
    own, known = backend.weight_shapes(network), namings(network)
    sets = large_enough(own, read_sets(path, reader or backend, key, size_of(own)))
    ways = [Way.of(own, each, known) for each in sets]
    fits = [each for each in ways if each.fits(own)]
    if not fits:
        _refuse(path, type(network).__name__, own, ways, known)
    way = decided(path, type(network).__name__, fits)
    arrays = numbers(str(path), fitting_arrays(own, way.found))
    backend.load(network, arrays)
    refuse_unsound(backend, network, str(path), arrays)
    return way.told([each.taken.key for each in fits])


def load_own(backend: Backend, network: Network, path: Path) -> None:
    """Load a file whose names are the network's own.

    Raises:
        WeightsError: The file cannot be read or does not fit, and the network is left as it was; or nothing can be
            computed with what it holds.
    """
    own = backend.weight_shapes(network)
    found = read_sets(path, backend, most=size_of(own))[0].arrays
    check_fit(str(path), type(network).__name__, own, found)
    arrays = numbers(str(path), fitting_arrays(own, found))
    backend.load(network, arrays)
    refuse_unsound(backend, network, str(path), arrays)


def namings(network: Network) -> tuple[Naming, ...]:
    """Those that the network's class lists, else that of a twin."""
    return tuple(getattr(type(network), "namings", ())) or (Naming(),)


def _refuse(path: Path, network: str, own: Shapes, ways: Sequence[Way], known: tuple[Naming, ...]) -> NoReturn:
    """Say what does not fit in the set that comes nearest.

    Raises:
        WeightsError: Always.
    """
    way = max(ways, key=lambda each: len(own.keys() & each.found.keys()))
    source = f"{path}, under {quoted(way.taken.key)}," if way.taken.key else str(path)
    parts = [part for each in ways for part in each.taken.parts()]
    fitting = [part.key for part in parts if Way.of(own, part, known).fits(own)]
    hint = f"; but what lies under {quoted(fitting[0])} fits: a key chooses it, pretrained_model_key" if fitting else ""
    check_fit(source, network, own, way.found, hint or _tried(way.renaming, known, own.keys() - way.found.keys()))
    raise AssertionError("it fits")


def _tried(way: Renaming, known: tuple[Naming, ...], missing: set[str]) -> str:
    """What to say of names that fit none of the namings; nothing where it is only the shapes."""
    if all(map(counts, missing)):
        return ""
    nearest = "its own" if way.naming is None else f"those of {way.naming.title}"
    titles = ", ".join(["its own", *(naming.title for naming in known)])
    return f"; names tried: {titles}; nearest: {nearest}"
