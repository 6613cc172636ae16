"""Boxes from the raw maps of YOLOv5, in PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from prunekit.model_zoo.detection.pytorch.boxes import clipped
from prunekit.model_zoo.detection.pytorch.suppression import batched_nms
from prunekit.model_zoo.yolov5.architecture import STRIDES
from prunekit.model_zoo.yolov5.predictions_pytorch import placed, split


@dataclass(frozen=True)
class Decoder:
    """Finds the boxes of every image.

    Attributes:
        conf_thres: Least score, which is the objectness times the probability of the class.
        iou_thres: Largest overlap of two boxes of a class that are both kept.
        max_det: At most so many boxes of an image are kept.
        max_nms: Among at most so many of them are overlaps looked for.
    """

    conf_thres: float
    iou_thres: float
    max_det: int
    max_nms: int

    def __call__(self, outputs: tuple[Tensor, ...], anchors: Tensor) -> list[dict[str, Tensor]]:
        """For each image ``boxes`` [k, 4], ``scores`` [k] and ``labels`` [k], best first.

        A place that may be of several classes gives a box of each.
        """
        height, width = (side * STRIDES[0] for side in outputs[0].shape[2:])
        found = []
        for maps in zip(*outputs, strict=True):
            parts = [self._of_map(*each) for each in zip(maps, anchors, STRIDES, strict=True)]
            boxes, scores, labels = (torch.cat(each) for each in zip(*parts, strict=True))
            best = batched_nms(boxes, scores, labels, self.iou_thres, self.max_nms)[: self.max_det]
            found.append({"boxes": clipped(boxes[best], height, width), "scores": scores[best], "labels": labels[best]})
        return found

    def _of_map(self, raw: Tensor, anchors: Tensor, stride: int) -> tuple[Tensor, Tensor, Tensor]:
        """Boxes, scores and classes that one map of one image [3 (5 + classes), H, W] finds."""
        values = split(raw[None], len(anchors))[0]
        anchor, row, column = (values[..., 4].sigmoid() > self.conf_thres).nonzero(as_tuple=True)
        some = values[anchor, row, column]
        scores = some[:, 4:5].sigmoid() * some[:, 5:].sigmoid()
        place, label = (scores > self.conf_thres).nonzero(as_tuple=True)
        cells = torch.stack((column, row), 1)[place]
        centre, size = (placed(some[place, :4], cells, anchors[anchor[place]]) * stride).chunk(2, 1)
        return torch.cat((centre - size / 2, centre + size / 2), 1), scores[place, label], label
