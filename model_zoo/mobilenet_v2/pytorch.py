"""MobileNetV2 (Sandler et al. 2018, table 2), with the names that torchvision gives to its parameters."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunekit.model_zoo.classes import classes
from prunekit.model_zoo.layers.pytorch import Layers, Padding
from prunekit.registry import Register, RegisterType

_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, blocks and stride of each stage."""


class InvertedResidual(nn.Module):
    """Widens, filters each channel by itself, narrows; adds its input where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int, layers: Layers) -> None:
        super().__init__()
        hidden = inputs * expansion
        widen = [_activated(inputs, hidden, 1, layers)] if expansion != 1 else []
        self.conv = nn.Sequential(
            *widen,
            _activated(hidden, hidden, 3, layers, stride, groups=hidden),
            layers.conv(hidden, outputs, 1),
            layers.norm(outputs),
        )
        self.adds = stride == 1 and inputs == outputs

    def forward(self, inputs: Tensor) -> Tensor:
        """[N, inputs, H, W] to [N, outputs, H / stride, W / stride]."""
        outputs: Tensor = self.conv(inputs)
        return inputs + outputs if self.adds else outputs


@Register.register(RegisterType.NETWORK)
class MobileNetV2(nn.Module):
    """MobileNetV2: 3.5 million parameters and 0.30 billion MACs at 224x224, at full width.

    Args:
        class_num: Number of classes; 1000 if neither name is given.
        num_classes: Another name for ``class_num``.
        in_channels: Channels of the images.
        width_mult: Multiplies the channels of every layer (of the last one, where it is above 1), in steps of 8.
        dropout: Share of the features that training drops before the classifier.
        bn_eps: What batch normalizations add to the variance; 1e-5 in PyTorch's official weights, 1e-3 in
            TensorFlow's.
        padding: How convolutions pad: ``symmetric`` as PyTorch's official network does, or ``same`` as TensorFlow's.

    Raises:
        ValueError: There is no such padding, or the two names of the number of classes contradict each other.
    """

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
        layers, channels = Layers(bn_eps, padding), _by_eights(32 * width_mult)
        features: list[nn.Module] = [_activated(in_channels, channels, 3, layers, stride=2)]
        for expansion, planes, blocks, stride in _STAGES:
            for position in range(blocks):
                before, channels = channels, _by_eights(planes * width_mult)
                features.append(InvertedResidual(before, channels, 1 if position else stride, expansion, layers))
        last = _by_eights(1280 * max(1.0, width_mult))
        self.features = nn.Sequential(*features, _activated(channels, last, 1, layers))
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(last, classes(class_num, num_classes, 1000)))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.zeros_(module.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Images [N, in_channels, H, W] to logits [N, classes]."""
        features = functional.adaptive_avg_pool2d(self.features(inputs), 1)
        logits: Tensor = self.classifier(torch.flatten(features, 1))
        return logits


def _activated(
    inputs: int, outputs: int, kernel: int, layers: Layers, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    conv = layers.conv(inputs, outputs, kernel, stride, groups)
    return nn.Sequential(conv, layers.norm(outputs), nn.ReLU6(inplace=True))


def _by_eights(channels: float) -> int:
    """The nearest multiple of 8, but never less than nine tenths of what was asked for, as published."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
