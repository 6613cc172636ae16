"""Which array of a file is which of a network: by the network's own names, or by one of its namings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from prunekit.core.weights.errors import WeightsError
from prunekit.core.weights.naming import Naming, counts
from prunekit.registry.errors import one_line

_SHOWN = 3  # names of each kind in a message


@dataclass(frozen=True)
class Renaming:
    """How the names in a file become the network's own.

    Attributes:
        naming: Where the names in the file come from; None where they are the network's own.
        names: The network's name for each in the file; a name that means nothing to it stays as it is.
    """

    naming: Naming | None
    names: Mapping[str, str]

    def told(self) -> str | None:
        """What to say of it; None where nothing was translated."""
        if self.naming is None:
            return None
        names = {old: new for old, new in self.names.items() if not counts(old)}
        changed = sum(old != new for old, new in names.items())
        made = f"; networks there have {self.naming.made_with}" if self.naming.made_with else ""
        return f"named as in {self.naming.title}, {changed} of {len(names)} names translated{made}"


def renaming(own: Iterable[str], found: Iterable[str], namings: Sequence[Naming]) -> Renaming:
    """The first way to read the names that leaves none over, or the one that comes nearest.

    Args:
        own: The network's names.
        found: Those in the file.
        namings: Those of the network.
    """
    own, found = list(own), list(found)
    wanted = {name for name in own if not counts(name)}
    ways = list(_ways(own, found, namings))
    fits = (way for way in ways if {name for name in way.names.values() if not counts(name)} == wanted)
    return next(fits, None) or max(ways, key=lambda way: len(wanted.intersection(way.names.values())))


def _ways(own: list[str], found: list[str], namings: Sequence[Naming]) -> Iterator[Renaming]:
    """Every way to read the names by which no two become one; those of the file in the order of the namings."""
    yield Renaming(None, {name: name for name in found})
    here = [{naming.common(name): name for name in own} for naming in namings]
    for naming in namings:
        common = {name: naming.common(name) for name in found}
        for meant in here:
            names = {name: meant.get(common[name], name) for name in found}
            if len(meant) == len(own) and len(set(names.values())) == len(found):
                yield Renaming(naming, names)


def check_fit(
    source: str,
    network: str,
    own: Mapping[str, tuple[int, ...]],
    found: Mapping[str, NDArray[Any]],
    tried: str = "",
) -> None:
    """Refuse arrays that are not, one for one, those of a network; only counters may be missing or too many.

    Args:
        source: Where they are from, as it begins a sentence.
        network: The name of the network's class.
        own: The shapes that it wants, by name.
        found: The arrays, by the network's own names.
        tried: What to say of the names that were tried.

    Raises:
        WeightsError: A name or a shape does not fit.
    """
    problems = {
        "missing": [name for name in own if name not in found and not counts(name)],
        "unexpected": [name for name in found if name not in own and not counts(name)],
        "of another shape": [
            f"{name} {list(array.shape)} in the file, {list(own[name])} in the network"
            for name, array in found.items()
            if name in own and array.shape != own[name]
        ],
    }
    if any(problems.values()):
        told = "; ".join(f"{len(names)} {what}: {some(names)}" for what, names in problems.items() if names)
        raise WeightsError(
            f"{source} does not fit {network} ({len(own)} tensors): {told}{tried}; weights and network must be of one"
            " kind, with the same class_num and other parameters"
        )


def some(names: Iterable[str]) -> str:
    """The first few names, for a message."""
    listed = list(names)
    return ", ".join(map(one_line, listed[:_SHOWN])) + (", ..." if len(listed) > _SHOWN else "")
