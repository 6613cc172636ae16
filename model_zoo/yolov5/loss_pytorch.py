"""The loss of YOLOv5 in PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from prunekit.model_zoo.class_labels import check_labels
from prunekit.model_zoo.yolov5.architecture import BALANCE, STRIDES
from prunekit.model_zoo.yolov5.ciou_pytorch import ciou
from prunekit.model_zoo.yolov5.predictions_pytorch import placed, split
from prunekit.model_zoo.yolov5.targets_pytorch import Assigned, Boxes, assign


@dataclass(frozen=True)
class DetectionLoss:
    """Weighs what is wrong with boxes, objectness and classes.

    Attributes:
        box_gain: Weight of the boxes.
        obj_gain: Weight of the objectness.
        cls_gain: Weight of the classes.
        scaled: Whether the last two go with the size of the input and the number of classes.
    """

    box_gain: float
    obj_gain: float
    cls_gain: float
    scaled: bool

    def __call__(self, outputs: tuple[Tensor, ...], target: list[dict[str, Tensor]], anchors: Tensor) -> Tensor:
        """The loss of all images together, so that a step's size goes with the batch, as published recipes have it.

        Raises:
            DataError: The label of a box is no class.
        """
        boxes = Boxes.of(target, anchors)
        check_labels(boxes.label, outputs[0].shape[1] // anchors.shape[1] - 5)
        maps = zip(outputs, anchors, STRIDES, BALANCE, strict=True)
        return torch.stack([self._of_map(*each, boxes) for each in maps]).sum() * len(target)

    def _of_map(self, raw: Tensor, anchors: Tensor, stride: int, balance: float, boxes: Boxes) -> Tensor:
        values = split(raw, anchors)
        height, width, channels = values.shape[2:]
        wanted = boxes.box / stride
        places = assign(wanted, anchors, height, width)
        image = boxes.image[places.box]
        found = values[image, places.anchor, places.row, places.column]
        cells = torch.stack((places.column, places.row), 1)
        agreement = ciou(placed(found[:, :4], cells, anchors[places.anchor]), wanted[places.box])
        named = functional.one_hot(boxes.label[places.box], channels - 5).to(found)
        wrong_box = (1 - agreement).sum() / max(len(agreement), 1)
        wrong_class = _bce(found[:, 5:], named).sum() / max(named.numel(), 1)
        wrong_object = _bce(values[..., 4], _objects(values, image, places, agreement.detach())).mean()
        obj_gain, cls_gain = self.obj_gain * balance, self.cls_gain
        if self.scaled:
            obj_gain *= (max(height, width) * stride / 640) ** 2
            cls_gain *= (channels - 5) / 80
        return self.box_gain * wrong_box + obj_gain * wrong_object + cls_gain * wrong_class


def _objects(values: Tensor, image: Tensor, places: Assigned, agreement: Tensor) -> Tensor:
    """The objectness wanted of every place: how well its box agrees with the best of those it has to find."""
    shape = values.shape[:4]
    flat = ((image * shape[1] + places.anchor) * shape[2] + places.row) * shape[3] + places.column
    wanted = values.new_zeros(shape).flatten()
    return wanted.scatter_reduce(0, flat, agreement.clamp(min=0), "amax").view(shape)


def _bce(logits: Tensor, wanted: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
