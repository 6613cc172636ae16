"""How a set of weights of a file becomes a network's own, and which of several sets is meant."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prunekit.core.weights.errors import WeightsError
from prunekit.core.weights.files import numbers
from prunekit.core.weights.leftovers import leftovers
from prunekit.core.weights.name_matching import Renaming, misfits, quoted, renaming, some
from prunekit.core.weights.naming import Naming, counts
from prunekit.core.weights.stored import Stored
from prunekit.core.weights.weight_sets import WeightSet

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Way:
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
    def of(cls, own: Shapes, taken: WeightSet, known: tuple[Naming, ...]) -> Way:
        """The nearest way to read a set."""
        spare = [name for name in leftovers(taken.arrays) if name not in own and not counts(name)]
        way = renaming(own, [name for name in taken.arrays if name not in spare], known)
        return cls(taken, way, {new: taken.arrays[old] for old, new in way.names.items()}, tuple(spare))

    def fits(self, own: Shapes) -> bool:
        """Whether every name and every shape is the network's."""
        return not any(misfits(own, self.found).values())

    def told(self, fitting: Iterable[str]) -> str | None:
        """What to say of it, with the keys of all sets that fit; None where there is nothing to say."""
        others = [quoted(key) for key in dict.fromkeys(fitting) if key and key != self.taken.key]
        beside = f" (there too: {', '.join(others)}; a key chooses: pretrained_model_key)" if others else ""
        said = []
        if self.taken.key or others:
            said.append(
                f"the weights under {quoted(self.taken.key)}{beside}"
                if self.taken.key
                else f"the plain weights{beside}"
            )
        if (renamed := self.renaming.told()) is not None:
            said.append(renamed)
        if self.left:
            said.append(f"left out what training needed: {some(self.left)}")
        return "; ".join(said) or None


def fitting_arrays(own: Shapes, found: Mapping[str, Stored]) -> dict[str, Stored]:
    """Those of the network's own names and shapes, which are all but counters."""
    return {name: found[name] for name, shape in own.items() if name in found and tuple(found[name].shape) == shape}


def large_enough(own: Shapes, sets: Sequence[WeightSet]) -> Sequence[WeightSet]:
    """The sets that have as many arrays as the network, or where none has the largest."""
    wanted = sum(not counts(name) for name in own)
    return [each for each in sets if len(each.arrays) >= wanted] or [max(sets, key=lambda each: len(each.arrays))]


def decided(path: Path, network: str, fits: Sequence[Way]) -> Way:
    """The likeliest of the sets that fit.

    Raises:
        WeightsError: There are several, and their numbers differ.
    """
    first, *others = [each for each in fits if each.taken.rank == fits[0].taken.rank]
    if different := [each for each in others if not _same(path, first, each)]:
        keys = [quoted(each.taken.key) for each in (first, *different)]
        raise WeightsError(
            f"{path} holds {len(keys)} sets of weights that fit {network} and differ: {some(keys)}; choose one by its"
            f" key (--key of convert, in a yml pretrained_model_key: {first.taken.key or different[0].taken.key})"
        )
    return first


def _same(path: Path, one: Way, other: Way) -> bool:
    """Whether both have the same numbers."""
    a, b = (numbers(str(path), {n: v for n, v in each.found.items() if not counts(n)}) for each in (one, other))
    return all(a[name].dtype == b[name].dtype and a[name].tobytes() == b[name].tobytes() for name in a)


def size_of(own: Shapes) -> int:
    """How many numbers a network has."""
    return sum(math.prod(shape) for shape in own.values())
