"""Our networks for classification as backbones of detectors: maps of several strides."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from prunekit.model_zoo.layers.pytorch import Layers
from prunekit.model_zoo.mobilenet_v2.pytorch import MobileNetV2
from prunekit.model_zoo.resnet.pytorch import ResNetBackbone


class ResNetMaps(ResNetBackbone):
    """ResNet-50 without its classifier.

    Attributes:
        strides: Of the maps.
    """

    strides = (4, 8, 16, 32)

    def __init__(self, in_channels: int, bn_eps: float) -> None:
        super().__init__("resnet50", in_channels, Layers(bn_eps))


class MobileNetV2Maps(MobileNetV2):
    """MobileNetV2 without its last convolution and its classifier.

    Attributes:
        strides: Of the maps.
        channels: Of the maps.
    """

    strides = (8, 16, 32)
    channels = (32, 96, 320)
    _last: Sequence[int] = (6, 13, 17)  # the block before which each stride ends

    def __init__(self, in_channels: int, bn_eps: float) -> None:
        super().__init__(in_channels=in_channels, bn_eps=bn_eps)
        del self.classifier
        del self.features[-1]

    def forward(self, inputs: Tensor) -> list[Tensor]:  # type: ignore[override]
        """Images [N, in_channels, H, W] to the maps, finest first."""
        found = []
        for number, block in enumerate(self.features):
            inputs = block(inputs)
            if number in self._last:
                found.append(inputs)
        return found
