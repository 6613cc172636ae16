"""NumPy's functions of numbers that know where they come from, by what does the same in Python."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from prunekit.core.graph.tracked_sizes import Combined, Literal

_SAME: dict[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "true_divide": operator.truediv, "floor_divide": operator.floordiv, "remainder": operator.mod, "mod": operator.mod,
    "power": operator.pow, "negative": operator.neg, "positive": operator.pos, "absolute": abs, "fabs": abs,
    "square": lambda a: a * a,
    "equal": operator.eq, "not_equal": operator.ne, "less": operator.lt, "less_equal": operator.le,
    "greater": operator.gt, "greater_equal": operator.ge, "minimum": min, "maximum": max, "fmin": min, "fmax": max,
    "divmod": divmod, "bitwise_and": operator.and_, "bitwise_or": operator.or_, "bitwise_xor": operator.xor,
    "left_shift": operator.lshift, "right_shift": operator.rshift, "logical_not": operator.not_,
}  # fmt: skip
_OPERATORS: dict[str, Callable[..., Any]] = {
    "*": operator.mul, "//": operator.floordiv, "%": operator.mod, "+": operator.add, "-": operator.sub,
    "/": operator.truediv, "**": operator.pow, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_ROUNDING: dict[str, Callable[[Any], Any]] = {
    "floor": math.floor, "ceil": math.ceil, "trunc": math.trunc, "rint": round
}  # fmt: skip
_FUNCTIONS = {"sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "gcd", "lcm", "hypot"}


KNOWN = (*_SAME, *_ROUNDING, *_FUNCTIONS)
"""Names of NumPy's functions."""


def whole(kind: Any) -> bool:
    """Whether a type that the code names is one of integers."""
    return (isinstance(kind, type) and issubclass(kind, int)) or bool(np.issubdtype(kind, np.integer))


def with_array(symbol: str, number: float, array: Any, swapped: bool = False) -> Any:
    """An operator between a plain number and an array.

    Args:
        symbol: The operator.
        number: Its left side.
        array: Its right side.
        swapped: Whether they stand the other way round.
    """
    left, right = (array, number) if swapped else (number, array)
    return _OPERATORS[symbol](left, right)


def applied(ufunc: Any, numbers: Sequence[Any]) -> Any:
    """The result of one of NumPy's functions of numbers, with an origin where it is a number that is computed.

    Args:
        ufunc: The function.
        numbers: Its arguments; at least one of them has an origin.
    """
    name, known = ufunc.__name__, [x.item() if isinstance(x, np.generic) else x for x in numbers]
    result, found = ufunc(*map(plain_number, numbers)), None
    if not all(isinstance(x, (int, float)) for x in known):
        return result
    if name in _SAME:
        found = _SAME[name](*known)
    elif name in _ROUNDING:
        size = _ROUNDING[name](known[0])
        found = size.of(float(plain_number(size)), size.origin, size) if hasattr(size, "of") else None
    elif name in _FUNCTIONS:
        found = with_origin("ln" if name == "log" else name, result.item(), known)
    return found if hasattr(found, "origin") else result  # one of NumPy's own numbers


def with_origin(function: str, value: Any, numbers: Sequence[Any]) -> Any:
    """What a function gave of some numbers, with its origin.

    Args:
        function: Its name, as one of `math`.
        value: What it gave.
        numbers: Its arguments; at least one of them has an origin.
    """
    tracked = next(number for number in numbers if hasattr(number, "origin"))
    origins = [getattr(number, "origin", None) or Literal(number) for number in numbers]
    for other in origins[2:]:  # of so many it is not known how to compute it again
        origins[:2], function = [Combined(0, "?", origins[0], other), origins[1]], "?"
    return tracked.of(value, Combined(value, function, origins[0], (*origins, Literal(1))[1]))


def plain_number(value: Any) -> Any:
    """A number without its origin; anything else as it is."""
    if not hasattr(value, "origin"):
        return value
    return int.__int__(value) if isinstance(value, int) else float.__float__(value)
