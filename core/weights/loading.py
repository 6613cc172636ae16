"""Gives a network the weights of a file, whichever framework either is from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from prunekit.core.backend import Backend, Network
from prunekit.core.weights.errors import WeightsError
from prunekit.core.weights.files import numbers, read_sets
from prunekit.core.weights.leftovers import leftovers
from prunekit.core.weights.name_matching import Renaming, check_fit, misfits, renaming, some
from prunekit.core.weights.naming import Naming, counts
from prunekit.core.weights.stored import Stored
from prunekit.core.weights.weight_sets import WeightSet

Shapes = Mapping[str, tuple[int, ...]]


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
        WeightsError: The file cannot be read or does not fit; the network is left as it was.
    """
    own, known = backend.weight_shapes(network), namings(network)
    sets = _large_enough(own, read_sets(path, reader or backend, key, size_of(own)))
    ways = [_Way.of(own, each, known) for each in sets]
    fits = [each for each in ways if not any(misfits(own, each.found).values())]
    if not fits:
        _refuse(path, type(network).__name__, own, ways, known)
    way = _decided(path, type(network).__name__, fits)
    backend.load(network, numbers(str(path), {name: way.found[name] for name in own if name in way.found}))
    return way.told([each.taken.key for each in fits])


def _large_enough(own: Shapes, sets: Sequence[WeightSet]) -> Sequence[WeightSet]:
    """The sets that have as many arrays as the network, or where none has the largest."""
    wanted = sum(not counts(name) for name in own)
    return [each for each in sets if len(each.arrays) >= wanted] or [max(sets, key=lambda each: len(each.arrays))]


def load_own(backend: Backend, network: Network, path: Path) -> None:
    """Load a file whose names are the network's own.

    Raises:
        WeightsError: The file cannot be read or does not fit; the network is left as it was.
    """
    own = backend.weight_shapes(network)
    found = read_sets(path, backend, most=size_of(own))[0].arrays
    check_fit(str(path), type(network).__name__, own, found)
    backend.load(network, numbers(str(path), {name: found[name] for name in own if name in found}))


def namings(network: Network) -> tuple[Naming, ...]:
    """Those that the network's class lists, else that of a twin."""
    return tuple(getattr(type(network), "namings", ())) or (Naming(),)


@dataclass(frozen=True)
class _Way:
    """A set of weights of a file, as a network reads it.

    Attributes:
        taken: The set.
        renaming: How its names are read.
        found: The arrays by the network's own names.
        left: Names in the set of what training needed, which the network has no place for.
    """

    taken: WeightSet
    renaming: Renaming
    found: Mapping[str, Stored]
    left: tuple[str, ...]

    @classmethod
    def of(cls, own: Shapes, taken: WeightSet, known: tuple[Naming, ...]) -> _Way:
        """The nearest way to read a set."""
        spare = [name for name in leftovers(taken.arrays) if name not in own and not counts(name)]
        way = renaming(own, [name for name in taken.arrays if name not in spare], known)
        return cls(taken, way, {new: taken.arrays[old] for old, new in way.names.items()}, tuple(spare))

    def told(self, fitting: Iterable[str]) -> str | None:
        """What to say of it, with the keys of all sets that fit; None where there is nothing to say."""
        others = [repr(key) for key in dict.fromkeys(fitting) if key and key != self.taken.key]
        beside = f" (there too: {', '.join(others)}; a key chooses: pretrained_model_key)" if others else ""
        said = []
        if self.taken.key or others:
            said.append(
                f"the weights under {self.taken.key!r}{beside}" if self.taken.key else f"the plain weights{beside}"
            )
        if (renamed := self.renaming.told()) is not None:
            said.append(renamed)
        if self.left:
            said.append(f"left out what training needed: {some(self.left)}")
        return "; ".join(said) or None


def _decided(path: Path, network: str, fits: Sequence[_Way]) -> _Way:
    """The likeliest of the sets that fit.

    Raises:
        WeightsError: There are several, and their numbers differ.
    """
    first, *others = [each for each in fits if each.taken.rank == fits[0].taken.rank]
    if different := [each for each in others if not _same(path, first, each)]:
        keys = [repr(each.taken.key) for each in (first, *different)]
        raise WeightsError(
            f"{path} holds {len(keys)} sets of weights that fit {network} and differ: {some(keys)}; choose one by its"
            f" key (--key of convert, in a yml pretrained_model_key: {first.taken.key or different[0].taken.key})"
        )
    return first


def _same(path: Path, one: _Way, other: _Way) -> bool:
    """Whether both have the same numbers."""
    a, b = (numbers(str(path), {n: v for n, v in each.found.items() if not counts(n)}) for each in (one, other))
    return all(a[name].dtype == b[name].dtype and a[name].tobytes() == b[name].tobytes() for name in a)


def _refuse(path: Path, network: str, own: Shapes, ways: Sequence[_Way], known: tuple[Naming, ...]) -> NoReturn:
    """Say what does not fit in the set that comes nearest.

    Raises:
        WeightsError: Always.
    """
    way = max(ways, key=lambda each: len(own.keys() & each.found.keys()))
    source = f"{path}, under {way.taken.key!r}," if way.taken.key else str(path)
    check_fit(source, network, own, way.found, _tried(way.renaming, known, own.keys() - way.found.keys()))
    raise AssertionError("it fits")


def _tried(way: Renaming, known: tuple[Naming, ...], missing: set[str]) -> str:
    """What to say of names that fit none of the namings; nothing where it is only the shapes."""
    if all(map(counts, missing)):
        return ""
    nearest = "its own" if way.naming is None else f"those of {way.naming.title}"
    titles = ", ".join(["its own", *(naming.title for naming in known)])
    return f"; names tried: {titles}; nearest: {nearest}"


def size_of(own: Shapes) -> int:
    """How many numbers a network has."""
    return sum(math.prod(shape) for shape in own.values())
