"""Which array of a file is which of a network: by the network's own names, or by one of its namings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from prunekit.core.weights.errors import WeightsError
from prunekit.core.weights.naming import Naming, counts
from prunekit.registry.errors import one_line

_SHOWN = 3  # names of each kind in a message
_WRAPPERS = re.compile(r"\b(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
"""What wrappers of PyTorch's put into names, wherever the wrapped module is."""


class Shaped(Protocol):
    """An array, of which only the shape is looked at."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        ...


@dataclass(frozen=True)
class Renaming:
    """How the names in a file become the network's own.

    Attributes:
        naming: Where the names in the file come from; None where they are the network's own.
        names: The network's name for each in the file; a name that means nothing to it stays as it is.
        prefix: What stands before every name in the file, and was dropped.
    """

    naming: Naming | None
    names: Mapping[str, str]
    prefix: str = ""

    def told(self) -> str | None:
        """What to say of it; None where nothing was translated."""
        dropped = [f"without {self.prefix!r} in the names"] if self.prefix else []
        if self.naming is None:
            return dropped[0] if dropped else None
        names = {old: new for old, new in self.names.items() if not counts(old)}
        changed = sum(old != f"{self.prefix}{new}" for old, new in names.items())
        made = f"; networks there have {self.naming.made_with}" if self.naming.made_with else ""
        translated = f"named as in {self.naming.title}, {changed} of {len(names)} names translated{made}"
        return "; ".join([*dropped, translated])


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
    here = [{naming.common(name): name for name in own} for naming in namings]
    for prefix, short in _without_prefixes(found):
        yield Renaming(None, short, prefix)
        for naming in namings:
            common = {name: naming.common(each) for name, each in short.items() if naming.holds(each)}
            for meant in here:
                names = {name: meant.get(each, short[name]) for name, each in common.items()}
                if len(meant) == len(own) and _one_to_one(names):
                    yield Renaming(naming, names, prefix)


def _without_prefixes(found: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The names as they are; then without what wrappers put into them, and without what all of them begin with."""
    plain = {name: name for name in found}
    bare = {name: _WRAPPERS.sub("", name) for name in found}
    marks = "".join(dict.fromkeys(mark for name in found for mark in _WRAPPERS.findall(name)))
    for dropped, names in (("", plain), (marks, bare)) if marks and _one_to_one(bare) else (("", plain),):
        yield dropped, names
        while (first := _shared(names.values())) is not None:
            dropped += first
            names = {name: each.removeprefix(first) for name, each in names.items()}
            if not _one_to_one(names):
                break
            yield dropped, names


def _one_to_one(names: Mapping[str, str]) -> bool:
    return len(set(names.values())) == len(names)


def _shared(names: Iterable[str]) -> str | None:
    """What all names but counters begin with, up to the first dot."""
    firsts = {name.partition(".")[0] if "." in name else None for name in names if not counts(name) or "." in name}
    return f"{first}." if len(firsts) == 1 and (first := firsts.pop()) is not None else None


def check_fit(
    source: str,
    network: str,
    own: Mapping[str, tuple[int, ...]],
    found: Mapping[str, Shaped],
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
    problems = misfits(own, found)
    if any(problems.values()):
        told = "; ".join(f"{len(names)} {what}: {some(names)}" for what, names in problems.items() if names)
        raise WeightsError(
            f"{source} does not fit {network} ({len(own)} tensors): {told}{tried}; weights and network must be of one"
            " kind, with the same class_num and other parameters"
        )


def misfits(own: Mapping[str, tuple[int, ...]], found: Mapping[str, Shaped]) -> dict[str, list[str]]:
    """What does not fit, by how; a counter may be missing, too many, or of any shape."""
    return {
        "missing": [name for name in own if name not in found and not counts(name)],
        "unexpected": [name for name in found if name not in own and not counts(name)],
        "of another shape": [
            f"{name} {list(array.shape)} in the file, {list(own[name])} in the network"
            for name, array in found.items()
            if name in own and tuple(array.shape) != own[name] and not counts(name)
        ],
    }


def quoted(key: str) -> str:
    """A key of a file, for a message."""
    return f"'{some([key])}'"


def some(names: Iterable[str]) -> str:
    """The first few names, for a message."""
    listed = list(names)
    return ", ".join(map(one_line, listed[:_SHOWN])) + (", ..." if len(listed) > _SHOWN else "")
