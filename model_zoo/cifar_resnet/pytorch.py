"""ResNets for small images (He et al. 2015, section 4.2), with the shortcut that has no parameters (option A)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunekit.core.weights import Naming
from prunekit.model_zoo.cifar_resnet.architecture import STAGES, blocks_of
from prunekit.model_zoo.cifar_resnet.checkpoint_names import NAMINGS
from prunekit.model_zoo.num_classes import classes
from prunekit.registry import Register, RegisterType


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut; where the block halves the picture, it subsamples and pads with zeros."""

    def __init__(self, in_planes: int, planes: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.stride = stride
        pad = (planes - in_planes) // 2  # planes / 4 on both sides where the width doubles
        self.pads = (pad, pad)

    def forward(self, inputs: Tensor) -> Tensor:
        """[N, in_planes, H, W] to [N, planes, H / stride, W / stride]."""
        outputs = functional.relu(self.bn1(self.conv1(inputs)))
        outputs = self.bn2(self.conv2(outputs))
        shortcut = inputs
        if self.stride != 1:
            shortcut = functional.pad(inputs[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, *self.pads))
        return functional.relu(outputs + shortcut)


@Register.register(RegisterType.NETWORK)
class CifarResNet(nn.Module):
    """A ResNet of 3 stages with 16, 32 and 64 channels.

    Args:
        depth: Layers with weights, 6 n + 2.
        class_num: Number of classes; 10 if neither name is given.
        num_classes: Another name for ``class_num``.
        in_channels: Channels of the images.

    Raises:
        ValueError: There is no such depth, or the two names of the number of classes contradict each other.
    """

    namings: ClassVar[tuple[Naming, ...]] = NAMINGS

    def __init__(
        self,
        depth: int = 20,
        class_num: int | None = None,
        num_classes: int | None = None,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        blocks = blocks_of(depth)
        self.conv1 = nn.Conv2d(in_channels, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1, self.layer2, self.layer3 = (_stage(*stage, blocks) for stage in STAGES)
        self.linear = nn.Linear(64, classes(class_num, num_classes, 10))
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, inputs: Tensor) -> Tensor:
        """Images [N, in_channels, H, W] to logits [N, classes]."""
        features = functional.relu(self.bn1(self.conv1(inputs)))
        features = self.layer3(self.layer2(self.layer1(features)))
        logits: Tensor = self.linear(torch.flatten(functional.adaptive_avg_pool2d(features, 1), 1))
        return logits


@Register.register(RegisterType.NETWORK)
class ResNet8(CifarResNet):
    """The smallest of the family, for demonstrations."""

    def __init__(self, class_num: int | None = None, num_classes: int | None = None, in_channels: int = 3) -> None:
        super().__init__(8, class_num, num_classes, in_channels)


@Register.register(RegisterType.NETWORK)
class ResNet20(CifarResNet):
    """ResNet-20: 0.27 million parameters, 41 million MACs at 32x32."""

    def __init__(self, class_num: int | None = None, num_classes: int | None = None, in_channels: int = 3) -> None:
        super().__init__(20, class_num, num_classes, in_channels)


@Register.register(RegisterType.NETWORK)
class ResNet56(CifarResNet):
    """ResNet-56: 0.85 million parameters, 126 million MACs at 32x32."""

    def __init__(self, class_num: int | None = None, num_classes: int | None = None, in_channels: int = 3) -> None:
        super().__init__(56, class_num, num_classes, in_channels)


def _stage(in_planes: int, planes: int, stride: int, blocks: int) -> nn.Sequential:
    first = BasicBlock(in_planes, planes, stride)
    return nn.Sequential(first, *(BasicBlock(planes, planes, 1) for _ in range(blocks - 1)))
