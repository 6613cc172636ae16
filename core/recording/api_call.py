"""Calls of the framework's functions by the network's code, with the sizes that it passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from prunekit.core.graph.attributes import Origins, Slice
from prunekit.core.graph.tracked_sizes import Combined, Literal, SizeOrigin, Uses
from prunekit.core.recording.code_literals import origin_of


@dataclass
class ApiCall:
    """A call of one of the framework's functions, as the code wrote it."""

    name: str = ""
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    used: int = 0  # how many of the slices of an index have been met

    def argument(self, position: int, name: str) -> Any:
        """An argument by its position or its name, or None."""
        return self.args[position] if position < len(self.args) else self.kwargs.get(name)

    def sizes(self, position: int, *names: str) -> list[Any]:
        """Sizes passed one by one, or as one sequence, or by name."""
        found: Any = self.args[position:]
        if not found:
            found = next((self.kwargs[name] for name in names if name in self.kwargs), ())
            found = (found,) if isinstance(found, int) else found
        if len(found) == 1 and isinstance(found[0], (tuple, list)):
            found = found[0]
        return list(found)


class ApiCallTracker(Protocol):
    """Keeps the innermost call at hand for whoever records operators, and what the code did with sizes."""

    api_call: ApiCall
    uses: Uses


def origins_of(sizes: Sequence[int]) -> Origins:
    """Where each size comes from; None for -1, which the framework computes."""
    return tuple(None if int(size) == -1 else origin_of(size) for size in sizes)


def from_end(bound: int) -> SizeOrigin:
    """Where the distance of a negative bound from the end comes from."""
    origin = origin_of(bound)
    if isinstance(origin, Combined) and origin.operator == "-" and origin.left == Literal(0):
        return origin.right
    return type(origin)(-int(bound)) if isinstance(origin, Literal) else origin


def with_origins(part: Slice, passed: slice) -> Slice:
    """A part of an axis, with where its bounds come from as the code passed them."""
    first, last = (bound is not None and bound < 0 for bound in (passed.start, passed.stop))
    start, stop = _of_bound(passed.start), _of_bound(passed.stop)
    return replace(part, start_origin=start, stop_origin=stop, from_end=(first, last))


def _of_bound(bound: int | None) -> SizeOrigin | None:
    if bound is None:
        return None
    return from_end(bound) if bound < 0 else origin_of(bound)
