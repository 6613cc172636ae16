"""What DeepLabV3 puts on a backbone, with torchvision's names."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from prunekit.core.data.contract import DataError
from prunekit.model_zoo.deeplabv3.architecture import AUX_DROPOUT, HEAD
from prunekit.model_zoo.layers.pytorch import Layers


class ImagePooling(nn.Sequential):
    """What the whole image says, at every position."""

    def __init__(self, inputs: int, layers: Layers) -> None:
        super().__init__(nn.AdaptiveAvgPool2d(1), layers.conv(inputs, HEAD, 1), layers.norm(HEAD), nn.ReLU())

    def forward(self, inputs: Tensor) -> Tensor:
        """[N, inputs, H, W] to [N, 256, H, W].

        Raises:
            DataError: A batch of one image, of whose one value a channel no statistics can be taken.
        """
        if self[2].training and inputs.shape[0] == 1:
            raise DataError(
                "DeepLabV3 normalizes one value of each image and channel by the batch, so a batch of one image cannot"
                " train it; set batch_size to 2 or more, and drop_last: True where the last batch has one image"
            )
        features = inputs
        for part in self:
            features = part(features)
        return features.expand(-1, -1, *inputs.shape[2:])


class ASPP(nn.Module):
    """Convolutions of several dilations side by side, and the image pooled (atrous spatial pyramid pooling)."""

    def __init__(self, inputs: int, rates: Sequence[int], dropout: float, layers: Layers) -> None:
        super().__init__()
        branches: list[nn.Module] = [normed(inputs, HEAD, 1, layers)]
        branches += [normed(inputs, HEAD, 3, layers, rate) for rate in rates]
        self.convs = nn.ModuleList([*branches, ImagePooling(inputs, layers)])
        self.project = normed(HEAD * len(self.convs), HEAD, 1, layers)
        self.project.append(nn.Dropout(dropout))

    def forward(self, inputs: Tensor) -> Tensor:
        """[N, inputs, H, W] to [N, 256, H, W]."""
        features: Tensor = self.project(torch.cat([branch(inputs) for branch in self.convs], 1))
        return features


def normed(inputs: int, outputs: int, kernel: int, layers: Layers, dilation: int = 1) -> nn.Sequential:
    """Convolution, normalization and ReLU."""
    return nn.Sequential(layers.conv(inputs, outputs, kernel, dilation=dilation), layers.norm(outputs), nn.ReLU())


def main_head(
    inputs: int, classes: int, rates: Sequence[int], refine: bool, dropout: float, layers: Layers
) -> nn.Sequential:
    """Logits of each position."""
    refining = list(normed(HEAD, HEAD, 3, layers)) if refine else []
    return nn.Sequential(ASPP(inputs, rates, dropout, layers), *refining, nn.Conv2d(HEAD, classes, 1))


def auxiliary_head(inputs: int, classes: int, layers: Layers) -> nn.Sequential:
    """Logits from an earlier stage, which only training needs."""
    inside = inputs // 4
    features = normed(inputs, inside, 3, layers)
    return nn.Sequential(*features, nn.Dropout(AUX_DROPOUT), nn.Conv2d(inside, classes, 1))
