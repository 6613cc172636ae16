"""Python's functions of real numbers and of integers, for a network's code: what they give of sizes has an origin.

Python's own give plain numbers, whatever they get; so they are replaced for one recording.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any

from prunekit.core.graph.size_arithmetic import FUNCTIONS, FUNCTIONS_OF_TWO
from prunekit.core.graph.size_ufuncs import plain_number, with_origin
from prunekit.core.recording.replaced import Namespace, replaced

_ROUNDING = ("floor", "ceil", "trunc")
"""They ask the numbers themselves."""


def seen_math(namespaces: Iterable[Namespace]) -> AbstractContextManager[None]:
    """Inside the block functions of sizes, and of what was computed from them, keep the origin.

    Args:
        namespaces: Where the code may have imported functions by their names.
    """
    names = [name for name in (*FUNCTIONS, *FUNCTIONS_OF_TWO) if hasattr(math, name) and name not in _ROUNDING]
    return replaced(math, {name: _seen(name, getattr(math, name)) for name in names}, namespaces)


def _seen(name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(plain)
    def function(*numbers: Any) -> Any:
        if not any(hasattr(number, "origin") for number in numbers):
            return plain(*numbers)
        known = all(isinstance(number, (int, float)) for number in numbers)
        value = plain(*map(plain_number, numbers))
        return with_origin(name if len(numbers) > 1 or name != "log" else "ln", value, numbers) if known else value

    return function
