"""Tensors of one number that the code computed from a size: factors that change with it."""

from __future__ import annotations

from mindspore import Tensor

from prunekit.core.graph.tracked_sizes import SizeOrigin
from prunekit.plugins.backends.mindspore.dispatch import Dispatched

_POWER = "prunekit.power"
_EXPONENTS = {"Sqrt": 0.5, "Rsqrt": -0.5, "Reciprocal": -1.0, "Square": 2.0, "Cast": 1.0}


class Factors:
    """Follows them by what is written on them.

    Args:
        recording: Its number; what others wrote does not count.
    """

    def __init__(self, recording: int) -> None:
        self._id = recording

    def note(self, tensor: Tensor, origin: SizeOrigin, exponent: float) -> None:
        """A tensor is the power of a size."""
        tensor._set_user_data(_POWER, (self._id, origin, exponent))

    def of(self, tensor: Tensor) -> tuple[SizeOrigin, float] | None:
        """The size and the exponent of which a tensor is the power, as far as that was seen."""
        written = tensor._get_user_data(_POWER)
        return written[1:] if written is not None and written[0] == self._id else None

    def follow(self, operator: Dispatched, out: Tensor) -> None:
        """An operator of none of the network's tensors ran: it may have made one power from another."""
        if operator.name in _EXPONENTS and (found := self.of(operator.args[0])) is not None:
            self.note(out, found[0], found[1] * _EXPONENTS[operator.name])
