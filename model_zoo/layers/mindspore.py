"""Layers of either convention in MindSpore."""

from __future__ import annotations

from dataclasses import dataclass

from mindspore import nn
from mindspore.common.initializer import HeNormal

from prunekit.model_zoo.layers.layer_defaults import Convention, Padding


@dataclass(frozen=True)
class Layers(Convention):
    """Makes a network's layers by one convention; by default that of MindSpore's official ResNets."""

    bn_eps: float = 1e-4
    padding: Padding = "same"

    def conv(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
        """A convolution without bias."""
        init = HeNormal(mode="fan_out", nonlinearity="relu")
        if self.asymmetric(kernel, stride):
            return nn.Conv2d(inputs, outputs, kernel, stride, "same", group=groups, weight_init=init)
        return nn.Conv2d(inputs, outputs, kernel, stride, "pad", kernel // 2, group=groups, weight_init=init)

    def norm(self, channels: int) -> nn.BatchNorm2d:
        """A batch normalization."""
        return nn.BatchNorm2d(channels, eps=self.bn_eps, momentum=0.9)  # the weight of the old value

    def max_pool(self, kernel: int, stride: int) -> nn.Cell:
        """A maximum over windows of values that are not negative."""
        if self.asymmetric_pool(kernel, stride):
            return nn.MaxPool2d(kernel, stride, "same")
        sides = (kernel // 2, kernel // 2)  # with zeros, for a pooling that pads cannot be exported to ONNX
        return nn.SequentialCell(nn.Pad(((0, 0), (0, 0), sides, sides)), nn.MaxPool2d(kernel, stride))
