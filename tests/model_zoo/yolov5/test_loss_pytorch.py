"""The loss against values worked out by hand, and against a plain loop."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from prunekit.core.data.contract import DataError
from prunekit.model_zoo.yolov5.architecture import ANCHORS, STRIDES
from prunekit.model_zoo.yolov5.ciou_pytorch import ciou
from prunekit.model_zoo.yolov5.loss_pytorch import DetectionLoss

CELLS = torch.tensor(ANCHORS) / torch.tensor(STRIDES)[:, None, None]
PLAIN = DetectionLoss(0.05, 1.0, 0.5, scaled=False)
SCALED = DetectionLoss(0.05, 1.0, 0.5, scaled=True)


def maps(classes: int, size: tuple[int, int] = (64, 64), images: int = 1, value: float = 0.0) -> list[Tensor]:
    channels = 3 * (5 + classes)
    return [torch.full((images, channels, size[0] // s, size[1] // s), value, requires_grad=True) for s in STRIDES]


def target(*boxes: list[float], labels: list[int]) -> dict[str, Tensor]:
    found = torch.tensor(boxes, dtype=torch.float32).view(-1, 4)
    return {"boxes": found, "labels": torch.tensor(labels, dtype=torch.int64)}


def bce(logit: float, wanted: float) -> float:
    return math.log1p(math.exp(logit)) - wanted * logit


def test_nothing_to_find() -> None:
    outputs = maps(2, images=3)
    loss = PLAIN(tuple(outputs), [target(labels=[])] * 3, CELLS)
    assert loss.item() == pytest.approx(3 * (4 + 1 + 0.4) * math.log(2))
    loss.backward()
    for each in outputs:
        assert each.grad is not None
        by_value = each.grad.view(3, 3, 7, -1).abs().sum((0, 1, 3))
        assert by_value[4] > 0 and by_value.sum() == by_value[4]  # it is the objectness alone that learns


def test_one_box_and_one_anchor() -> None:
    """A box of 10x8, whose centre is the corner of four cells of the first map: (3, 3) is its own.

    As near to it as to (3, 3) lie (3, 2) and (2, 3), and a centre at the very start of a cell leans to them.
    """
    box = [19.0, 20.0, 29.0, 28.0]
    near = [max(w / 10, h / 8, 10 / w, 8 / h) < 4 for sizes in ANCHORS for w, h in sizes]
    assert near == [True] * 3 + [False] * 6
    outputs = maps(2)
    agreements = []
    for w, h in ANCHORS[0]:
        for x, y in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)):  # of the centre, seen from each of the cells
            guess = torch.tensor([[0.5, 0.5, w / 8, h / 8]])  # what zeros mean
            agreements.append(ciou(guess, torch.tensor([[x, y, 10 / 8, 8 / 8]])).item())
    wrong_box = sum(1 - each for each in agreements) / 9
    wanted = 0.05 * wrong_box + (0.5 + 4 + 1 + 0.4) * math.log(2)  # a logit of 0 costs that, whatever was wanted
    loss = PLAIN(tuple(outputs), [target(box, labels=[1])], CELLS)
    assert loss.item() == pytest.approx(wanted, rel=1e-6)
    loss.backward()
    assert outputs[0].grad is not None
    gradient, places = outputs[0].grad.view(3, 7, 8, 8), 3 * 8 * 8
    expected = torch.full((3, 8, 8), 4 * 0.5 / places)
    for number, agreement in enumerate(agreements):
        row, column = ((3, 3), (3, 2), (2, 3))[number % 3]
        expected[number // 3, row, column] -= 4 * max(agreement, 0) / places
    assert torch.allclose(gradient[:, 4], expected, rtol=1e-5)
    for row, column in ((3, 3), (3, 2), (2, 3)):
        assert torch.allclose(gradient[:, 5:, row, column], torch.tensor([1.0, -1.0]) * 0.5 * 0.5 / 18)
    assert gradient[:, 5:, 0, 0].abs().max() == gradient[:, :4, 0, 0].abs().max() == 0


def test_a_map_that_is_right_costs_little() -> None:
    outputs = maps(2)
    with torch.no_grad():
        for each in outputs:
            each.view(3, 7, -1)[:, 4] = -20
    box = [20.0, 20.0, 30.0, 33.0]  # the first anchor itself: its centre lies in cell (3, 3) at (.125, .3125)
    with torch.no_grad():
        values = outputs[0].view(3, 7, 8, 8)
        for anchor, (w, h) in enumerate(ANCHORS[0]):
            for row, column in ((3, 3), (3, 2), (2, 3)):
                shares = [(25 / 8 - column + 0.5) / 2, (26.5 / 8 - row + 0.5) / 2]
                shares += [math.sqrt(10 / w) / 2, math.sqrt(13 / h) / 2]
                values[anchor, :4, row, column] = torch.tensor([math.log(s / (1 - s)) for s in shares])
                values[anchor, 4:, row, column] = torch.tensor([20.0, -20.0, 20.0])
    assert PLAIN(tuple(outputs), [target(box, labels=[1])], CELLS).item() < 1e-3
    assert PLAIN(tuple(outputs), [target(box, labels=[0])], CELLS).item() > 5


def by_loop(outputs: list[Tensor], targets: list[dict[str, Tensor]], scaled: bool) -> float:
    """The same by loops over everything."""
    total = 0.0
    for raw, anchors, stride, balance in zip(outputs, ANCHORS, STRIDES, (4, 1, 0.4), strict=True):
        images, _, height, width = raw.shape
        values = raw.detach().double().numpy().reshape(images, 3, -1, height, width)
        classes = values.shape[2] - 5
        wanted, boxes, kinds = np.zeros((images, 3, height, width)), [], []
        for image, each in enumerate(targets):
            for (x1, y1, x2, y2), label in zip(each["boxes"].tolist(), each["labels"].tolist(), strict=True):
                x, y, w, h = (x1 + x2) / 2 / stride, (y1 + y2) / 2 / stride, (x2 - x1) / stride, (y2 - y1) / stride
                for anchor, (aw, ah) in enumerate(anchors):
                    aw, ah = aw / stride, ah / stride
                    if max(w / aw, aw / w, h / ah, ah / h) >= 4:
                        continue
                    beside = (
                        (int(x) + (1 if x % 1 > 0.5 else -1), int(y)),
                        (int(x), int(y) + (1 if y % 1 > 0.5 else -1)),
                    )
                    for column, row in ((int(x), int(y)), *beside):
                        if not (0 <= column < width and 0 <= row < height):
                            continue
                        own = values[image, anchor, :, row, column]
                        s = 1 / (1 + np.exp(-own[:4]))
                        guess = [2 * s[0] - 0.5 + column, 2 * s[1] - 0.5 + row, 4 * s[2] ** 2 * aw, 4 * s[3] ** 2 * ah]
                        agreement = float(ciou(torch.tensor([guess]), torch.tensor([[x, y, w, h]]).double()))
                        boxes.append(1 - agreement)
                        wanted[image, anchor, row, column] = max(wanted[image, anchor, row, column], agreement)
                        kinds += [bce(own[5 + kind], kind == label) for kind in range(classes)]
        objects = np.mean([bce(p, t) for p, t in zip(values[:, :, 4].ravel(), wanted.ravel(), strict=True)])
        by_size = (max(height, width) * stride / 640) ** 2 if scaled else 1
        by_classes = classes / 80 if scaled else 1
        total += balance * by_size * objects
        total += (0.05 * np.mean(boxes) + 0.5 * by_classes * np.mean(kinds)) if boxes else 0
    return total * len(targets)


def batch(seed: int) -> tuple[list[Tensor], list[dict[str, Tensor]]]:
    rng = np.random.default_rng(seed)
    outputs = [each.detach() for each in maps(3, (64, 96), images=4)]
    outputs = [torch.from_numpy(rng.normal(0, 1, each.shape)) for each in outputs]
    targets = []
    for count in (30, 0, 1, 12):
        low, size = rng.uniform(0, 1, (count, 2)), rng.uniform(0.02, 0.6, (count, 2))
        corners = np.concatenate([low, np.minimum(low + size, 1)], 1) * [96, 64, 96, 64]
        targets.append({"boxes": torch.from_numpy(corners), "labels": torch.from_numpy(rng.integers(0, 3, count))})
    return outputs, targets


@pytest.mark.parametrize(("loss", "scaled"), [(PLAIN, False), (SCALED, True)])
def test_against_loops(loss: Any, scaled: bool) -> None:
    outputs, targets = batch(0)
    found = loss(tuple(outputs), targets, CELLS.double())
    assert found.item() == pytest.approx(by_loop(outputs, targets, scaled), rel=1e-9)


def test_a_place_of_two_boxes_wants_the_better() -> None:
    """In either order: two of one centre, of which one is the anchor."""
    raw = maps(1)
    boxes = [[20.0, 20.0, 30.0, 33.0], [15.0, 16.5, 35.0, 36.5]]
    found = [PLAIN(tuple(raw), [target(*order, labels=[0, 0])], CELLS).item() for order in (boxes, boxes[::-1])]
    assert found[0] == pytest.approx(found[1], rel=1e-6)
    gradients = []
    for order in (boxes, boxes[::-1]):
        leaves = maps(1)
        PLAIN(tuple(leaves), [target(*order, labels=[0, 0])], CELLS).backward()
        assert leaves[0].grad is not None
        gradients.append(leaves[0].grad.view(3, 6, 8, 8)[:, 4])
    assert torch.equal(*gradients)


def test_gradients_are_finite_and_the_agreement_is_no_way_to_them() -> None:
    outputs, targets = batch(1)
    leaves = [each.requires_grad_() for each in outputs]
    SCALED(tuple(leaves), targets, CELLS.double()).backward()
    assert all(each.grad is not None and torch.isfinite(each.grad).all() for each in leaves)
    assert all((each.grad != 0).any() for each in leaves)  # type: ignore[union-attr]
    without_boxes = [each.detach().requires_grad_() for each in outputs]
    DetectionLoss(0.0, 1.0, 0.5, scaled=True)(tuple(without_boxes), targets, CELLS.double()).backward()
    for each in without_boxes:
        assert each.grad is not None and each.grad.view(4, 3, 8, -1)[:, :, :4].abs().max() == 0


def test_extreme_values_are_finite() -> None:
    for value in (-80.0, 80.0):
        leaves = maps(2, value=value)
        loss = PLAIN(tuple(leaves), [target([10, 10, 40, 44], labels=[0])], CELLS)
        loss.backward()
        assert torch.isfinite(loss) and all(torch.isfinite(each.grad).all() for each in leaves if each.grad is not None)


@pytest.mark.parametrize("label", [3, -1])
def test_a_label_that_is_no_class_is_told(label: int) -> None:
    with pytest.raises(DataError, match=rf"label of an object is {label}, but the network has 3 classes \(0 to 2\)"):
        PLAIN(tuple(maps(3)), [target([10, 10, 40, 44], labels=[label])], CELLS)
