"""A small convolutional network with one residual connection."""

from __future__ import annotations

import torch
from torch import nn

from prunekit import Register, RegisterType


@Register.register(RegisterType.NETWORK, aliases=("stripenet",))
class StripeNet(nn.Module):
    """Four convolutions, one of them bypassed, and a linear layer.

    Args:
        class_num: Number of classes.
        width: Channels of the first convolution.
    """

    def __init__(self, class_num: int = 4, width: int = 16) -> None:
        super().__init__()
        self.stem = _layer(1, width)
        self.block = nn.Sequential(_layer(width, width), _layer(width, width))
        self.last = _layer(width, 2 * width, stride=2)
        self.head = nn.Linear(2 * width, class_num)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of a batch of grey images."""
        x = self.stem(images)
        x = self.last(x + self.block(x))
        return self.head(x.mean((2, 3)))


def _layer(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())
