"""In which precision a training step computes: as the network is, or mixed (use_amp)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mindspore
from mindspore import Tensor, amp

from prunekit.core.data.nested import map_leaves

_FIRST_SCALE, _GROWS_AFTER = 2.0**16, 2000  # and steps, both as in PyTorch's scaler


class Precision:
    """Mixed precision: float16 where it will do, with a scaled loss (Micikevicius et al., ICLR 2018).

    The same on every device: on a CPU too MindSpore computes convolutions in float16, but not in bfloat16. Without it
    every method does what plain training does.

    Args:
        mixed: Whether to use it.
    """

    def __init__(self, mixed: bool) -> None:
        self._mixed, self.scale, self.good_steps = mixed, _FIRST_SCALE if mixed else 1.0, 0

    def forward(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The function, its convolutions and matrix products in float16, and what it gives in float32."""
        if not self._mixed:
            return function
        lowered = amp.auto_mixed_precision(function, "auto", mindspore.float16)
        return lambda inputs: map_leaves(_whole, lowered(inputs))

    def unscaled(self, gradients: Sequence[Tensor]) -> Sequence[Tensor] | None:
        """The gradients of the loss, given those of the scaled loss; None where they are not finite: leave that out."""
        if not self._mixed:
            return gradients
        finite = bool(amp.all_finite(gradients))
        found = [gradient * (1 / self.scale) for gradient in gradients] if finite else None
        self.good_steps = self.good_steps + 1 if finite else 0
        if not finite:
            self.scale /= 2
        elif self.good_steps == _GROWS_AFTER:
            self.scale, self.good_steps = self.scale * 2, 0
        return found


def _whole(leaf: Any) -> Any:
    low = isinstance(leaf, Tensor) and leaf.dtype in (mindspore.float16, mindspore.bfloat16)
    return leaf.astype(mindspore.float32) if low else leaf
