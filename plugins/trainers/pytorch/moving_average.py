"""The moving average of a PyTorch network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from prunekit.plugins.backends.pytorch.module_tree import named_buffers, named_parameters
from prunekit.plugins.trainers import moving_average


class MovingAverage(moving_average.MovingAverage):
    """That of its parameters and buffers, as a part of a checkpoint."""

    def state_dict(self) -> dict[str, Any]:
        """Where it stands."""
        return {"steps": self.steps, "kept": dict(self._kept)}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Take a state back."""
        self.steps = int(state["steps"])
        for name, tensor in self._kept.items():
            tensor.copy_(state["kept"][name])

    @torch.no_grad()
    def _move(self, share: float) -> None:
        for name, tensor in self._tensors():
            if tensor.is_floating_point():
                self._kept[name].lerp_(tensor, share)
            else:
                self._kept[name].copy_(tensor)

    def _now(self) -> dict[str, Tensor]:
        return {name: tensor.detach().clone() for name, tensor in self._tensors()}

    @torch.no_grad()
    def _put(self, values: dict[str, Tensor]) -> None:
        for name, tensor in self._tensors():
            tensor.copy_(values[name])

    def _tensors(self) -> list[tuple[str, Tensor]]:
        return [*named_parameters(self._network), *named_buffers(self._network)]
