"""DeepLabV3 (Chen et al. 2017), with the names that torchvision gives to its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunekit.core.weights import Naming
from prunekit.model_zoo.deeplabv3.architecture import (
    CLASSES,
    Backbone,
    check_classes,
    check_resnets_own,
    output_stride_of,
    rates_of,
)
from prunekit.model_zoo.deeplabv3.checkpoint_names import NAMINGS
from prunekit.model_zoo.deeplabv3.heads_pytorch import auxiliary_head, main_head
from prunekit.model_zoo.deeplabv3.loss_pytorch import pixel_cross_entropy
from prunekit.model_zoo.layers.layer_defaults import Padding
from prunekit.model_zoo.layers.pytorch import Layers
from prunekit.model_zoo.mobilenet_v2.pytorch import MobileNetV2Backbone
from prunekit.model_zoo.num_classes import classes
from prunekit.model_zoo.resnet.pytorch import ResNetBackbone
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.NETWORK)
class DeepLabV3(nn.Module):
    """DeepLabV3, which gives every pixel a class: 39.6 million parameters with ResNet-50, 5.1 with MobileNetV2.

    Args:
        backbone: What it is built on.
        class_num: Number of classes, the background among them; 21 if neither name is given.
        num_classes: Another name for ``class_num``.
        in_channels: Channels of the images.
        output_stride: How many times smaller than the image the map is that the head sees, 8 or 16; by default 8 of
            ResNets, 16 of MobileNetV2.
        rates: Dilations of the 3x3 convolutions side by side; by default [12, 24, 36] at 8 and [6, 12, 18] at 16.
        multi_grid: Factors of the dilations of the last stage's blocks, of ResNets; [1, 2, 4] in MindSpore's.
        refine: Whether a 3x3 convolution stands before the classifier, as in torchvision's; False in MindSpore's.
        aux_head: Whether training has a second head on the third stage, of ResNets.
        aux_weight: Weight of its loss.
        aux_in_evaluation: Whether evaluation computes it too, as torchvision's does.
        dropout: Share of the features that training drops before the classifier; 0.7 in MindSpore's.
        align_corners: How logits are enlarged: whether the corners of the map are the image's; True in MindSpore's.
        padding: How convolutions and the pooling pad: ``symmetric`` as torchvision's, ``pool_same`` as MindSpore's.
        bn_eps: What batch normalizations add to the variance.
        ignore_index: Label of pixels that do not count in the loss.
        class_weights: Weights of the classes in the loss, one for each; equal ones if not given.

    Raises:
        ValueError: There is no such backbone, stride or padding; a MobileNetV2 is to have what only a ResNet has; the
            two names of the number of classes contradict each other; or ``class_weights`` does not fit it.
    """

    namings: ClassVar[tuple[Naming, ...]] = NAMINGS
    metric: ClassVar[str] = "mIoU"

    class_weights: Tensor | None

    def __init__(
        self,
        backbone: Backbone = "resnet50",
        class_num: int | None = None,
        num_classes: int | None = None,
        in_channels: int = 3,
        output_stride: int | None = None,
        rates: list[int] | None = None,
        multi_grid: list[int] | None = None,
        refine: bool = True,
        aux_head: bool = False,
        aux_weight: float = 0.5,
        aux_in_evaluation: bool = False,
        dropout: float = 0.5,
        align_corners: bool = False,
        padding: Padding = "symmetric",
        bn_eps: float = 1e-5,
        ignore_index: int = 255,
        class_weights: list[float] | None = None,
    ) -> None:
        super().__init__()
        number, layers = classes(class_num, num_classes, CLASSES), Layers(bn_eps, padding)
        stride = output_stride_of(backbone, output_stride)
        check_resnets_own(backbone, multi_grid, aux_head)
        check_classes(number, class_weights)
        self.backbone: MobileNetV2Backbone | ResNetBackbone
        if backbone == "mobilenet_v2":
            self.backbone = MobileNetV2Backbone(in_channels, layers, stride)
        else:
            self.backbone = ResNetBackbone(backbone, in_channels, layers, stride, multi_grid)
        before, last = self.backbone.channels[-2:]
        self.classifier = main_head(last, number, rates_of(stride, rates), refine, dropout, layers)
        self.aux_classifier = auxiliary_head(before, number, layers) if aux_head else None
        self.aux_weight, self.aux_in_evaluation = aux_weight, aux_in_evaluation
        self.align_corners, self.ignore_index = align_corners, ignore_index
        weights = None if class_weights is None else torch.tensor(class_weights, dtype=torch.float32)
        self.register_buffer("class_weights", weights, persistent=False)

    def forward(self, inputs: Tensor) -> Any:
        """Images [N, in_channels, H, W] to logits [N, classes, H, W], or with a second head to ``out`` and ``aux``."""
        maps = self.backbone(inputs)
        logits = self._enlarged(self.classifier(maps[-1]), inputs)
        if self.aux_classifier is None or not (self.training or self.aux_in_evaluation):
            return logits
        return {"out": logits, "aux": self._enlarged(self.aux_classifier(maps[-2]), inputs)}

    def loss(self, outputs: Any, target: Tensor) -> Tensor:
        """Cross-entropy of the pixels of masks [N, H, W], with that of the second head.

        Raises:
            DataError: The masks do not fit the logits, or a label is no class.
        """
        if isinstance(outputs, Mapping):
            main, second = (self._cross_entropy(outputs[name], target) for name in ("out", "aux"))
            return main + self.aux_weight * second
        return self._cross_entropy(outputs, target)

    def decode(self, outputs: Any) -> Tensor:
        """The class of every pixel, uint8 [N, H, W]."""
        logits: Tensor = outputs["out"] if isinstance(outputs, Mapping) else outputs
        return logits.argmax(1).to(torch.uint8)

    def _cross_entropy(self, logits: Tensor, masks: Tensor) -> Tensor:
        return pixel_cross_entropy(logits, masks, self.class_weights, self.ignore_index)

    def _enlarged(self, logits: Tensor, inputs: Tensor) -> Tensor:
        return functional.interpolate(logits, inputs.shape[2:], mode="bilinear", align_corners=self.align_corners)
