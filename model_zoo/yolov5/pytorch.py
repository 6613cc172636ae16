"""YOLOv5 (v6.0 to v7.0), with the names that published checkpoints give to its parameters."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from prunekit.core.weights import Naming
from prunekit.model_zoo.num_classes import classes
from prunekit.model_zoo.yolov5 import architecture
from prunekit.model_zoo.yolov5.architecture import Layer, Version
from prunekit.model_zoo.yolov5.checkpoint_names import NAMINGS
from prunekit.model_zoo.yolov5.decode_pytorch import Decoder
from prunekit.model_zoo.yolov5.loss_pytorch import DetectionLoss
from prunekit.model_zoo.yolov5.parameters import Gain, Most, Share
from prunekit.registry import Register, RegisterType


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


@Register.register(RegisterType.NETWORK, aliases=("YOLOv5",))
class YoloV5(nn.Module):
    """YOLOv5 (v6.0 to v7.0): 7.2 million parameters and 8.2 billion MACs at 640x640, for 80 classes.

    Args:
        version: Which one.
        class_num: Number of classes; 80 if neither name is given.
        num_classes: Another name for ``class_num``.
        in_channels: Channels of the images.
        conf_thres: Boxes of a lower score are left out.
        iou_thres: Largest share of their union that two boxes of a class may have in common.
        max_det: Most boxes of an image, the best.
        max_nms: Most boxes of an image that are compared with each other, the best.
        box_gain: Weight of the boxes in the loss.
        obj_gain: Weight of the objectness in the loss, at 640x640.
        cls_gain: Weight of the classes in the loss, for 80 of them.
        scaled_gains: Whether ``obj_gain`` goes with the longer side of the input, squared, and ``cls_gain`` with the
            number of classes, as in recipes of ultralytics; mindyolo's have them as they are.

    Raises:
        ValueError: There is no such version, or the two names of the number of classes contradict each other.
    """

    namings: ClassVar[tuple[Naming, ...]] = NAMINGS
    metric = "mAP"

    def __init__(
        self,
        version: Version = "yolov5s",
        class_num: int | None = None,
        num_classes: int | None = None,
        in_channels: int = 3,
        conf_thres: Share = 0.001,
        iou_thres: Share = 0.6,
        max_det: Most = 300,
        max_nms: Most = 1500,
        box_gain: Gain = 0.05,
        obj_gain: Gain = 1.0,
        cls_gain: Gain = 0.5,
        scaled_gains: bool = True,
    ) -> None:
        super().__init__()
        layers = architecture.layers(version, in_channels)
        detect = Detect([layers[number].outputs for number in architecture.MAPS], classes(class_num, num_classes, 80))
        self.model = nn.ModuleList([*map(_module, layers), detect])
        self._loss = DetectionLoss(box_gain, obj_gain, cls_gain, scaled_gains)
        self._decoder = Decoder(conf_thres, iou_thres, max_det, max_nms)

    def forward(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Images [N, in_channels, H, W], sides multiples of 32, to what is detected at strides 8, 16 and 32.

        Returns:
            For each stride [N, 3 (5 + classes), H / stride, W / stride]; of every anchor first x, y, width, height and
            objectness, then the classes. In training and in evaluation the same.
        """
        features, kept = inputs, dict[int, Tensor]()
        for number, module in enumerate(self.model[:-1]):
            features = module(features, kept[module.layer]) if isinstance(module, Concat) else module(features)
            if number in architecture.KEPT:
                kept[number] = features
        detected: tuple[Tensor, ...] = self.model[-1](*(kept[number] for number in architecture.MAPS))
        return detected

    def loss(self, outputs: tuple[Tensor, ...], target: list[dict[str, Tensor]]) -> Tensor:
        """The loss of a batch: a dict of ``boxes`` [n, 4] and ``labels`` [n] for each of its images."""
        return self._loss(outputs, target, self._anchors())

    def decode(self, outputs: tuple[Tensor, ...]) -> list[dict[str, Tensor]]:
        """``boxes`` [k, 4] in pixels of the input, ``scores`` [k] and ``labels`` [k] of each image, best first."""
        return self._decoder(outputs, self._anchors())

    def _anchors(self) -> Tensor:
        detect: Any = self.model[-1]
        anchors: Tensor = detect.anchors
        return anchors


def _module(layer: Layer) -> nn.Module:
    if layer.kind == "conv":
        return Conv(layer.inputs, layer.outputs, layer.kernel, layer.stride)
    if layer.kind == "c3":
        return C3(layer)
    if layer.kind == "sppf":
        return SPPF(layer)
    return nn.Upsample(scale_factor=2) if layer.joins is None else Concat(layer.joins)
