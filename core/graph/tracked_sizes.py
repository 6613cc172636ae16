"""Where sizes come from that a network's own code passes, and what it did with them beside passing them on.

A recording shows that an axis of 12 became 3 x 4, but not whether the code says ``view(n, 3, 4)``,
``view(n, self.heads, -1)`` or ``view(n, h, x.shape[1] // h)``. A front end therefore runs the network with sizes that
are `SymInt` objects: they count as the integers they are and carry their origin through the code's arithmetic.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from prunekit.core.graph.code_places import CodePlace, CodePlaces, decides
from prunekit.core.graph.lookups import numbers_looked_up


@dataclass(frozen=True)
class Literal:
    """A number that stands in the code."""

    value: int


@dataclass(frozen=True)
class Unknown(Literal):
    """A number that does not stand in the code, and of which nobody saw where it comes from."""


@dataclass(frozen=True)
class Field:
    """A step of an attribute's path: the name of an object's attribute, where strings are keys."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"


Path: TypeAlias = "tuple[Any, ...]"


@dataclass(frozen=True)
class Extent:
    """The size of one axis of a recorded tensor."""

    value: int
    tensor: int
    axis: int


@dataclass(frozen=True)
class Attribute:
    """An integer that a module holds: ``path`` is its attribute, then positions, keys and fields in what that holds."""

    value: int
    module: str
    path: Path

    def __str__(self) -> str:
        name = ".".join(filter(None, [self.module, str(self.path[0])]))
        return name + "".join(str(key) if isinstance(key, Field) else f"[{key!r}]" for key in self.path[1:])


@dataclass(frozen=True)
class Combined:
    """Arithmetic on origins, also on real numbers (then the values are such).

    ``operator`` is one of those of `prunekit.core.graph.size_arithmetic`, or ``?`` for any other; functions of one
    number have it on the left.
    """

    value: int
    operator: str
    left: SizeOrigin
    right: SizeOrigin


SizeOrigin: TypeAlias = "Literal | Extent | Attribute | Combined"


def leaves(origin: SizeOrigin) -> Iterator[Literal | Extent | Attribute]:
    """The numbers that an origin was computed from."""
    if isinstance(origin, Combined):
        yield from leaves(origin.left)
        yield from leaves(origin.right)
    else:
        yield origin


class Compared(NamedTuple):
    """Two sizes, or a size and a number, that some code compared.

    Attributes:
        left: The size.
        operator: How they were compared: ``== != < <= > >=``.
        right: What it was compared with.
        holds: What came of it.
        place: Where.
        module: The module whose forward ran.
        by_framework: Whether the framework's own code did it: checks, and choices between ways to the same values.
    """

    left: SizeOrigin | float
    operator: str
    right: SizeOrigin | float
    holds: bool
    place: CodePlace
    module: str
    by_framework: bool = False

    @property
    def equal(self) -> bool:
        """Whether the two were found to be the same."""
        return self.holds == (self.operator == "==") and self.operator in ("==", "!=")


OURS = ("prunekit.core", "prunekit.plugins")
"""Packages whose code is never that of a network."""
PASSING_ON = (
    "prunekit.core.graph.symbolic_integers",
    "prunekit.core.graph.tracked_quotients",
    "prunekit.core.graph.size_ufuncs",
    "prunekit.core.recording.seen_math",
    "prunekit.core.recording.seen_numpy",
)
"""Modules that compare on behalf of whoever called them."""
LIBRARIES = ("prunekit.core", "prunekit.plugins", "prunekit.registry", "numpy")
"""Packages whose code is nobody's network, whatever the framework."""


@lru_cache(maxsize=4096)
def within(module: str | None, packages: tuple[str, ...]) -> bool:
    """Whether a module lies in one of some packages."""
    return any(f"{module}.".startswith(f"{package}.") for package in packages)


@dataclass
class Uses:
    """What the code did with sizes beside passing them on.

    Attributes:
        powers: Plain real numbers that were made of followed ones, by their id: the number, the size, the exponent.
        place: The module whose forward runs.
        guesses: What a number may be that was computed where nobody sees it, as by ``math.sqrt``, by the module whose
            forward computed it and by its value.
        held: Real numbers that modules hold, by their id; those are no guesses.
        compared: What was compared with what.
        framework: Packages of the framework.
        literal: Says what a plain integer is that the code which runs puts beside a size.
        libraries: Packages whose own code is not looked into.
        converted: Names of functions that made plain numbers of sizes (``int``, ``len``), for each namespace whose
            code called them, by its id: the namespace, the names, the modules whose forward ran.
        deciding: Whether some of the code that did so may decide by what it got.
    """

    powers: dict[int, tuple[float, SizeOrigin, float]] = field(default_factory=dict)
    place: str = ""
    guesses: dict[tuple[str, float], tuple[SizeOrigin, float]] = field(default_factory=dict)
    held: dict[int, float] = field(default_factory=dict)
    compared: list[Compared] = field(default_factory=list)
    framework: tuple[str, ...] = ()
    literal: Callable[[int], Literal] = Literal
    libraries: tuple[str, ...] = LIBRARIES
    converted: dict[int, tuple[dict[str, Any], set[str], set[str]]] = field(default_factory=dict)
    deciding: bool = False
    _places: CodePlaces = field(default_factory=CodePlaces)

    def convert(self, name: str, depth: int = 2) -> None:
        """Note that a function makes a plain number of a size, whoever called it ``depth`` frames up."""
        frame: Any = sys._getframe(depth)
        while frame is not None and name == "len" and self._of_library(frame):
            frame = frame.f_back
        if frame is not None and not self._of_library(frame):
            _, names, places = self.converted.setdefault(id(frame.f_globals), (frame.f_globals, set(), set()))
            names.add(name)
            places.add(self.place)
            self.deciding = self.deciding or any(decides(f.f_code) for f in (frame, frame.f_back) if f is not None)

    def _of_library(self, frame: Any) -> bool:
        return within(frame.f_globals.get("__name__"), self.libraries)

    def power(self, value: float) -> tuple[SizeOrigin, float] | None:
        """The size and the exponent of which a number is the power, as far as that was seen."""
        followed: tuple[SizeOrigin, float] | None = getattr(value, "power", None)
        if followed is not None:
            return followed
        known = self.powers.get(id(value))
        if known is not None and known[0] is value:
            return known[1:]
        return None if id(value) in self.held else self.guesses.get((self.place, value))

    def made_plain(self, value: float, origin: SizeOrigin, exponent: float) -> float:
        """Note a real number that is the power of a size and does not know it itself."""
        self.powers[id(value)] = (value, origin, exponent)
        return value

    def hold(self, value: float) -> None:
        """Note a real number that a module holds; another of the same value, computed in a forward, is not meant."""
        self.held[id(value)] = value

    def guess(self, value: float, origin: SizeOrigin, exponent: float) -> None:
        """Note what a number may be, wherever it turns up in the same forward."""
        self.guesses.setdefault((self.place, value), (origin, exponent))

    def compare(self, left: SizeOrigin, operator: str, right: SizeOrigin | float, holds: bool) -> None:
        """Note a comparison; the frame that asked for it is the caller's caller."""
        frame: Any = sys._getframe(2)
        while frame.f_globals.get("__name__") in PASSING_ON and frame.f_back is not None:
            frame = frame.f_back
        place = self._places.of(frame)
        if not place.within(OURS):
            found = Compared(left, operator, right, holds, place, self.place, place.within(self.framework))
            self.compared.append(found)

    def look_up(self, size: SizeOrigin) -> None:
        """Note that a size is looked up as a key: it is compared with all that it is not, as far as they are seen."""
        frame = sys._getframe(2)
        place = self._places.of(frame)
        if not place.within((*OURS, *self.framework)):
            for key in numbers_looked_up(place.text, frame):
                if key != size.value:
                    self.compared.append(Compared(size, "==", key, False, place, self.place))
