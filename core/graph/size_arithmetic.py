"""What each operator of `Combined` does: numbers that were computed from sizes are computed again from other sizes."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping

from prunekit.core.graph.tracked_sizes import Combined, Literal, SizeOrigin

Sizes = Mapping[SizeOrigin, int]

OPERATORS: dict[str, Callable[..., float]] = {
    "*": operator.mul, "//": operator.floordiv, "%": operator.mod, "+": operator.add, "-": operator.sub,
    "/": operator.truediv, "**": operator.pow, "&": operator.and_, "|": operator.or_, "^": operator.xor,
}  # fmt: skip

FUNCTIONS: dict[str, Callable[..., float]] = {
    **{name: getattr(math, name) for name in (
        "sqrt", "isqrt", "cbrt", "exp", "exp2", "expm1", "log2", "log10", "log1p", "floor", "ceil", "trunc", "fabs",
        "sin", "cos", "tan", "tanh", "erf", "degrees", "radians", "gamma", "lgamma", "factorial",
    ) if hasattr(math, name)},
    "ln": math.log, "abs": abs, "round": round, "bit_length": int.bit_length, "bit_count": int.bit_count,
}  # fmt: skip
"""Functions of one number, the left one."""

FUNCTIONS_OF_TWO: dict[str, Callable[..., float]] = {
    name: getattr(math, name) for name in ("log", "gcd", "lcm", "pow", "fmod", "hypot", "atan2", "comb", "remainder")
}

_LARGEST = 1 << 16
"""Of exponents: the numbers that code computes from sizes are small."""


def evaluated(origin: SizeOrigin | float, sizes: Sizes) -> float | None:
    """What a number becomes with other sizes, or None where nobody knows how it is computed.

    Args:
        origin: Where the number comes from.
        sizes: The sizes that are others now.
    """
    if isinstance(origin, (int, float)):
        return origin
    if not isinstance(origin, Combined):
        return sizes.get(origin, origin.value)
    left, right = evaluated(origin.left, sizes), evaluated(origin.right, sizes)
    if left is None or right is None:
        return None
    if (left, right) == (origin.left.value, origin.right.value):
        return origin.value
    return _computed(origin.operator, left, right)


def _computed(name: str, left: float, right: float) -> float | None:
    if name == "**" and abs(right) > _LARGEST:
        return None
    try:
        if name in FUNCTIONS:
            found = FUNCTIONS[name](left)
        elif (known := OPERATORS.get(name) or FUNCTIONS_OF_TWO.get(name)) is not None:
            found = known(left, right)
        else:
            return None
    except (ArithmeticError, ValueError, TypeError):  # the code itself would fail
        return None
    return found if isinstance(found, (int, float)) else None


def power_of(origin: SizeOrigin) -> tuple[SizeOrigin, float]:
    """The number of which another is a constant multiple of a power, and the exponent.

    Whole quotients are taken as they are: they are sizes of their own.
    """
    found = _power(origin)
    return (origin, 1.0) if found is None or found[0] is None else (found[0], found[1])


def _power(origin: SizeOrigin) -> tuple[SizeOrigin | None, float] | None:
    """The same, with None for a constant; None where it is no such multiple."""
    if isinstance(origin, Literal):
        return None, 0.0
    if not isinstance(origin, Combined) or (isinstance(origin.value, int) and origin.operator not in ("*", "**")):
        return origin, 1.0
    one = _power(origin.left)
    if origin.operator in ("sqrt", "abs", "fabs"):
        return None if one is None else (one[0], one[1] * (0.5 if origin.operator == "sqrt" else 1.0))
    other = _power(origin.right)
    if one is None or other is None:
        return None
    if origin.operator in ("**", "pow") and other[0] is None:
        return one[0], one[1] * origin.right.value
    if origin.operator == "-" and one[0] is None and not origin.left.value:
        return other
    if origin.operator not in ("*", "/") or (one[0] is not None and other[0] is not None and one[0] != other[0]):
        return None
    base = one[0] if one[0] is not None else other[0]
    return base, one[1] + (other[1] if origin.operator == "*" else -other[1])
