"""ResNets for ImageNet (He et al. 2015, table 1), with the names that torchvision gives to their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunekit.core.weights import Naming
from prunekit.model_zoo.layers.layer_defaults import Padding
from prunekit.model_zoo.layers.pytorch import Layers
from prunekit.model_zoo.num_classes import classes
from prunekit.model_zoo.resnet.architecture import STEM, Block, Version, of_basic_blocks, stages
from prunekit.model_zoo.resnet.checkpoint_names import NAMINGS
from prunekit.registry import Register, RegisterType


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    expansion = 1

    def __init__(self, inputs: int, block: Block, layers: Layers) -> None:
        super().__init__()
        planes, stride = block.planes, block.stride
        self.conv1 = layers.conv(inputs, planes, 3, stride)
        self.bn1 = layers.norm(planes)
        self.conv2 = layers.conv(planes, planes, 3)
        self.bn2 = layers.norm(planes)
        self.downsample = _shortcut(inputs, planes, stride, layers)

    def forward(self, inputs: Tensor) -> Tensor:
        """[N, inputs, H, W] to [N, planes, H / stride, W / stride]."""
        outputs = functional.relu(self.bn1(self.conv1(inputs)))
        outputs = self.bn2(self.conv2(outputs))
        return functional.relu(outputs + (inputs if self.downsample is None else self.downsample(inputs)))


class Bottleneck(nn.Module):
    """A 3x3 convolution between two 1x1 ones, and a shortcut; the stride is the first's or the second's."""

    expansion = 4

    def __init__(self, inputs: int, block: Block, layers: Layers, stride_in_1x1: bool = False) -> None:
        super().__init__()
        planes, stride = block.planes, block.stride
        first, second = (stride, 1) if stride_in_1x1 else (1, stride)
        self.conv1 = layers.conv(inputs, planes, 1, first)
        self.bn1 = layers.norm(planes)
        self.conv2 = layers.conv(planes, planes, 3, second, dilation=block.dilation)
        self.bn2 = layers.norm(planes)
        self.conv3 = layers.conv(planes, planes * self.expansion, 1)
        self.bn3 = layers.norm(planes * self.expansion)
        self.downsample = _shortcut(inputs, planes * self.expansion, stride, layers)

    def forward(self, inputs: Tensor) -> Tensor:
        """[N, inputs, H, W] to [N, 4 planes, H / stride, W / stride]."""
        outputs = functional.relu(self.bn1(self.conv1(inputs)))
        outputs = functional.relu(self.bn2(self.conv2(outputs)))
        outputs = self.bn3(self.conv3(outputs))
        return functional.relu(outputs + (inputs if self.downsample is None else self.downsample(inputs)))


class _Stages(nn.Module):
    """The stem and the four stages, without a head.

    Attributes:
        channels: Of the maps that the four stages give.
    """

    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(
        self,
        version: Version,
        in_channels: int,
        layers: Layers,
        stride_in_1x1: bool = False,
        output_stride: int = 32,
        multi_grid: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        basic, channels, maps = of_basic_blocks(version, stride_in_1x1), STEM, []
        self.conv1 = layers.conv(in_channels, channels, 7, 2)
        self.bn1 = layers.norm(channels)
        self.maxpool = layers.max_pool(3, 2)
        for number, stage in enumerate(stages(version, output_stride, multi_grid), 1):
            blocks: list[BasicBlock | Bottleneck] = []
            for block in stage:
                if basic:
                    blocks.append(BasicBlock(channels, block, layers))
                else:
                    blocks.append(Bottleneck(channels, block, layers, stride_in_1x1))
                channels = block.planes * blocks[-1].expansion
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
            maps.append(channels)
        self.channels = tuple(maps)

    def maps(self, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        first = self.layer1(self.maxpool(functional.relu(self.bn1(self.conv1(inputs)))))
        second = self.layer2(first)
        third = self.layer3(second)
        return first, second, third, self.layer4(third)

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


class ResNetBackbone(_Stages):
    """A ResNet without its head, as other networks build on it: the names of its weights are those of ``ResNet``.

    Raises:
        ValueError: See ``stages``.
    """

    def __init__(
        self,
        version: Version,
        in_channels: int,
        layers: Layers,
        output_stride: int = 32,
        multi_grid: Sequence[int] | None = None,
    ) -> None:
        super().__init__(version, in_channels, layers, False, output_stride, multi_grid)
        self._initialise()

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Images [N, in_channels, H, W] to the maps of the four stages."""
        return self.maps(inputs)


@Register.register(RegisterType.NETWORK, name="ResNet_ModelZoo")
class ResNet(_Stages):
    """A ResNet of any of the published depths for images of about 224x224.

    Args:
        version: Which one.
        class_num: Number of classes; 1000 if neither name is given.
        num_classes: Another name for ``class_num``.
        in_channels: Channels of the images.
        bn_eps: What batch normalizations add to the variance; 1e-4 in MindSpore's official weights (but in stem and
            shortcuts of ResNet-18 and 34, which have 1e-5), 1e-5 in PyTorch's and mindcv's.
        padding: How convolutions and the pooling pad: ``same`` as MindSpore's official networks of bottlenecks and
            TensorFlow's do, ``symmetric`` as PyTorch's and MindSpore's ResNet-18 and 34, ``pool_same`` as mindcv's.
        stride_in_1x1: Where a bottleneck halves the picture: False for its 3x3 convolution ("v1.5", PyTorch's),
            True for its first 1x1 one (the paper's). Weights are made for one or the other; their shapes agree.

    Raises:
        ValueError: There is no such version or padding, the two names of the number of classes contradict each other,
            or ``stride_in_1x1`` is asked for where blocks have no such convolution.
    """

    namings: ClassVar[tuple[Naming, ...]] = NAMINGS

    def __init__(
        self,
        version: Version = "resnet50",
        class_num: int | None = None,
        num_classes: int | None = None,
        in_channels: int = 3,
        bn_eps: float = 1e-5,
        padding: Padding = "symmetric",
        stride_in_1x1: bool = False,
    ) -> None:
        super().__init__(version, in_channels, Layers(bn_eps, padding), stride_in_1x1)
        self.fc = nn.Linear(self.channels[-1], classes(class_num, num_classes, 1000))
        self._initialise()

    def forward(self, inputs: Tensor) -> Tensor:
        """Images [N, in_channels, H, W] to logits [N, classes]."""
        features = self.maps(inputs)[-1]
        logits: Tensor = self.fc(torch.flatten(functional.adaptive_avg_pool2d(features, 1), 1))
        return logits


class _OfBasicBlocks(ResNet):
    """A depth of its own whose blocks have no 1x1 convolution."""

    _published: ClassVar[Version]

    def __init__(
        self,
        class_num: int | None = None,
        num_classes: int | None = None,
        in_channels: int = 3,
        bn_eps: float = 1e-5,
        padding: Padding = "symmetric",
    ) -> None:
        super().__init__(self._published, class_num, num_classes, in_channels, bn_eps, padding)


class _OfBottlenecks(ResNet):
    """A depth of its own whose blocks are bottlenecks."""

    _published: ClassVar[Version]

    def __init__(
        self,
        class_num: int | None = None,
        num_classes: int | None = None,
        in_channels: int = 3,
        bn_eps: float = 1e-5,
        padding: Padding = "symmetric",
        stride_in_1x1: bool = False,
    ) -> None:
        super().__init__(self._published, class_num, num_classes, in_channels, bn_eps, padding, stride_in_1x1)


@Register.register(RegisterType.NETWORK)
class ResNet18(_OfBasicBlocks):
    """ResNet-18: 11.7 million parameters, 1.81 billion MACs at 224x224. Parameters: see ``ResNet``."""

    _published = "resnet18"


@Register.register(RegisterType.NETWORK)
class ResNet34(_OfBasicBlocks):
    """ResNet-34: 21.8 million parameters, 3.66 billion MACs at 224x224. Parameters: see ``ResNet``."""

    _published = "resnet34"


@Register.register(RegisterType.NETWORK)
class ResNet50(_OfBottlenecks):
    """ResNet-50: 25.6 million parameters, 4.09 billion MACs at 224x224. Parameters: see ``ResNet``."""

    _published = "resnet50"


@Register.register(RegisterType.NETWORK)
class ResNet101(_OfBottlenecks):
    """ResNet-101: 44.5 million parameters, 7.80 billion MACs at 224x224. Parameters: see ``ResNet``."""

    _published = "resnet101"


def _shortcut(inputs: int, outputs: int, stride: int, layers: Layers) -> nn.Sequential | None:
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(layers.conv(inputs, outputs, 1, stride), layers.norm(outputs))
