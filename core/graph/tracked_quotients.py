"""Real numbers that were computed from sizes and may become sizes again: ``int(x.shape[1] / 2)``."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np


def whole(kind: Any) -> bool:
    """Whether a type that the code names is one of integers."""
    return (isinstance(kind, type) and issubclass(kind, int)) or bool(np.issubdtype(kind, np.integer))


def _arithmetic(name: str, compute: Callable[[Any, Any], Any]) -> Callable[[SymFloat, Any], Any]:
    plain = getattr(float, name)

    def method(self: SymFloat, other: Any) -> Any:
        value = plain(self, other)
        if value is NotImplemented or not self.is_integer():
            return value
        known = other.floor if isinstance(other, SymFloat) and other.is_integer() else other
        whole = compute(self.floor, known)
        floor = getattr(whole, "floor", whole)  # a quotient's, or the size itself
        return SymFloat(value, floor) if hasattr(floor, "origin") else value

    return method


class SymFloat(float):
    """A real number with the integer that it is rounded down to.

    While it is whole it counts as that integer, which carries its origin through further arithmetic.

    Args:
        value: The number.
        floor: That integer, a size with an origin.
    """

    floor: Any

    def __new__(cls, value: float, floor: Any) -> SymFloat:
        """Make one."""
        number = super().__new__(cls, value)
        number.floor = floor
        return number

    __mul__ = _arithmetic("__mul__", operator.mul)
    __rmul__ = _arithmetic("__rmul__", lambda mine, other: other * mine)
    __add__ = _arithmetic("__add__", operator.add)
    __radd__ = _arithmetic("__radd__", lambda mine, other: other + mine)
    __sub__ = _arithmetic("__sub__", operator.sub)
    __rsub__ = _arithmetic("__rsub__", lambda mine, other: other - mine)
    __truediv__ = _arithmetic("__truediv__", operator.truediv)
    __rtruediv__ = _arithmetic("__rtruediv__", lambda mine, other: other / mine)
    __floordiv__ = _arithmetic("__floordiv__", operator.floordiv)
    __rfloordiv__ = _arithmetic("__rfloordiv__", lambda mine, other: other // mine)

    def __trunc__(self) -> Any:
        return self.floor if self >= 0 or self.is_integer() else self._otherwise(math.trunc(float(self)))

    def __floor__(self) -> Any:
        return self.floor

    def __ceil__(self) -> Any:
        return self._otherwise(math.ceil(float(self)))

    def __round__(self, digits: Any = None) -> Any:
        if digits is not None:
            return self if self.is_integer() else round(float(self), digits)
        return self._otherwise(round(float(self)))

    def __int__(self) -> int:
        return int.__int__(self.floor.converted(self.__trunc__()))

    def __reduce__(self) -> Any:
        """Copies and pickles are plain numbers."""
        return float, (float(self),)

    def __deepcopy__(self, memo: Any) -> float:
        return float(self)

    def __copy__(self) -> float:
        return float(self)

    def item(self) -> SymFloat:
        """As one of NumPy's scalars, for which the code may take it."""
        return self

    def astype(self, kind: Any) -> Any:
        """As one of NumPy's scalars: an integer keeps the origin."""
        return self.__trunc__() if whole(kind) else np.asarray(float(self)).astype(kind)

    def _otherwise(self, value: int) -> Any:
        """Rounded in another way: while the number is whole that makes no difference."""
        return self.floor if self.is_integer() else self.floor.otherwise(value)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """What NumPy makes of it: rounding keeps the origin."""
        rounds = {"floor": self.__floor__, "ceil": self.__ceil__, "trunc": self.__trunc__, "rint": self.__round__}
        if method == "__call__" and ufunc.__name__ in rounds and len(inputs) == 1 and not kwargs:
            size = rounds[ufunc.__name__]()
            return SymFloat(int.__int__(size), size)
        plain = [float(part) if isinstance(part, SymFloat) else part for part in inputs]
        return getattr(ufunc, method)(*plain, **kwargs)
