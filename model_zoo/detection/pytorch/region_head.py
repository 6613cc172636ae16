"""What stands in a region, and where exactly (Girshick 2015), with torchvision's names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunekit.model_zoo.detection.pytorch.assignment import Assignment, Sampling
from prunekit.model_zoo.detection.pytorch.box_coding import BoxCoding
from prunekit.model_zoo.detection.pytorch.boxes import clipped, large_enough
from prunekit.model_zoo.detection.pytorch.region_proposals import SMOOTH
from prunekit.model_zoo.detection.pytorch.roi_align import Levels, roi_align_of_levels
from prunekit.model_zoo.detection.pytorch.suppression import batched_nms

BINS, POINTS = 7, 2
CODING = BoxCoding(shift=10.0, growth=5.0)

_SMALLEST = 1e-2  # side of a detection, in pixels


class _TwoLayers(nn.Module):
    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.fc6 = nn.Linear(inputs, channels)
        self.fc7 = nn.Linear(channels, channels)

    def forward(self, inputs: Tensor) -> Tensor:
        return functional.relu(self.fc7(functional.relu(self.fc6(torch.flatten(inputs, 1)))))


class _Predictor(nn.Module):
    def __init__(self, inputs: int, labels: int) -> None:
        super().__init__()
        self.cls_score = nn.Linear(inputs, labels)
        self.bbox_pred = nn.Linear(inputs, 4 * labels)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        return self.cls_score(inputs), self.bbox_pred(inputs)


class RegionHead(nn.Module):
    """Two linear layers over regions of one size, then a class and, for each class, a box.

    Args:
        inputs: Channels of the maps.
        channels: Of the linear layers.
        labels: Classes and the background, which is the first.
        levels: Which map a region is read from.
    """

    def __init__(self, inputs: int, channels: int, labels: int, levels: Levels) -> None:
        super().__init__()
        self.box_head = _TwoLayers(inputs * BINS**2, channels)
        self.box_predictor = _Predictor(channels, labels)
        self.levels = levels

    def forward(self, maps: Sequence[Tensor], rois: Tensor, plain: bool = False) -> tuple[Tensor, Tensor]:
        """Logits [k, labels] and deltas [k, 4 labels] of regions ``(which image, x1, y1, x2, y2)``."""
        regions = roi_align_of_levels(maps, rois, self.levels, BINS, POINTS, plain)
        logits, deltas = self.box_predictor(self.box_head(regions))
        return logits, deltas


@dataclass(frozen=True)
class Detections:
    """Makes detections of what the head says, and judges it.

    Attributes:
        score: The least that a detection has.
        overlap: Of two detections of one class the better stays where they share more.
        kept: How many of an image.
        assignment: Which regions learn what.
        sampling: How many of them in a step.
    """

    score: float
    overlap: float
    kept: int
    assignment: Assignment
    sampling: Sampling

    @torch.no_grad()
    def sample(self, proposals: Tensor, objects: Tensor, classes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of an image's proposals and objects those that a step looks at: boxes, labels, and what to say of boxes."""
        boxes = torch.cat([proposals, objects])
        assigned = self.assignment.of(boxes, objects)
        positive, negative = self.sampling.of(assigned)
        own, known = assigned[positive], boxes[positive]
        labels = torch.cat([classes[own] + 1, torch.zeros_like(negative)])
        return boxes[torch.cat([positive, negative])], labels, CODING.encode(objects[own], known)

    def losses(self, logits: Tensor, deltas: Tensor, labels: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """Of the classes, and of the boxes of regions with an object, which should say ``wanted`` [p, 4]."""
        count = max(labels.shape[0], 1)
        positive = labels.nonzero()[:, 0]
        said = deltas.float().reshape(deltas.shape[0], -1, 4)[positive, labels[positive]]
        off = functional.smooth_l1_loss(said, wanted, reduction="sum", beta=SMOOTH)
        return functional.cross_entropy(logits.float(), labels, reduction="sum") / count, off / count

    def of(self, rois: Tensor, logits: Tensor, deltas: Tensor, height: int, width: int) -> dict[str, Tensor]:
        """One image's detections, best first: ``boxes``, ``scores`` and ``labels``, the first class being 0."""
        scores = logits.float().softmax(1)[:, 1:]
        boxes = clipped(CODING.decode(deltas, rois[:, 1:])[:, 1:], height, width)
        region, label = (scores > self.score).nonzero(as_tuple=True)
        boxes, scores = boxes[region, label], scores[region, label]
        large = large_enough(boxes, _SMALLEST)
        boxes, scores, label = boxes[large], scores[large], label[large]
        best = batched_nms(boxes, scores, label, self.overlap)[: self.kept]
        return {"boxes": boxes[best], "scores": scores[best], "labels": label[best]}
