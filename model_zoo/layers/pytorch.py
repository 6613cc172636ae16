"""Layers of either convention in PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunekit.model_zoo.layers.layer_defaults import Convention, Padding


class SameConv2d(nn.Conv2d):
    """A convolution that pads so that ``ceil(size / stride)`` positions come out, the odd row last."""

    def forward(self, input: Tensor) -> Tensor:
        """[N, C, H, W] to [N, C', ceil(H / stride), ceil(W / stride)]."""
        return super().forward(_padded(input, self.kernel_size[0], self.stride[0]))


class SameMaxPool2d(nn.Module):
    """A maximum over what is not negative, padded as ``SameConv2d`` pads."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, input: Tensor) -> Tensor:
        """[N, C, H, W] to [N, C, ceil(H / stride), ceil(W / stride)]."""
        return functional.max_pool2d(_padded(input, self.kernel, self.stride), self.kernel, self.stride)


class FrozenBatchNorm2d(nn.Module):
    """A batch normalization that is not trained: statistics, gain and shift are buffers, in both modes the same."""

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, num_features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.num_features, self.eps = num_features, eps
        for name, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            self.register_buffer(name, torch.full((num_features,), value))

    def forward(self, input: Tensor) -> Tensor:
        """[N, C, H, W] to the same shape."""
        return functional.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
        )


def freeze_norms(network: nn.Module) -> None:
    """Put frozen batch normalizations in the place of all that a new network has."""
    for module in list(network.modules()):
        for name, part in module.named_children():
            if isinstance(part, nn.BatchNorm2d):
                setattr(module, name, FrozenBatchNorm2d(part.num_features, part.eps))


@dataclass(frozen=True)
class Layers(Convention):
    """Makes a network's layers by one convention; by default that of PyTorch's official networks."""

    bn_eps: float = 1e-5
    padding: Padding = "symmetric"

    def conv(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, dilation: int = 1
    ) -> nn.Conv2d:
        """A convolution without bias; one with a stride has no dilation."""
        if self.asymmetric(kernel, stride):
            return SameConv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
        padding = dilation * (kernel // 2)
        return nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False)

    def norm(self, channels: int) -> nn.BatchNorm2d:
        """A batch normalization."""
        return nn.BatchNorm2d(channels, eps=self.bn_eps)

    def max_pool(self, kernel: int, stride: int) -> nn.Module:
        """A maximum over windows of values that are not negative."""
        if self.asymmetric_pool(kernel, stride):
            return SameMaxPool2d(kernel, stride)
        return nn.MaxPool2d(kernel, stride, kernel // 2)


def _padded(inputs: Tensor, kernel: int, stride: int) -> Tensor:
    pads = []
    for size in (inputs.shape[3], inputs.shape[2]):  # torch counts from the last axis
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        pads += [total // 2, total - total // 2]
    return functional.pad(inputs, pads)
