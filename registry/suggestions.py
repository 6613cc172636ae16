"""Which known names a wrong one may have been meant as, and how a message says so."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: object, names: Iterable[object], *, most: int = 3, cutoff: float = 0.6) -> list[str]:
    """Return the names that look most like ``name``, whatever their case, the best first.

    Args:
        name: The name that is unknown.
        names: The names that are known.
        most: The largest number of names to return.
        cutoff: The least similarity, from 0 (any name) to 1 (only case may differ).
    """
    folded = {each.lower(): each for each in sorted(set(map(str, names)))}
    return [folded[near] for near in difflib.get_close_matches(str(name).lower(), folded, n=most, cutoff=cutoff)]


def did_you_mean(name: object, names: Iterable[object], *, most: int = 3, cutoff: float = 0.6) -> str:
    """Return ``" Did you mean 'x' or 'y'?"``, to stand behind a sentence, or an empty text if no name is near.

    The arguments are those of `nearest`. A name that differs in case only is the only one suggested.
    """
    near = nearest(name, names, most=most, cutoff=cutoff)
    near = [each for each in near if each.lower() == str(name).lower()] or near
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def nearest_or_all(name: object, names: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown name: ``. Did you mean 'x'?``, or ``; there are x, y``."""
    names = list(names)
    hint = did_you_mean(name, names, most=1)
    return f".{hint}" if hint else f"; there are {', '.join(names)}"
