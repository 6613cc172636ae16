"""ResNets for small images (He et al. 2015, section 4.2), with the shortcut that has no parameters (option A).

MindSpore has no official ones: modules are called as in PyTorch's, their parameters as MindSpore calls them.
"""

from __future__ import annotations

from typing import ClassVar

from mindspore import Tensor, nn, ops
from mindspore.common.initializer import HeNormal

from prunekit.core.weights import Naming
from prunekit.model_zoo.cifar_resnet.architecture import STAGES, blocks_of
from prunekit.model_zoo.cifar_resnet.checkpoint_names import NAMINGS
from prunekit.model_zoo.num_classes import classes
from prunekit.registry import Register, RegisterType


class BasicBlock(nn.Cell):
    """Two 3x3 convolutions and a shortcut; where the block halves the picture, it subsamples and pads with zeros."""

    def __init__(self, in_planes: int, planes: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _conv(in_planes, planes, stride)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = _conv(planes, planes)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = _shortcut(in_planes, planes, stride) if stride != 1 else None

    def construct(self, inputs: Tensor) -> Tensor:
        """[N, in_planes, H, W] to [N, planes, H / stride, W / stride]."""
        outputs = ops.relu(self.bn1(self.conv1(inputs)))
        outputs = self.bn2(self.conv2(outputs))
        return ops.relu(outputs + (inputs if self.shortcut is None else self.shortcut(inputs)))


@Register.register(RegisterType.NETWORK)
class CifarResNet(nn.Cell):
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
        self.conv1 = _conv(in_channels, 16)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1, self.layer2, self.layer3 = (_stage(*stage, blocks) for stage in STAGES)
        self.linear = nn.Dense(64, classes(class_num, num_classes, 10), weight_init=HeNormal())

    def construct(self, inputs: Tensor) -> Tensor:
        """Images [N, in_channels, H, W] to logits [N, classes]."""
        features = ops.relu(self.bn1(self.conv1(inputs)))
        features = self.layer3(self.layer2(self.layer1(features)))
        # a pooling to one position cannot be exported to ONNX, a mean can
        return self.linear(ops.flatten(ops.mean(features, (2, 3), True)))


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


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, "pad", 1, weight_init=HeNormal())


def _shortcut(in_planes: int, planes: int, stride: int) -> nn.SequentialCell:
    """Subsamples by a pooling, for the gradient of a slice with steps fails on CPU."""
    pad = (planes - in_planes) // 2  # planes / 4 on both sides where the width doubles
    return nn.SequentialCell(nn.MaxPool2d(1, stride), nn.Pad(((0, 0), (pad, pad), (0, 0), (0, 0))))


def _stage(in_planes: int, planes: int, stride: int, blocks: int) -> nn.SequentialCell:
    first = BasicBlock(in_planes, planes, stride)
    return nn.SequentialCell(first, *(BasicBlock(planes, planes, 1) for _ in range(blocks - 1)))
