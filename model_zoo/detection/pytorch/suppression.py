"""Non-maximum suppression, exact and without a loop over boxes."""

from __future__ import annotations

import torch
from torch import Tensor

from prunekit.model_zoo.detection.pytorch import torchvision_operators
from prunekit.model_zoo.detection.pytorch.boxes import iou

_AT_ONCE = 1024  # boxes whose overlaps with each other are held together


def nms(boxes: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """Which boxes stay when each removes those of lower score that overlap it too much, best first.

    Args:
        boxes: Of shape (n, 4).
        scores: Of shape (n,); of equal ones the first counts as the better.
        threshold: The largest share of the union of two boxes that their intersection may have.

    Returns:
        Positions in ``boxes``.
    """
    if (operators := torchvision_operators.own()) is not None:
        kept: Tensor = operators.nms(boxes, scores, threshold)
        return kept
    return suppressed(boxes, scores, threshold)


def batched_nms(boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float, limit: int | None = None) -> Tensor:
    """The same where only boxes of one class remove each other.

    Args:
        boxes: Of shape (n, 4).
        scores: Of shape (n,).
        labels: Of shape (n,).
        threshold: As for ``nms``.
        limit: How many of the best boxes are looked at; None means all.

    Returns:
        Positions in ``boxes``, best first over all classes.
    """
    if limit is None or len(scores) <= limit:
        return suppressed(boxes, scores, threshold, labels)
    best = scores.argsort(descending=True, stable=True)[:limit]
    return best[suppressed(boxes[best], scores[best], threshold, labels[best])]


def suppressed(boxes: Tensor, scores: Tensor, threshold: float, labels: Tensor | None = None) -> Tensor:
    """What ``nms`` and ``batched_nms`` return, by operators of torch's own."""
    order = scores.argsort(descending=True, stable=True)
    kept = order[:0]
    for block in torch.split(order, _AT_ONCE):
        block = block[~_overlap(boxes, labels, kept, block, threshold).any(0)]
        kept = torch.cat([kept, block[_best(_overlap(boxes, labels, block, block, threshold))]])
    return kept


def _overlap(boxes: Tensor, labels: Tensor | None, some: Tensor, others: Tensor, threshold: float) -> Tensor:
    over = iou(boxes[some], boxes[others]) > threshold
    return over if labels is None else over & (labels[some][:, None] == labels[others])


def _best(over: Tensor) -> Tensor:
    """Of boxes sorted by score, those that no better one which stays itself overlaps.

    Who overlaps a better one goes, unless that one goes as well, and so on: that settles from the best box on, in as
    many rounds as the longest chain of boxes that remove each other has links.
    """
    better = over.triu(1).to(torch.float32)  # counts up to 2**24 are exact
    keep = torch.ones(len(over), dtype=torch.bool, device=over.device)
    while True:
        found = keep.to(better.dtype) @ better == 0
        if torch.equal(found, keep):
            return keep
        keep = found
