"""The blocks of YOLOv5 in PyTorch, with the names that published checkpoints give to their parameters."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from prunekit.model_zoo.yolov5 import architecture
from prunekit.model_zoo.yolov5.architecture import Layer


class Conv(nn.Module):
    """A convolution, its normalization and SiLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, architecture.padding(kernel), bias=False)
        self.bn = nn.BatchNorm2d(outputs, architecture.BN_EPS, architecture.BN_MOMENTUM)
        self.act = nn.SiLU()

    def forward(self, inputs: Tensor) -> Tensor:
        """[N, inputs, H, W] to [N, outputs, H / stride, W / stride]."""
        outputs: Tensor = self.act(self.bn(self.conv(inputs)))
        return outputs


class Bottleneck(nn.Module):
    """A 1x1 and a 3x3 convolution, with or without a shortcut."""

    def __init__(self, channels: int, shortcut: bool) -> None:
        super().__init__()
        self.cv1 = Conv(channels, channels)
        self.cv2 = Conv(channels, channels, 3)
        self.shortcut = shortcut

    def forward(self, inputs: Tensor) -> Tensor:
        """[N, channels, H, W] to the same."""
        outputs: Tensor = self.cv2(self.cv1(inputs))
        return inputs + outputs if self.shortcut else outputs


class C3(nn.Module):
    """Bottlenecks on one half of the channels, joined with the other half."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        half = layer.outputs // 2
        self.cv1 = Conv(layer.inputs, half)
        self.cv2 = Conv(layer.inputs, half)
        self.cv3 = Conv(2 * half, layer.outputs)
        self.m = nn.Sequential(*(Bottleneck(half, layer.shortcut) for _ in range(layer.repeats)))

    def forward(self, inputs: Tensor) -> Tensor:
        """[N, inputs, H, W] to [N, outputs, H, W]."""
        outputs: Tensor = self.cv3(torch.cat((self.m(self.cv1(inputs)), self.cv2(inputs)), 1))
        return outputs


class SPPF(nn.Module):
    """Maxima over 5x5, 9x9 and 13x13 positions, joined with what they are taken of."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        half = layer.inputs // 2
        self.cv1 = Conv(layer.inputs, half)
        self.cv2 = Conv(4 * half, layer.outputs)
        self.m = nn.MaxPool2d(5, 1, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        """[N, inputs, H, W] to [N, outputs, H, W]."""
        found = [self.cv1(inputs)]
        for _ in range(3):
            found.append(self.m(found[-1]))
        outputs: Tensor = self.cv2(torch.cat(found, 1))
        return outputs


class Concat(nn.Module):
    """Joins the channels of the layer before it and those of an earlier one."""

    def __init__(self, layer: int) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, before: Tensor, earlier: Tensor) -> Tensor:
        """[N, C, H, W] and [N, D, H, W] to [N, C + D, H, W]."""
        return torch.cat((before, earlier), 1)


class Detect(nn.Module):
    """A 1x1 convolution on each of the maps: for each anchor of a cell its box, objectness and classes."""

    anchors: Tensor

    def __init__(self, channels: list[int], num_classes: int) -> None:
        super().__init__()
        strides = torch.tensor(architecture.STRIDES, dtype=torch.float32)
        self.register_buffer("anchors", torch.tensor(architecture.ANCHORS) / strides[:, None, None])
        each = len(architecture.ANCHORS[0])
        convs = [nn.Conv2d(inputs, each * (5 + num_classes), 1) for inputs in channels]
        self.m = nn.ModuleList(convs)
        for conv, (objectness, of_class) in zip(convs, architecture.first_biases(num_classes), strict=True):
            assert conv.bias is not None
            biases = conv.bias.detach().view(each, -1)
            biases[:, 4], biases[:, 5:] = objectness, of_class

    def forward(self, *maps: Tensor) -> tuple[Tensor, ...]:
        """Three maps to [N, 3 (5 + classes), H, W] each."""
        return tuple(conv(features) for conv, features in zip(self.m, maps, strict=True))


def block(layer: Layer) -> nn.Module:
    """The block that a layer is."""
    if layer.kind == "conv":
        return Conv(layer.inputs, layer.outputs, layer.kernel, layer.stride)
    if layer.kind == "c3":
        return C3(layer)
    if layer.kind == "sppf":
        return SPPF(layer)
    return nn.Upsample(scale_factor=2) if layer.joins is None else Concat(layer.joins)
