"""Integers that remember where they come from: they count as what they are, and carry their origin through arithmetic.

Numbers that the code computes from them carry theirs as well (`prunekit.core.graph.tracked_quotients`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

import numpy as np

from prunekit.core.graph.size_ufuncs import whole, with_array
from prunekit.core.graph.tracked_quotients import SymFloat
from prunekit.core.graph.tracked_sizes import Combined, Literal, SizeOrigin, Uses

plain = int.__int__
"""The integer that a size counts as, without an origin; the code's own ``int`` is noted."""


def origin_of(value: int) -> SizeOrigin:
    """Where an integer comes from."""
    return value.origin if isinstance(value, SymInt) else Literal(int(value))


def _arithmetic(name: str, operator: str, swapped: bool = False) -> Callable[[SymInt, Any], Any]:
    compute = getattr(int, name)

    def method(self: SymInt, other: Any) -> Any:
        if isinstance(other, np.generic):
            other = other.item()
        if isinstance(other, float):
            return NotImplemented if isinstance(other, SymFloat) else self._with_real(other, operator, swapped)
        if isinstance(other, np.ndarray):
            return with_array(operator, plain(self), other, swapped)
        value = compute(self, other)
        if value is NotImplemented:
            return value
        mine, theirs = self.origin, other.origin if isinstance(other, SymInt) else self.uses.literal(int(other))
        if isinstance(mine, Literal) and isinstance(theirs, Literal):
            return value
        if operator == "*" and theirs == Literal(1):  # what products begin with
            return self.of(value, mine)
        left, right = (theirs, mine) if swapped else (mine, theirs)
        return self.of(value, Combined(value, operator, left, right))

    return method


def _comparison(name: str, operator: str) -> Callable[[SymInt, Any], Any]:
    plain, of_reals = getattr(int, name), getattr(float, name)

    def method(self: SymInt, other: Any) -> Any:
        if isinstance(other, np.generic):
            other = other.item()
        if isinstance(other, np.ndarray):
            return with_array(operator, int.__int__(self), other)
        holds = plain(self, other)
        if holds is NotImplemented and isinstance(other, float):
            holds = of_reals(float(int.__int__(self)), other)
        if holds is not NotImplemented:
            tracked = isinstance(other, SymInt)
            if not (tracked and self.hashed and other.hashed):  # two keys of a cache that are the same by chance
                self.uses.compare(self.origin, operator, getattr(other, "origin", other), holds)
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

    __array_priority__ = 1000.0  # NumPy's own numbers leave the answer to it
    origin: SizeOrigin
    uses: Uses
    hashed: bool = False

    def __new__(cls, value: int, origin: SizeOrigin, uses: Uses) -> SymInt:
        """Make one."""
        size = super().__new__(cls, value)
        size.origin, size.uses = origin, uses
        return size

    def of(self, value: Any, origin: SizeOrigin, floor: Any = None) -> Any:
        """A number that was computed from this size.

        Args:
            value: The number; what is no number, or not finite, is returned as it is.
            origin: Where it comes from.
            floor: Of a real number the size that it is rounded down to, where that is known by another origin.
        """
        if isinstance(value, int):
            return SymInt(value, origin, self.uses)
        if not isinstance(value, float) or not math.isfinite(value):
            return value
        below = math.floor(value)
        if not isinstance(floor, SymInt) or plain(floor) != below:
            floor = SymInt(below, Combined(below, "floor", origin, Literal(1)), self.uses)
        return SymFloat(value, floor, origin)

    def _computed(self, value: int, function: str) -> Any:
        return self.of(value, Combined(value, function, self.origin, Literal(1)))

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
    __and__ = _arithmetic("__and__", "&")
    __rand__ = _arithmetic("__rand__", "&", swapped=True)
    __or__ = _arithmetic("__or__", "|")
    __ror__ = _arithmetic("__ror__", "|", swapped=True)
    __xor__ = _arithmetic("__xor__", "^")
    __rxor__ = _arithmetic("__rxor__", "^", swapped=True)
    __rpow__ = _arithmetic("__rpow__", "**", swapped=True)  # type: ignore[assignment]
    _power = _arithmetic("__pow__", "**")

    def __rshift__(self, other: Any) -> Any:
        return self // (1 << other) if isinstance(other, int) else NotImplemented

    def __lshift__(self, other: Any) -> Any:
        return self * (1 << other) if isinstance(other, int) else NotImplemented

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __pow__(self, exponent: Any, modulo: Any = None) -> Any:
        if modulo is not None:
            return self.otherwise(pow(plain(self), exponent, modulo))
        return self * self if type(exponent) is int and exponent == 2 else self._power(exponent)

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, np.generic):
            other = other.item()
        if isinstance(other, float):
            return NotImplemented if isinstance(other, SymFloat) else self._with_real(other, "/", False)
        if isinstance(other, np.ndarray):
            return with_array("/", plain(self), other)
        if not isinstance(other, int):
            return NotImplemented
        return self._quotient(plain(self) / other, self // other)

    def __rtruediv__(self, other: Any) -> Any:
        if isinstance(other, np.generic):
            other = other.item()
        if isinstance(other, float):
            return self._with_real(other, "/", True)
        if isinstance(other, np.ndarray):
            return with_array("/", plain(self), other, swapped=True)
        return self._quotient(other / plain(self), other // self) if isinstance(other, int) else NotImplemented

    def _quotient(self, value: float, floor: Any) -> Any:
        if not isinstance(floor, SymInt) or not isinstance(floor.origin, Combined):
            return value
        return self.of(value, Combined(cast("int", value), "/", floor.origin.left, floor.origin.right), floor)

    def _with_real(self, number: float, operator: str, swapped: bool) -> Any:
        """The result of arithmetic with a plain real number, with the size that it may become again."""
        values = (number, plain(self)) if swapped else (plain(self), number)
        value = _REAL[operator](*values) if operator in _REAL else NotImplemented
        if value is NotImplemented or not math.isfinite(number):
            return value
        origins: tuple[SizeOrigin, SizeOrigin] = (self.origin, Literal(cast("int", number)))
        left, right = reversed(origins) if swapped else origins
        return self.of(value, Combined(value, operator, left, right), self._floor(number, operator, swapped))

    def _floor(self, number: float, operator: str, swapped: bool) -> SymInt | None:
        """The size that arithmetic with a real number leaves when it is rounded down, as far as it is a plain one."""
        if operator == "//" and not swapped and number.is_integer():
            return cast("SymInt", self // int(number))
        if operator == "+" and 0 < number < 1:
            return self
        if operator == "*" and number:
            return self._share(Fraction(number).limit_denominator(1024))
        if operator == "/" and number and not swapped:
            return self._share(1 / Fraction(number).limit_denominator(1024))
        return self._of_whole(number) if operator == "/" and number.is_integer() else None

    def _share(self, share: Fraction) -> SymInt | None:
        """This share of the size; origins follow multiples and equal parts."""
        if share.numerator == 1:
            return cast("SymInt", self // share.denominator)
        return cast("SymInt", self * share.numerator) if share.denominator == 1 else None

    def _of_whole(self, number: float) -> SymInt | None:
        found = int(number) // self
        return found if isinstance(found, SymInt) else None

    def __neg__(self) -> SymInt:
        return SymInt(-plain(self), Combined(-plain(self), "-", Literal(0), self.origin), self.uses)

    def __invert__(self) -> Any:
        return -self - 1

    def __pos__(self) -> SymInt:
        return self

    def __abs__(self) -> Any:
        computed = isinstance(self.origin, Combined) and self.origin.operator != "*"
        return self._computed(abs(plain(self)), "abs") if computed else self

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

    def __float__(self) -> float:
        self.uses.convert("float")
        self.becomes_real()
        return float(plain(self))

    def bit_length(self) -> Any:
        """The number of bits."""
        return self._computed(plain(self).bit_length(), "bit_length")

    def bit_count(self) -> Any:
        """The number of ones among the bits."""
        return self._computed(plain(self).bit_count(), "bit_count")

    def item(self) -> SymInt:
        """As one of NumPy's scalars, for which the code may take it."""
        return self

    def astype(self, kind: Any) -> Any:
        """As one of NumPy's scalars: an integer keeps the origin."""
        return self if whole(kind) else np.asarray(plain(self)).astype(kind)

    def converted(self, value: int) -> int:
        """Note that ``int`` was called, for a number that is to become this size."""
        self.uses.convert("int", 3)
        return value

    def otherwise(self, value: int) -> SymInt:
        """Another number that was computed from this size in a way that is not followed."""
        return SymInt(value, Combined(plain(value), "?", self.origin, Literal(1)), self.uses)

    def becomes_real(self) -> None:
        """Note what a real number computed from this size may be, where nobody sees what is returned."""
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


_REAL: dict[str, Callable[[float, float], Any]] = {
    "*": lambda a, b: a * b, "/": lambda a, b: a / b, "+": lambda a, b: a + b, "-": lambda a, b: a - b,
    "//": lambda a, b: a // b, "%": lambda a, b: a % b, "**": lambda a, b: a**b,
}  # fmt: skip
