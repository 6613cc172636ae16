"""In which precision a training step computes: as the network is, or mixed (use_amp)."""

from __future__ import annotations

import contextlib
from typing import Any

import torch
from torch import Tensor, nn

from prunekit.core.data.nested import map_leaves
from prunekit.plugins.backends.pytorch.module_tree import named_parameters


class Precision:
    """Mixed precision: half of the bits where the device is fast with them, float32 where they would not do.

    On a GPU or NPU float16 with a scaled loss (Micikevicius et al., ICLR 2018), as its small gradients would vanish
    otherwise; on a CPU bfloat16, which has float32's range and needs no scaling. Without it every method does what
    plain training does.

    Args:
        device: Where the network is.
        mixed: Whether to use it.
    """

    def __init__(self, device: torch.device, mixed: bool) -> None:
        self._mixed, self._kind = mixed, device.type
        self._scaler = torch.amp.GradScaler(device.type, enabled=mixed and device.type != "cpu")

    def forward(self) -> contextlib.AbstractContextManager[Any]:
        """Around the network's forward."""
        if not self._mixed:
            return contextlib.nullcontext()
        return torch.autocast(self._kind, dtype=torch.bfloat16 if self._kind == "cpu" else torch.float16)

    def outputs(self, value: Any) -> Any:
        """What the network gave, for a loss in float32."""
        return map_leaves(_whole, value) if self._mixed else value

    def gather(self, loss: Tensor) -> None:
        """Add the gradient of a loss to what the weights have."""
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]

    def step(self, network: nn.Module, optimizer: torch.optim.Optimizer, grad_clip: float | None) -> None:
        """Follow the gradient that the weights have; a step whose scaled gradient is not finite is left out."""
        if grad_clip is not None:
            self._scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_([weight for _, weight in named_parameters(network)], grad_clip)
        self._scaler.step(optimizer)
        self._scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """The scale and what it will become; empty without one."""
        return dict(self._scaler.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take a state back."""
        self._scaler.load_state_dict(state)


def _whole(leaf: Any) -> Any:
    low = isinstance(leaf, Tensor) and leaf.dtype in (torch.float16, torch.bfloat16)
    return leaf.float() if low else leaf
