"""YOLOv5 (v6.0 to v7.0), with the names that published checkpoints give to its parameters."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from prunekit.core.weights import Naming
from prunekit.model_zoo.num_classes import classes
from prunekit.model_zoo.yolov5 import architecture
from prunekit.model_zoo.yolov5.architecture import Version
from prunekit.model_zoo.yolov5.blocks_pytorch import Concat, Detect, block
from prunekit.model_zoo.yolov5.checkpoint_names import NAMINGS
from prunekit.model_zoo.yolov5.decode_pytorch import Decoder
from prunekit.model_zoo.yolov5.loss_pytorch import DetectionLoss
from prunekit.model_zoo.yolov5.parameters import Gain, Most, Share
from prunekit.registry import Register, RegisterType

_MULTIPLE = architecture.STRIDES[-1]  # a map of another size does not meet the one that it is joined with


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
        self.model = nn.ModuleList([*map(block, layers), detect])
        self._loss = DetectionLoss(box_gain, obj_gain, cls_gain, scaled_gains)
        self._decoder = Decoder(conf_thres, iou_thres, max_det, max_nms)

    def forward(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Images [N, in_channels, H, W], sides multiples of 32, to what is detected at strides 8, 16 and 32.

        Returns:
            For each stride [N, 3 (5 + classes), H / stride, W / stride]; of every anchor first x, y, width, height and
            objectness, then the classes. In training and in evaluation the same.

        Raises:
            ValueError: A side is no multiple of 32.
        """
        height, width = inputs.shape[2:]
        if height % _MULTIPLE or width % _MULTIPLE:
            raise ValueError(
                f"YoloV5 was given images of {height}x{width}; it needs sides that are multiples of {_MULTIPLE}: pad or"
                " resize them"
            )
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
        return anchors.to(torch.promote_types(anchors.dtype, torch.float32))  # halves do not tell pixels apart
