"""The exponential moving average of a network's weights and statistics."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from prunekit.plugins.backends.pytorch.module_tree import named_buffers, named_parameters


class MovingAverage:
    """Follows a network step by step; numbers that are no floating-point ones are those of the last step.

    Args:
        network: Whose.
        decay: How much of itself it keeps in a step, in the end.
        ramp: Over how many steps that grows: the n-th keeps ``decay * (1 - exp(-n / ramp))``.
    """

    def __init__(self, network: nn.Module, decay: float, ramp: float) -> None:
        self._network, self._decay, self._ramp, self._steps = network, decay, ramp, 0
        self._kept = {name: tensor.detach().clone() for name, tensor in self._tensors()}

    @torch.no_grad()
    def update(self) -> None:
        """Move towards the network as it is after a step."""
        self._steps += 1
        kept = self._decay * (1 - math.exp(-self._steps / self._ramp))
        for name, tensor in self._tensors():
            if tensor.is_floating_point():
                self._kept[name].lerp_(tensor, 1 - kept)
            else:
                self._kept[name].copy_(tensor)

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Inside the block the network has the average."""
        before = {name: tensor.detach().clone() for name, tensor in self._tensors()}
        self.take()
        try:
            yield
        finally:
            self._put(before)

    def take(self) -> None:
        """Give it to the network."""
        self._put(self._kept)

    def state_dict(self) -> dict[str, Any]:
        """Where it stands."""
        return {"steps": self._steps, "kept": dict(self._kept)}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Take a state back."""
        self._steps = int(state["steps"])
        for name, tensor in self._kept.items():
            tensor.copy_(state["kept"][name])

    @torch.no_grad()
    def _put(self, values: dict[str, Tensor]) -> None:
        for name, tensor in self._tensors():
            tensor.copy_(values[name])

    def _tensors(self) -> list[tuple[str, Tensor]]:
        return [*named_parameters(self._network), *named_buffers(self._network)]
