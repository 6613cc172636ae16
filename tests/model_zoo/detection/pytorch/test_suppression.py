"""Suppression as a fixed point, against one box after the other."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from prunekit.model_zoo.detection.pytorch import suppression
from prunekit.model_zoo.detection.pytorch.suppression import batched_nms, nms, suppressed


def one_by_one(boxes: Tensor, scores: Tensor, threshold: float) -> list[int]:
    """The definition: the best box stays and removes what overlaps it, then the best of what is left."""
    order = scores.argsort(descending=True, stable=True).tolist()
    sizes = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).tolist()
    kept: list[int] = []
    for index in order:
        sides = torch.minimum(boxes[index, 2:], boxes[:, 2:]) - torch.maximum(boxes[index, :2], boxes[:, :2])
        common = sides.clamp(min=0).prod(1)
        shares = common / (sizes[index] + torch.tensor(sizes) - common)
        if not any(shares[better] > threshold for better in kept):
            kept.append(index)
    return kept


def some_boxes(count: int, seed: int, ties: bool = False) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand((count, 2), generator=generator) * 80
    boxes = torch.cat([corners, corners + torch.rand((count, 2), generator=generator) * 40], 1)
    scores = torch.rand(count, generator=generator)
    if ties:
        boxes, scores = boxes.round(), (scores * 5).round() / 5
    return boxes, scores


def test_boxes_that_overlap_a_better_one_go() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 8], [20, 20, 30, 30], [0, 0, 10, 4]])
    assert nms(boxes, torch.tensor([0.5, 0.9, 0.1, 0.2]), 0.7).tolist() == [1, 3, 2]
    assert nms(boxes, torch.tensor([0.5, 0.9, 0.1, 0.2]), 0.3).tolist() == [1, 2]
    assert nms(boxes, torch.tensor([0.5, 0.9, 0.1, 0.2]), 0.9).tolist() == [1, 0, 3, 2]
    assert nms(boxes[:0], torch.tensor([]), 0.5).tolist() == []


def test_equal_scores_keep_their_order() -> None:
    boxes = torch.tensor([[0.0, 0, 1, 1], [2, 2, 3, 3], [0, 0, 1, 1]])
    assert nms(boxes, torch.ones(3), 0.5).tolist() == [0, 1]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.7])
def test_the_definition_is_met_to_the_index(threshold: float, ties: bool) -> None:
    for seed in range(5):
        boxes, scores = some_boxes(150, seed, ties)
        wanted = one_by_one(boxes, scores, threshold)
        assert 0 < len(wanted) < 150
        assert suppressed(boxes, scores, threshold).tolist() == wanted
        assert nms(boxes, scores, threshold).tolist() == wanted


def test_blocks_see_what_stayed_of_earlier_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppression, "_AT_ONCE", 16)
    boxes, scores = some_boxes(150, 7, ties=True)
    assert suppressed(boxes, scores, 0.4).tolist() == one_by_one(boxes, scores, 0.4)


def test_a_chain_settles_from_the_best_box_on() -> None:
    left = torch.arange(40.0)  # each overlaps its neighbours by a third, and no other
    boxes = torch.stack([left, torch.zeros(40), left + 2, torch.ones(40)], 1)
    assert suppressed(boxes, -left, 0.3).tolist() == list(range(0, 40, 2))


def test_empty_boxes_and_none() -> None:
    boxes = torch.tensor([[5.0, 5, 5, 5], [5, 5, 5, 5]])
    assert suppressed(boxes, torch.ones(2), 0.5).tolist() == [0, 1]  # no union: nothing is shared
    assert suppressed(boxes[:0], torch.ones(0), 0.5).tolist() == []
    assert batched_nms(boxes[:0], torch.ones(0), torch.ones(0), 0.5, 10).tolist() == []


def test_only_boxes_of_one_class_remove_each_other() -> None:
    boxes, scores = some_boxes(120, 3, ties=True)
    labels = torch.arange(120) % 3
    kept: list[int] = []
    for label in range(3):
        own = (labels == label).nonzero()[:, 0]
        kept += own[one_by_one(boxes[own], scores[own], 0.3)].tolist()
    places = {index: place for place, index in enumerate(scores.argsort(descending=True, stable=True).tolist())}
    assert batched_nms(boxes, scores, labels, 0.3).tolist() == sorted(kept, key=places.__getitem__)


def test_the_best_candidates_are_looked_at() -> None:
    boxes, scores = some_boxes(120, 4)
    best = scores.argsort(descending=True)[:30]
    labels = torch.zeros(120)
    wanted = best[one_by_one(boxes[best], scores[best], 0.3)].tolist()
    assert batched_nms(boxes, scores, labels, 0.3, limit=30).tolist() == wanted
    assert batched_nms(boxes, scores, labels, 0.3, limit=120).tolist() == one_by_one(boxes, scores, 0.3)
