"""Integers that remember where they come from: what a network's own code passes as a size.

A recording shows that an axis of 12 became 3 x 4, but not whether the code says ``view(n, 3, 4)``,
``view(n, self.heads, -1)`` or ``view(n, h, x.shape[1] // h)``. A front end therefore runs the network with sizes that
are ``SymInt`` objects: they count as the integers they are and carry their origin through the code's arithmetic.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from prunekit.core.graph.code_places import CodePlace, CodePlaces
from prunekit.core.graph.lookups import numbers_looked_up
from prunekit.core.graph.tracked_quotients import SymFloat


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
    """Arithmetic on origins; ``operator`` is one of ``* // % + -``, or ``?`` for any other."""

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
        powers: Real numbers that were computed from one size, by their id: the number, the size, the exponent.
        place: The module whose forward runs.
        guesses: What a number may be that was computed where nobody sees it, as by ``math.sqrt``, by the module whose
            forward computed it and by its value.
        held: Real numbers that modules hold, by their id; those are no guesses.
        compared: What was compared with what.
        framework: Packages of the framework.
        literal: Says what a plain integer is that the code which runs puts beside a size.
        libraries: Packages whose own code is not looked into.
        converted: Names of functions that made plain integers of sizes (``int``, ``len``), for each namespace whose
            code called them, by its id: the namespace, the names, the modules whose forward ran.
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
    _places: CodePlaces = field(default_factory=CodePlaces)

    def convert(self, name: str, depth: int = 2) -> None:
        """Note that a function makes a plain integer of a size, whoever called it ``depth`` frames up."""
        frame: Any = sys._getframe(depth)
        while frame is not None and name == "len" and self._of_library(frame):
            frame = frame.f_back
        if frame is not None and not self._of_library(frame):
            _, names, places = self.converted.setdefault(id(frame.f_globals), (frame.f_globals, set(), set()))
            names.add(name)
            places.add(self.place)

    def _of_library(self, frame: Any) -> bool:
        return within(frame.f_globals.get("__name__"), self.libraries)

    def power(self, value: float) -> tuple[SizeOrigin, float] | None:
        """The size and the exponent of which a number is the power, as far as that was seen."""
        known = self.powers.get(id(value))
        if known is not None and known[0] is value:
            return known[1:]
        return None if id(value) in self.held else self.guesses.get((self.place, value))

    def hold(self, value: float) -> None:
        """Note a real number that a module holds; another of the same value, computed in a forward, is not meant."""
        self.held[id(value)] = value

    def note(self, value: float, origin: SizeOrigin, exponent: float) -> None:
        """Note that a number is this power of a size, and what its reciprocal is."""
        self.powers[id(value)] = (value, origin, exponent)
        self.guess(1 / float(value), origin, -exponent)

    def guess(self, value: float, origin: SizeOrigin, exponent: float) -> None:
        """Note what a number may be, wherever it turns up in the same forward."""
        self.guesses.setdefault((self.place, value), (origin, exponent))

    def compare(self, left: SizeOrigin, operator: str, right: SizeOrigin | float, holds: bool) -> None:
        """Note a comparison; the frame that asked for it is the caller's caller."""
        place = self._places.of(sys._getframe(2))
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


def origin_of(value: int) -> SizeOrigin:
    """Where an integer comes from."""
    return value.origin if isinstance(value, SymInt) else Literal(int(value))


plain = int.__int__
"""The integer that a size counts as, without an origin; the code's own ``int`` is noted."""


def _arithmetic(name: str, operator: str, swapped: bool = False) -> Callable[[SymInt, Any], Any]:
    compute = getattr(int, name)

    def method(self: SymInt, other: Any) -> Any:
        value = compute(self, other)
        if value is NotImplemented:
            if isinstance(other, float):
                self.becomes_real()
                return self._with_real(other, "?" if swapped and operator not in "*+" else operator)
            return value
        mine, theirs = self.origin, other.origin if isinstance(other, SymInt) else self.uses.literal(int(other))
        if isinstance(mine, Literal) and isinstance(theirs, Literal):
            return value
        if operator == "*" and theirs == Literal(1):  # what products begin with
            return SymInt(value, mine, self.uses)
        left, right = (theirs, mine) if swapped else (mine, theirs)
        return SymInt(value, Combined(value, operator, left, right), self.uses)

    return method


def _comparison(name: str, operator: str) -> Callable[[SymInt, Any], Any]:
    plain, of_reals = getattr(int, name), getattr(float, name)

    def method(self: SymInt, other: Any) -> Any:
        holds = plain(self, other)
        if holds is NotImplemented and isinstance(other, float):
            holds = of_reals(float(int.__int__(self)), other)
        if holds is not NotImplemented:
            tracked = isinstance(other, SymInt)
            if not (tracked and self.hashed and other.hashed):  # two keys of a cache that are the same by chance
                self.uses.compare(self.origin, operator, other.origin if tracked else other, holds)
        return holds

    return method


class SymInt(int):
    """An integer with an origin.

    Args:
        value: The integer.
        origin: Where it comes from.
        uses: Collects what the code does with it.

    Attributes:
        hashed: Whether it was a key, or looked up as one.
    """

    origin: SizeOrigin
    uses: Uses
    hashed: bool = False

    def __new__(cls, value: int, origin: SizeOrigin, uses: Uses) -> SymInt:
        """Make one."""
        size = super().__new__(cls, value)
        size.origin, size.uses = origin, uses
        return size

    __mul__ = _arithmetic("__mul__", "*")
    __rmul__ = _arithmetic("__rmul__", "*", swapped=True)
    __floordiv__ = _arithmetic("__floordiv__", "//")
    __rfloordiv__ = _arithmetic("__rfloordiv__", "//", swapped=True)
    __add__ = _arithmetic("__add__", "+")
    __radd__ = _arithmetic("__radd__", "+", swapped=True)
    __sub__ = _arithmetic("__sub__", "-")
    __rsub__ = _arithmetic("__rsub__", "-", swapped=True)
    __mod__ = _arithmetic("__mod__", "%")
    __rmod__ = _arithmetic("__rmod__", "%", swapped=True)
    __and__ = _arithmetic("__and__", "?")
    __rand__ = _arithmetic("__rand__", "?", swapped=True)
    __or__ = _arithmetic("__or__", "?")
    __ror__ = _arithmetic("__ror__", "?", swapped=True)
    __xor__ = _arithmetic("__xor__", "?")
    __rxor__ = _arithmetic("__rxor__", "?", swapped=True)

    def __rshift__(self, other: Any) -> Any:
        return self // (1 << other) if isinstance(other, int) else NotImplemented

    def __lshift__(self, other: Any) -> Any:
        return self * (1 << other) if isinstance(other, int) else NotImplemented

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __pos__(self) -> SymInt:
        return self

    def __abs__(self) -> SymInt:
        return self if self >= 0 else -self

    def __trunc__(self) -> SymInt:
        return self

    def __floor__(self) -> SymInt:
        return self

    def __ceil__(self) -> SymInt:
        return self

    def __round__(self, digits: Any = None) -> SymInt:
        return self if digits is None or digits >= 0 else self.otherwise(round(plain(self), digits))

    def __int__(self) -> int:
        self.uses.convert("int")
        return plain(self)

    def converted(self, value: int) -> int:
        """Note that ``int`` was called, for a number that is to become this size."""
        self.uses.convert("int", 3)
        return value

    def otherwise(self, value: int) -> SymInt:
        """Another number that was computed from this size in a way that is not followed."""
        return SymInt(value, Combined(plain(value), "?", self.origin, Literal(1)), self.uses)

    def _with_real(self, number: float, operator: str) -> Any:
        """The result of arithmetic with a real number, as far as it is a size again; else NotImplemented."""
        if not math.isfinite(number) or not number:
            return NotImplemented
        if operator == "//" and number.is_integer():
            return SymFloat(plain(self) // number, self // int(number))
        if operator == "+" and 0 < number < 1:
            return SymFloat(plain(self) + number, self)
        if operator == "*":
            return self._share(plain(self) * number, Fraction(number).limit_denominator(1024))
        if operator == "/":
            return self._share(plain(self) / number, 1 / Fraction(number).limit_denominator(1024))
        return NotImplemented

    def _share(self, value: float, share: Fraction) -> SymFloat:
        """A real number that is this share of the size; origins follow multiples and equal parts."""
        floor = self.otherwise(math.floor(value))
        if share.numerator == 1:
            floor = self // share.denominator
        elif share.denominator == 1:
            floor = self * share.numerator
        exact = plain(floor) == math.floor(value)
        return SymFloat(value, floor if exact else self.otherwise(math.floor(value)))

    def __neg__(self) -> SymInt:
        return SymInt(-plain(self), Combined(-plain(self), "-", Literal(0), self.origin), self.uses)

    def __pow__(self, exponent: Any, modulo: Any = None) -> Any:
        value = pow(plain(self), exponent, modulo)
        return self._noted(value, exponent)

    def __truediv__(self, other: Any) -> Any:
        value = plain(self) / other
        if isinstance(other, int):
            value = SymFloat(value, self // other)
        elif isinstance(other, float):
            value = self._with_real(other, "/")
        return self._noted(value, 1.0)

    def __rtruediv__(self, other: Any) -> Any:
        value = other / plain(self)
        return self._noted(SymFloat(value, other // self) if isinstance(other, int) else value, -1.0)

    def __float__(self) -> float:
        self.becomes_real()
        return float(plain(self))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """What NumPy makes of it: ``np.sqrt`` does not say what it returns either."""
        result = getattr(ufunc, method)(*(int.__int__(x) if isinstance(x, SymInt) else x for x in inputs), **kwargs)
        for size in inputs if isinstance(result, float) else ():
            if isinstance(size, SymInt):
                size.becomes_real()
        return result

    def _noted(self, value: Any, exponent: Any) -> Any:
        if isinstance(value, float) and value:
            self.uses.note(value, self.origin, float(exponent))
        return value

    def becomes_real(self) -> None:
        """Note what a real number computed from this size may be; ``math.sqrt`` does not say what it returns."""
        size = plain(self)
        for value in (size**-0.5, 1 / size**0.5, (1 / size) ** 0.5) if size > 1 else ():  # they round differently
            self.uses.guess(value, self.origin, -0.5)
        for exponent in (1.0, 0.5, -1.0) if size > 1 else ():
            self.uses.guess(size**exponent, self.origin, exponent)

    __eq__ = _comparison("__eq__", "==")
    __ne__ = _comparison("__ne__", "!=")
    __lt__ = _comparison("__lt__", "<")
    __le__ = _comparison("__le__", "<=")
    __gt__ = _comparison("__gt__", ">")
    __ge__ = _comparison("__ge__", ">=")

    def __bool__(self) -> bool:
        holds = int.__bool__(self)
        self.uses.compare(self.origin, "!=", 0, holds)
        return holds

    def __hash__(self) -> int:
        self.hashed = True
        self.uses.look_up(self.origin)
        return int.__hash__(self)

    def __reduce__(self) -> Any:
        """Copies and pickles are plain integers."""
        return int, (plain(self),)

    def __deepcopy__(self, memo: Any) -> int:
        return plain(self)

    def __copy__(self) -> int:
        return plain(self)
