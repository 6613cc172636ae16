"""Real numbers that were computed from sizes: they are compared, enter values, and may become sizes again."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from prunekit.core.graph.size_arithmetic import power_of
from prunekit.core.graph.size_ufuncs import whole, with_array
from prunekit.core.graph.tracked_sizes import Combined, Literal, SizeOrigin


def _arithmetic(name: str, symbol: str, compute: Callable[[Any, Any], Any], swapped: bool = False) -> Any:
    plain = getattr(float, name)

    def method(self: SymFloat, other: Any) -> Any:
        if isinstance(other, np.generic):
            other = other.item()
        if isinstance(other, np.ndarray):
            return with_array(symbol, float.__float__(self), other, swapped)
        value = plain(self, other)
        theirs = getattr(other, "origin", None) or Literal(other)
        if not isinstance(value, float) or not math.isfinite(value):
            return value
        left, right = (theirs, self.origin) if swapped else (self.origin, theirs)
        floor = None
        if symbol != "**" and self.is_whole():  # it counts as the integer
            known = other.floor if isinstance(other, SymFloat) and other.is_whole() else other
            number = compute(known, self.floor) if swapped else compute(self.floor, known)
            floor = getattr(number, "floor", number)  # a quotient's, or the size itself
        return self.of(value, Combined(cast("int", value), symbol, left, right), floor)

    return method


def _comparison(name: str, symbol: str) -> Callable[[SymFloat, Any], Any]:
    plain = getattr(float, name)

    def method(self: SymFloat, other: Any) -> Any:
        if isinstance(other, np.generic):
            other = other.item()
        if isinstance(other, np.ndarray):
            return with_array(symbol, float.__float__(self), other)
        holds = plain(self, int.__int__(other) if isinstance(other, int) else other)
        if holds is not NotImplemented:
            self.floor.uses.compare(self.origin, symbol, getattr(other, "origin", other), holds)
        return holds

    return method


class SymFloat(float):
    """A real number with an origin, and with the integer that it is rounded down to.

    While it is whole it counts as that integer, which carries its origin through further arithmetic.

    Args:
        value: The number.
        floor: That integer, a size with an origin.
        origin: Where the number itself comes from.
    """

    __array_priority__ = 1000.0  # NumPy's own numbers leave the answer to it
    floor: Any
    origin: SizeOrigin

    def __new__(cls, value: float, floor: Any, origin: SizeOrigin) -> SymFloat:
        """Make one."""
        number = super().__new__(cls, value)
        number.floor, number.origin = floor, origin
        return number

    __mul__ = _arithmetic("__mul__", "*", operator.mul)
    __rmul__ = _arithmetic("__rmul__", "*", operator.mul, swapped=True)
    __add__ = _arithmetic("__add__", "+", operator.add)
    __radd__ = _arithmetic("__radd__", "+", operator.add, swapped=True)
    __sub__ = _arithmetic("__sub__", "-", operator.sub)
    __rsub__ = _arithmetic("__rsub__", "-", operator.sub, swapped=True)
    __truediv__ = _arithmetic("__truediv__", "/", operator.truediv)
    __rtruediv__ = _arithmetic("__rtruediv__", "/", operator.truediv, swapped=True)
    __floordiv__ = _arithmetic("__floordiv__", "//", operator.floordiv)
    __rfloordiv__ = _arithmetic("__rfloordiv__", "//", operator.floordiv, swapped=True)
    __mod__ = _arithmetic("__mod__", "%", operator.mod)
    __rmod__ = _arithmetic("__rmod__", "%", operator.mod, swapped=True)
    __pow__ = _arithmetic("__pow__", "**", operator.pow)
    __rpow__ = _arithmetic("__rpow__", "**", operator.pow, swapped=True)

    __eq__ = _comparison("__eq__", "==")
    __ne__ = _comparison("__ne__", "!=")
    __lt__ = _comparison("__lt__", "<")
    __le__ = _comparison("__le__", "<=")
    __gt__ = _comparison("__gt__", ">")
    __ge__ = _comparison("__ge__", ">=")
    __hash__ = float.__hash__

    @property
    def power(self) -> tuple[SizeOrigin, float]:
        """The size and the exponent of which it is the power, but for a constant."""
        return power_of(self.origin)

    def is_whole(self) -> bool:
        """Whether it is an integer; nothing that the code asks for."""
        return float.is_integer(self)

    def is_integer(self) -> bool:
        """Whether it is an integer."""
        holds, rest = float.is_integer(self), Combined(cast("int", math.fmod(self, 1)), "%", self.origin, Literal(1))
        self.floor.uses.compare(rest, "==", 0, holds)
        return holds

    def of(self, value: Any, origin: SizeOrigin, floor: Any = None) -> Any:
        """A number that was computed from this one; as for integers."""
        return self.floor.of(value, origin, floor)

    def _computed(self, value: Any, function: str) -> Any:
        return self.of(value, Combined(value, function, self.origin, Literal(1)))

    def __bool__(self) -> bool:
        holds = float.__bool__(self)
        self.floor.uses.compare(self.origin, "!=", 0, holds)
        return holds

    def __neg__(self) -> Any:
        return 0 - self

    def __pos__(self) -> SymFloat:
        return self

    def __abs__(self) -> Any:
        return self._computed(float.__abs__(self), "abs")

    def __trunc__(self) -> Any:
        return self.floor if float.__ge__(self, 0) or self.is_whole() else self._rounded("trunc")

    def __floor__(self) -> Any:
        return self.floor

    def __ceil__(self) -> Any:
        return self._rounded("ceil")

    def __round__(self, digits: Any = None) -> Any:
        if digits is not None:
            return self if self.is_whole() else round(float.__float__(self), digits)
        return self._rounded("round")

    def _rounded(self, function: str) -> Any:
        """Rounded in another way: while the number is whole that makes no difference."""
        if self.is_whole():
            return self.floor
        value = float.__float__(self)
        return self._computed(getattr(math, function, round)(value), function)

    def __int__(self) -> int:
        return int.__int__(self.floor.converted(self.__trunc__()))

    def __float__(self) -> float:
        self.floor.uses.convert("float")
        return self.floor.uses.made_plain(float.__float__(self), *self.power)  # type: ignore[no-any-return]

    def __reduce__(self) -> Any:
        """Copies and pickles are plain numbers."""
        return float, (float.__float__(self),)

    def __deepcopy__(self, memo: Any) -> float:
        return float.__float__(self)

    def __copy__(self) -> float:
        return float.__float__(self)

    def item(self) -> SymFloat:
        """As one of NumPy's scalars, for which the code may take it."""
        return self

    def astype(self, kind: Any) -> Any:
        """As one of NumPy's scalars: an integer keeps the origin."""
        return self.__trunc__() if whole(kind) else np.asarray(float.__float__(self)).astype(kind)
