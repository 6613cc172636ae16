"""Boxes from maps that were made to hold them, and against NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from prunekit.model_zoo.yolov5.architecture import ANCHORS, STRIDES
from prunekit.model_zoo.yolov5.decode_pytorch import Decoder

CELLS = torch.tensor(ANCHORS) / torch.tensor(STRIDES)[:, None, None]
DEFAULT = Decoder(0.001, 0.6, 300, 1500)
SIZE = (128, 192)  # height and width


def logit(share: float) -> float:
    return math.log(share / (1 - share))


def empty(classes: int, images: int = 1) -> list[Tensor]:
    return [torch.full((images, 3 * (5 + classes), SIZE[0] // s, SIZE[1] // s), -20.0) for s in STRIDES]


def put(
    maps: list[Tensor], image: int, level: int, anchor: int, box: tuple[float, ...], label: int, odds: float = 20.0
) -> None:
    """Write a box (x1, y1, x2, y2) into the cell of its centre."""
    stride, (aw, ah) = STRIDES[level], ANCHORS[level][anchor]
    x, y = (box[0] + box[2]) / 2 / stride, (box[1] + box[3]) / 2 / stride
    shares = [(x % 1 + 0.5) / 2, (y % 1 + 0.5) / 2]
    shares += [math.sqrt((box[2] - box[0]) / aw) / 2, math.sqrt((box[3] - box[1]) / ah) / 2]
    values = maps[level][image].unflatten(0, (3, -1))[anchor, :, int(y), int(x)]
    values[:4] = torch.tensor([logit(share) for share in shares])
    values[4], values[5 + label] = 20.0, odds


def test_boxes_come_back() -> None:
    maps = empty(4, images=3)
    put(maps, 0, 0, 0, (5.0, 7.0, 16.0, 18.0), 2, odds=logit(0.9))
    put(maps, 0, 2, 2, (3.0, 10.0, 180.0, 120.0), 0, odds=logit(0.7))
    put(maps, 0, 1, 1, (100.0, 60.0, 150.0, 100.0), 3, odds=logit(0.8))
    put(maps, 2, 1, 2, (17.0, 20.0, 70.0, 99.0), 1)
    first, none, third = DEFAULT(tuple(maps), CELLS)
    wanted = [[5.0, 7, 16, 18], [100, 60, 150, 100], [3, 10, 180, 120]]
    assert torch.allclose(first["boxes"], torch.tensor(wanted), atol=1e-4)
    assert first["labels"].tolist() == [2, 3, 0] and first["labels"].dtype == torch.int64
    assert first["scores"].tolist() == pytest.approx([0.9, 0.8, 0.7])
    assert third["labels"].tolist() == [1] and third["scores"].tolist() == pytest.approx([1.0])
    assert torch.allclose(third["boxes"], torch.tensor([[17.0, 20, 70, 99]]), atol=1e-4)
    assert [tuple(each.shape) for each in none.values()] == [(0, 4), (0,), (0,)]
    assert none["labels"].dtype == torch.int64


def test_one_of_two_that_overlap_stays_but_classes_are_apart() -> None:
    maps = empty(2)
    put(maps, 0, 1, 0, (40.0, 40.0, 72.0, 90.0), 0, odds=logit(0.6))
    put(maps, 0, 1, 1, (41.0, 41.0, 72.0, 90.0), 0, odds=logit(0.7))
    put(maps, 0, 1, 2, (40.0, 41.0, 72.0, 90.0), 1, odds=logit(0.5))
    (found,) = DEFAULT(tuple(maps), CELLS)
    assert found["labels"].tolist() == [0, 1] and found["scores"].tolist() == pytest.approx([0.7, 0.5])
    (found,) = Decoder(0.001, 0.99, 300, 1500)(tuple(maps), CELLS)
    assert found["scores"].tolist() == pytest.approx([0.7, 0.6, 0.5])


def test_a_place_of_two_classes_is_a_box_of_each() -> None:
    maps = empty(3)
    put(maps, 0, 1, 0, (40.0, 40.0, 72.0, 90.0), 0, odds=logit(0.6))
    put(maps, 0, 1, 0, (40.0, 40.0, 72.0, 90.0), 2, odds=logit(0.3))
    (found,) = DEFAULT(tuple(maps), CELLS)
    assert found["labels"].tolist() == [0, 2] and torch.equal(found["boxes"][0], found["boxes"][1])
    (found,) = Decoder(0.4, 0.6, 300, 1500)(tuple(maps), CELLS)
    assert found["labels"].tolist() == [0]


def test_at_most_so_many_and_within_the_picture() -> None:
    maps = empty(1)
    for number in range(12):
        put(maps, 0, 0, 0, (8 * number + 1.0, 1.0, 8 * number + 6.0, 9.0), 0, odds=float(number))
    put(maps, 0, 1, 1, (-20.0, -3.0, 40.0, 30.0), 0, odds=13.0)
    (found,) = Decoder(0.001, 0.6, 5, 1500)(tuple(maps), CELLS)
    assert found["scores"].tolist() == sorted(found["scores"].tolist(), reverse=True) and len(found["boxes"]) == 5
    assert torch.allclose(found["boxes"][0], torch.tensor([0.0, 0, 40, 30]), atol=1e-4)
    (found,) = Decoder(0.001, 0.6, 300, 3)(tuple(maps), CELLS)
    assert len(found["boxes"]) == 3


def test_another_files_anchors_hold() -> None:
    maps = empty(1)
    put(maps, 0, 1, 0, (40.0, 40.0, 72.0, 90.0), 0)
    (found,) = DEFAULT(tuple(maps), CELLS * 2)
    assert torch.allclose(found["boxes"], torch.tensor([[24.0, 15, 88, 115]]), atol=1e-4)


def sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 1 / (1 + np.exp(-values))
    return found


def by_numpy(maps: list[Tensor]) -> list[tuple[list[float], float, int]]:
    """Every box above the threshold, and of those the greedy choice class by class."""
    listed = []
    for raw, anchors, stride in zip(maps, ANCHORS, STRIDES, strict=True):
        values = sigmoid(raw[0].double().numpy().reshape(3, -1, *raw.shape[2:]))
        for anchor, row, column in np.ndindex(3, *raw.shape[2:]):
            x, y, w, h, objectness, *classes = values[anchor, :, row, column]
            x, y = (2 * x - 0.5 + column) * stride, (2 * y - 0.5 + row) * stride
            w, h = (2 * w) ** 2 * anchors[anchor][0], (2 * h) ** 2 * anchors[anchor][1]
            for label, share in enumerate(classes):
                if objectness * share > 0.2:
                    listed.append(([x - w / 2, y - h / 2, x + w / 2, y + h / 2], objectness * share, label))
    listed.sort(key=lambda each: -each[1])
    kept: list[tuple[list[float], float, int]] = []
    for box, score, label in listed:
        if all(label != other or overlap(box, better) <= 0.5 for better, _, other in kept):
            kept.append((box, score, label))
    return [(np.clip(box, 0, [SIZE[1], SIZE[0]] * 2).tolist(), score, label) for box, score, label in kept]


def overlap(one: list[float], other: list[float]) -> float:
    w = min(one[2], other[2]) - max(one[0], other[0])
    h = min(one[3], other[3]) - max(one[1], other[1])
    common = max(w, 0) * max(h, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return common / (sum(areas) - common)


def test_against_numpy() -> None:
    rng = np.random.default_rng(0)
    maps = [torch.from_numpy(rng.normal(-0.7, 1.2, each.shape)).float() for each in empty(3)]
    wanted = by_numpy(maps)
    (found,) = Decoder(0.2, 0.5, 10_000, 100_000)(tuple(maps), CELLS)
    assert len(wanted) == len(found["boxes"]) > 100
    assert np.allclose(found["boxes"].numpy(), [box for box, _, _ in wanted], atol=1e-3)
    assert found["scores"].tolist() == pytest.approx([score for _, score, _ in wanted], rel=1e-4)
    assert found["labels"].tolist() == [label for _, _, label in wanted]
