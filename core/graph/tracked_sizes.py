"""Integers that remember where they come from: what a network's own code passes as a size.

A recording shows that an axis of 12 became 3 x 4, but not whether the code says ``view(n, 3, 4)``,
``view(n, self.heads, -1)`` or ``view(n, h, x.shape[1] // h)``. A front end therefore runs the network with sizes that
are ``SymInt`` objects: they count as the integers they are and carry their origin through the code's arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Literal:
    """A number that stands in the code, or whose origin is not known."""

    value: int


@dataclass(frozen=True)
class Extent:
    """The size of one axis of a recorded tensor."""

    value: int
    tensor: int
    axis: int


@dataclass(frozen=True)
class Attribute:
    """An integer that a module holds: ``path`` is its attribute, then positions in tuples and lists."""

    value: int
    module: str
    path: tuple[str | int, ...]

    def __str__(self) -> str:
        name = ".".join(filter(None, [self.module, str(self.path[0])]))
        return name + "".join(f"[{key!r}]" for key in self.path[1:])


@dataclass(frozen=True)
class Combined:
    """Arithmetic on origins; ``operator`` is one of ``* // + -``, or ``?`` for any other."""

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


@dataclass
class Uses:
    """What the code did with sizes beside passing them on.

    Attributes:
        powers: Real numbers that were computed from one size, by their id: the number, the size, the exponent.
        place: The module whose forward runs.
        guesses: What a number may be that was computed where nobody sees it, as by ``math.sqrt``, by the module whose
            forward computed it and by its value.
        held: Real numbers that modules hold; those are no guesses.
        equal: Pairs that the code compared and found equal.
    """

    powers: dict[int, tuple[float, SizeOrigin, float]] = field(default_factory=dict)
    place: str = ""
    guesses: dict[tuple[str, float], tuple[SizeOrigin, float]] = field(default_factory=dict)
    held: set[float] = field(default_factory=set)
    equal: list[tuple[SizeOrigin, SizeOrigin]] = field(default_factory=list)

    def power(self, value: float) -> tuple[SizeOrigin, float] | None:
        """The size and the exponent of which a number is the power, as far as that was seen."""
        known = self.powers.get(id(value))
        if known is not None and known[0] is value:
            return known[1:]
        return None if value in self.held else self.guesses.get((self.place, value))

    def guess(self, value: float, origin: SizeOrigin, exponent: float) -> None:
        """Note what a number may be, wherever it turns up in the same forward."""
        self.guesses.setdefault((self.place, value), (origin, exponent))

    def comparisons(self) -> list[tuple[SizeOrigin, SizeOrigin]]:
        """The pairs of a module's number and a tensor's size."""
        return [pair for pair in self.equal if {Attribute, Extent} == {type(origin) for origin in pair}]


def origin_of(value: int) -> SizeOrigin:
    """Where an integer comes from."""
    return value.origin if isinstance(value, SymInt) else Literal(int(value))


def _arithmetic(name: str, operator: str, swapped: bool = False) -> Callable[[SymInt, Any], Any]:
    plain = getattr(int, name)

    def method(self: SymInt, other: Any) -> Any:
        value = plain(self, other)
        if value is NotImplemented:
            if isinstance(other, float):
                self.becomes_real()
            return value
        mine, theirs = self.origin, origin_of(other)
        if isinstance(mine, Literal) and isinstance(theirs, Literal):
            return value
        left, right = (theirs, mine) if swapped else (mine, theirs)
        return SymInt(value, Combined(value, operator, left, right), self.uses)

    return method


class SymInt(int):
    """An integer with an origin.

    Args:
        value: The integer.
        origin: Where it comes from.
        uses: Collects what the code does with it.
    """

    origin: SizeOrigin
    uses: Uses

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
    __mod__ = _arithmetic("__mod__", "?")
    __rmod__ = _arithmetic("__rmod__", "?", swapped=True)

    def __neg__(self) -> SymInt:
        return SymInt(-int(self), Combined(-int(self), "-", Literal(0), self.origin), self.uses)

    def __pow__(self, exponent: Any, modulo: Any = None) -> Any:
        value = pow(int(self), exponent, modulo)
        return self._noted(value, exponent)

    def __truediv__(self, other: Any) -> Any:
        return self._noted(int(self) / other, 1.0)

    def __rtruediv__(self, other: Any) -> Any:
        return self._noted(other / int(self), -1.0)

    def __float__(self) -> float:
        self.becomes_real()
        return float(int(self))

    def _noted(self, value: Any, exponent: Any) -> Any:
        if isinstance(value, float) and value:
            self.uses.powers[id(value)] = (value, self.origin, float(exponent))
            self.uses.guess(1 / value, self.origin, -float(exponent))
        return value

    def becomes_real(self) -> None:
        """Note what a real number computed from this size may be; ``math.sqrt`` does not say what it returns."""
        size = int(self)
        for value in (size**-0.5, 1 / size**0.5, (1 / size) ** 0.5) if size > 1 else ():  # they round differently
            self.uses.guess(value, self.origin, -0.5)
        for exponent in (1.0, 0.5, -1.0) if size > 1 else ():
            self.uses.guess(size**exponent, self.origin, exponent)

    def __eq__(self, other: object) -> bool:
        same = int.__eq__(self, other)
        if same is True and isinstance(other, SymInt):
            self.uses.equal.append((self.origin, other.origin))
        return same

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = int.__hash__

    def __reduce__(self) -> Any:
        """Copies and pickles are plain integers."""
        return int, (int(self),)

    def __deepcopy__(self, memo: Any) -> int:
        return int(self)

    def __copy__(self) -> int:
        return int(self)
