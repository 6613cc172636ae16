"""Areas, overlaps and clipping of boxes, by hand."""

from __future__ import annotations

import torch

from prunekit.model_zoo.detection.pytorch.boxes import areas, clipped, iou, large_enough

BOXES = torch.tensor([[0.0, 0, 4, 2], [2, 0, 6, 2], [10, 10, 11, 12]])


def test_areas_and_overlaps() -> None:
    assert areas(BOXES).tolist() == [8, 8, 2]
    found = iou(BOXES, BOXES[:2])
    assert found.tolist() == torch.tensor([[1, 1 / 3], [1 / 3, 1], [0, 0]]).tolist()
    assert iou(BOXES[:0], BOXES).shape == (0, 3)
    assert iou(BOXES[:1] * 0, BOXES[:1] * 0).isnan().all()


def test_what_lies_outside_is_cut_off() -> None:
    boxes = torch.tensor([[-3.0, -2, 5, 4], [8, 1, 20, 9], [30, 30, 40, 40]])
    assert clipped(boxes, 8, 10).tolist() == [[0, 0, 5, 4], [8, 1, 10, 8], [10, 8, 10, 8]]


def test_small_ones_are_known_by_their_shorter_side() -> None:
    assert large_enough(BOXES, 2).tolist() == [True, True, False]
    assert large_enough(BOXES, 1).tolist() == [True, True, True]
