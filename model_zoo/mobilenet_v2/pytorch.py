"""MobileNetV2 (Sandler et al. 2018, table 2), with the names that torchvision gives to its parameters."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunekit.core.weights import Naming
from prunekit.model_zoo.layers.layer_defaults import Padding
from prunekit.model_zoo.layers.pytorch import Layers
from prunekit.model_zoo.mobilenet_v2 import architecture
from prunekit.model_zoo.mobilenet_v2.architecture import Block
from prunekit.model_zoo.mobilenet_v2.checkpoint_names import NAMINGS
from prunekit.model_zoo.num_classes import classes
from prunekit.registry import Register, RegisterType


class InvertedResidual(nn.Module):
    """Widens, filters each channel by itself, narrows; adds its input where the shapes agree."""

    def __init__(self, block: Block, layers: Layers) -> None:
        super().__init__()
        hidden = block.hidden
        widen = [_activated(block.inputs, hidden, 1, layers)] if block.widens else []
        self.conv = nn.Sequential(
            *widen,
            _activated(hidden, hidden, 3, layers, block.stride, hidden, block.dilation),
            layers.conv(hidden, block.outputs, 1),
            layers.norm(block.outputs),
        )
        self.adds = block.adds

    def forward(self, inputs: Tensor) -> Tensor:
        """[N, inputs, H, W] to [N, outputs, H / stride, W / stride]."""
        outputs: Tensor = self.conv(inputs)
        return inputs + outputs if self.adds else outputs


class MobileNetV2Backbone(nn.Module):
    """MobileNetV2 up to its last block, as other networks build on it: the names of its weights are those of the whole.

    Attributes:
        channels: Of its maps, one for each size.
    """

    def __init__(self, in_channels: int, layers: Layers, output_stride: int = 32) -> None:
        super().__init__()
        blocks = list(architecture.blocks(1.0, output_stride))
        self.features = _features(in_channels, 1.0, blocks, layers)
        self._ends = [k for k, block in enumerate(blocks[1:], 1) if block.stride > 1] + [len(blocks)]
        self.channels = tuple(blocks[end - 1].outputs for end in self._ends)
        _initialise(self)

    def forward(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Images [N, in_channels, H, W] to the last map of each size, large to small."""
        maps, features = [], inputs
        for number, block in enumerate(self.features):
            features = block(features)
            if number in self._ends:
                maps.append(features)
        return tuple(maps)


@Register.register(RegisterType.NETWORK)
class MobileNetV2(nn.Module):
    """MobileNetV2: 3.5 million parameters and 0.30 billion MACs at 224x224, at full width.

    Args:
        class_num: Number of classes; 1000 if neither name is given.
        num_classes: Another name for ``class_num``.
        in_channels: Channels of the images.
        width_mult: Multiplies the channels of every layer (of the last one, where it is above 1), in steps of 8.
        dropout: Share of the features that training drops before the classifier.
        bn_eps: What batch normalizations add to the variance; 1e-5 in PyTorch's official weights and MindSpore's, 1e-3
            in TensorFlow's.
        padding: How convolutions pad: ``symmetric`` as PyTorch's official network and MindSpore's do, or ``same`` as
            TensorFlow's.

    Raises:
        ValueError: There is no such padding, or the two names of the number of classes contradict each other.
    """

    namings: ClassVar[tuple[Naming, ...]] = NAMINGS

    def __init__(
        self,
        class_num: int | None = None,
        num_classes: int | None = None,
        in_channels: int = 3,
        width_mult: float = 1.0,
        dropout: float = 0.2,
        bn_eps: float = 1e-5,
        padding: Padding = "symmetric",
    ) -> None:
        super().__init__()
        layers, features = Layers(bn_eps, padding), architecture.last(width_mult)
        blocks = list(architecture.blocks(width_mult))
        self.features = _features(in_channels, width_mult, blocks, layers)
        self.features.append(_activated(blocks[-1].outputs, features, 1, layers))
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(features, classes(class_num, num_classes, 1000)))
        _initialise(self)

    def forward(self, inputs: Tensor) -> Tensor:
        """Images [N, in_channels, H, W] to logits [N, classes]."""
        features = functional.adaptive_avg_pool2d(self.features(inputs), 1)
        logits: Tensor = self.classifier(torch.flatten(features, 1))
        return logits


def _features(in_channels: int, width_mult: float, blocks: list[Block], layers: Layers) -> nn.Sequential:
    stem = _activated(in_channels, architecture.stem(width_mult), 3, layers, stride=2)
    return nn.Sequential(stem, *(InvertedResidual(block, layers) for block in blocks))


def _initialise(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0, 0.01)
            nn.init.zeros_(module.bias)


def _activated(
    inputs: int, outputs: int, kernel: int, layers: Layers, stride: int = 1, groups: int = 1, dilation: int = 1
) -> nn.Sequential:
    conv = layers.conv(inputs, outputs, kernel, stride, groups, dilation)
    return nn.Sequential(conv, layers.norm(outputs), nn.ReLU6(inplace=True))
