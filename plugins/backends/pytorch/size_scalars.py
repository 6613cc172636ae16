"""Tensors of one number that the code computed from a size: factors that change with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import torch
from torch.utils.weak import WeakIdKeyDictionary

from prunekit.core.graph.symbolic_integers import SymInt
from prunekit.core.graph.tracked_sizes import SizeOrigin, Uses

Power: TypeAlias = tuple[SizeOrigin, float]
"""A size and an exponent."""

_MADE_OF = {"tensor": 0, "as_tensor": 0, "scalar_tensor": 0, "new_tensor": 1, "full": 1, "new_full": 2}
"""Functions that make a tensor of a number, and where among the arguments it stands."""

_NAMES = {"full": "fill_value", "new_full": "fill_value", "tensor": "data", "as_tensor": "data", "new_tensor": "data"}

_EXPONENTS = {
    "sqrt": 0.5, "rsqrt": -0.5, "reciprocal": -1.0, "square": 2.0, "__rdiv__": -1.0, "__rtruediv__": -1.0,
    **dict.fromkeys(("to", "float", "double", "half", "bfloat16", "type_as", "clone", "detach", "contiguous"), 1.0),
}  # fmt: skip


_BY_A_NUMBER = ("mul", "__mul__", "__rmul__", "multiply", "div", "__truediv__", "divide", "true_divide")
"""Functions that leave a power of a size one, but for a constant."""


class Factors:
    """Follows them from function to function.

    Args:
        uses: Knows which real numbers are powers of sizes.
    """

    def __init__(self, uses: Uses) -> None:
        self._uses, self._powers = uses, WeakIdKeyDictionary()

    def of(self, tensor: torch.Tensor) -> Power | None:
        """The size and the exponent of which a tensor is the power, as far as that was seen."""
        found: Power | None = self._powers.get(tensor)
        return found

    def note(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], out: torch.Tensor) -> None:
        """A function returned a tensor of one number: it may have made it of a size, or of such a tensor."""
        found = self._made(name, args, kwargs) or self._computed(name, args)
        if found is not None:
            self._powers[out] = found

    def _made(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Power | None:
        if name not in _MADE_OF:
            return None
        place = _MADE_OF[name]
        number = args[place] if len(args) > place else kwargs.get(_NAMES.get(name, ""))
        return (number.origin, 1.0) if isinstance(number, SymInt) else self._power(number)

    def _power(self, number: Any) -> Power | None:
        return self._uses.power(number) if isinstance(number, float) else None

    def _computed(self, name: str, args: tuple[Any, ...]) -> Power | None:
        before = self.of(args[0]) if args and isinstance(args[0], torch.Tensor) else None
        if before is None:
            return None
        exponent = _EXPONENTS.get(name)
        if name in ("pow", "__pow__") and len(args) > 1 and isinstance(args[1], (int, float)):
            exponent = float(args[1])
        elif name in _BY_A_NUMBER and len(args) > 1 and type(args[1]) in (int, float) and not self._power(args[1]):
            exponent = 1.0
        return None if exponent is None else (before[0], before[1] * exponent)
