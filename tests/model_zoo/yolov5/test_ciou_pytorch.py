from __future__ import annotations

import math

import pytest
import torch

from prunekit.model_zoo.yolov5.ciou_pytorch import ciou


def of(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return float(ciou(torch.tensor([one], dtype=torch.float64), torch.tensor([other], dtype=torch.float64)))


def test_by_hand() -> None:
    assert of((1, 1, 2, 2), (1, 1, 2, 2)) == pytest.approx(1, abs=1e-6)
    assert of((1, 1, 2, 2), (2, 1, 2, 2)) == pytest.approx(1 / 3 - 1 / 13, abs=1e-6)  # as wide as high: shapes agree
    assert of((1, 1, 2, 2), (9, 1, 2, 2)) == pytest.approx(-64 / 104, abs=1e-6)  # nothing in common
    shape = 4 / math.pi**2 * (math.pi / 4 - math.atan(2)) ** 2
    weight = shape / (1 - 1 / 2 + shape)
    assert of((1, 1, 2, 2), (1, 1, 4, 2)) == pytest.approx(1 / 2 - weight * shape, abs=1e-6)  # one within the other
    assert of((3, 1, 4, 2), (0, 0, 2, 2)) == pytest.approx(
        -10 / (6**2 + 3**2) - shape / (1 + shape) * shape, abs=1e-6
    )  # they touch at most


def test_it_draws_boxes_that_have_nothing_in_common_together() -> None:
    box = torch.tensor([[0.0, 0.0, 1.0, 2.0]], requires_grad=True)
    ciou(box, torch.tensor([[10.0, 0.0, 2.0, 2.0]])).sum().backward()
    assert box.grad is not None and torch.isfinite(box.grad).all()
    assert box.grad[0, 0] > 0 and box.grad[0, 2] > 0  # to the right, and wider


def test_sizes_of_nothing_are_finite() -> None:
    boxes = torch.zeros(1, 4, requires_grad=True)
    ciou(boxes, torch.tensor([[0.0, 0.0, 1.0, 1.0]])).sum().backward()
    assert boxes.grad is not None and torch.isfinite(boxes.grad).all()
