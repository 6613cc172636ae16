"""Region proposals (Ren et al. 2015) from maps of several strides, with torchvision's names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunekit.model_zoo.detection.anchors import Boxes, grid
from prunekit.model_zoo.detection.pytorch.assignment import Assignment, Sampling
from prunekit.model_zoo.detection.pytorch.box_coding import BoxCoding
from prunekit.model_zoo.detection.pytorch.boxes import clipped, large_enough
from prunekit.model_zoo.detection.pytorch.suppression import nms

CODING = BoxCoding()
SMOOTH = 1 / 9
"""Below which error the loss of boxes is a square."""

_SMALLEST = 1e-3  # side of a proposal, in pixels


class ProposalHead(nn.Module):
    """One convolution and two outputs for each anchor, the same ones at every stride.

    Args:
        channels: Of the maps.
        anchors: At each place.
    """

    def __init__(self, channels: int, anchors: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1), nn.ReLU(inplace=True)))
        self.cls_logits = nn.Conv2d(channels, anchors, 1)
        self.bbox_pred = nn.Conv2d(channels, 4 * anchors, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.01)
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    def forward(self, maps: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Of each map the logits [N, A, H, W] of there being an object, and its deltas [N, 4 A, H, W]."""
        read = [self.conv(own) for own in maps]
        return [self.cls_logits(own) for own in read], [self.bbox_pred(own) for own in read]


@dataclass(frozen=True)
class Proposals:
    """Chooses regions, and judges the head that proposes them.

    Attributes:
        strides: Of the maps.
        shapes: Of each map its anchors around the origin.
        candidates: How many of each map are looked at.
        kept: How many of an image are kept.
        overlap: Of two regions of one map the better stays where they share more.
        assignment: Which anchors learn what.
        sampling: How many of them in a step.
    """

    strides: tuple[int, ...]
    shapes: tuple[Boxes, ...]
    candidates: int
    kept: int
    overlap: float
    assignment: Assignment
    sampling: Sampling

    @torch.no_grad()
    def choose(self, logits: Sequence[Tensor], deltas: Sequence[Tensor], height: int, width: int) -> list[Tensor]:
        """For each image boxes [k, 4], best first."""
        anchors = self._anchors(logits)
        scores, boxes = [_by_anchor(own, 1)[..., 0] for own in logits], [_by_anchor(own, 4) for own in deltas]
        found = []
        for image in range(logits[0].shape[0]):
            parts = [
                self._of_map(s[image], b[image], a, height, width)
                for s, b, a in zip(scores, boxes, anchors, strict=True)
            ]
            best = torch.cat([s for s, _ in parts]).argsort(descending=True, stable=True)[: self.kept]
            found.append(torch.cat([b for _, b in parts])[best])
        return found

    def _of_map(
        self, logits: Tensor, deltas: Tensor, anchors: Tensor, height: int, width: int
    ) -> tuple[Tensor, Tensor]:
        best = logits.topk(min(self.candidates, logits.shape[0])).indices
        boxes = clipped(CODING.decode(deltas[best], anchors[best])[:, 0], height, width)
        large = large_enough(boxes, _SMALLEST).nonzero()[:, 0]
        boxes, scores = boxes[large], logits[best][large]
        stay = nms(boxes, scores, self.overlap)[: self.kept]
        return scores[stay], boxes[stay]

    def losses(
        self, logits: Sequence[Tensor], deltas: Sequence[Tensor], objects: Sequence[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Of there being an object, and of the boxes, for images with objects [n, 4] each."""
        anchors = torch.cat(self._anchors(logits))
        scores = torch.cat([_by_anchor(own, 1)[..., 0] for own in logits], 1).float()
        boxes = torch.cat([_by_anchor(own, 4) for own in deltas], 1).float()
        seen, wanted, off = [], [], boxes.sum() * 0
        for image, own in enumerate(objects):
            assigned = self.assignment.of(anchors, own)
            positive, negative = self.sampling.of(assigned)
            seen.append(scores[image, torch.cat([positive, negative])])
            wanted.append(torch.cat([torch.ones_like(positive), torch.zeros_like(negative)]).to(scores.dtype))
            right = CODING.encode(own[assigned[positive]], anchors[positive])
            off = off + functional.smooth_l1_loss(boxes[image, positive], right, reduction="sum", beta=SMOOTH)
        count = max(sum(len(part) for part in wanted), 1)
        there = functional.binary_cross_entropy_with_logits(torch.cat(seen), torch.cat(wanted), reduction="sum")
        return there / count, off / count

    def _anchors(self, logits: Sequence[Tensor]) -> list[Tensor]:
        """Of each map the anchors [H W A, 4]."""
        places = zip(self.shapes, logits, self.strides, strict=True)
        return [torch.from_numpy(grid(s, m.shape[-2], m.shape[-1], stride)).to(m.device) for s, m, stride in places]


def _by_anchor(maps: Tensor, parts: int) -> Tensor:
    """[N, A parts, H, W] to [N, H W A, parts]."""
    images, channels, height, width = maps.shape
    apart = maps.reshape(images, channels // parts, parts, height, width)
    return apart.permute(0, 3, 4, 1, 2).reshape(images, -1, parts)
