"""Which places have to find a box."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from prunekit.model_zoo.yolov5.targets_pytorch import Boxes, assign

Places = set[tuple[int, int, int, int]]


def found(boxes: list[list[float]], anchors: list[list[float]], height: int = 4, width: int = 6) -> Places:
    places = assign(torch.tensor(boxes).view(-1, 4), torch.tensor(anchors), height, width)
    listed = [tuple(map(int, each)) for each in zip(places.box, places.anchor, places.row, places.column, strict=True)]
    assert len(listed) == len(set(listed))
    return set(listed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("centre", "cells"),
    [  # x and y; (row, column)
        ((2.3, 1.8), {(1, 2), (1, 1), (2, 2)}),
        ((2.7, 1.2), {(1, 2), (1, 3), (0, 2)}),
        ((2.5, 1.5), {(1, 2)}),  # as near to either side
        ((0.2, 0.2), {(0, 0)}),  # no cell is there
        ((5.9, 3.9), {(3, 5)}),
        ((6.0, 4.0), {(3, 5)}),  # on the very edge
        ((0.2, 3.2), {(3, 0), (2, 0)}),
    ],
)
def test_its_cell_and_the_nearest_neighbours(centre: tuple[float, float], cells: set[tuple[int, int]]) -> None:
    assert found([[*centre, 1, 1]], [[1, 1]]) == {(0, 0, row, column) for row, column in cells}


def test_anchors_within_a_factor_of_four() -> None:
    anchors = [[1, 1], [8, 1], [7.9, 1], [2, 4], [0.5, 1], [0.51, 1]]
    places = found([[1.5, 1.5, 2, 1]], anchors)
    assert {anchor for _, anchor, _, _ in places} == {0, 2, 5}  # 8 is four times 2, and so is 0.5 four times less


def test_several_boxes_and_none() -> None:
    assert found([[1.5, 1.5, 1, 1], [1.5, 1.5, 9, 9], [3.5, 2.5, 1, 1]], [[1, 1]]) == {(0, 0, 1, 1), (2, 0, 2, 3)}
    assert found([[1.5, 1.5, 0, 1]], [[1, 1]]) == found([], [[1, 1]]) == set()


def test_against_a_loop() -> None:
    rng = np.random.default_rng(0)
    boxes = np.concatenate([rng.uniform(0, 4, (60, 2)), rng.uniform(0.1, 9, (60, 2))], 1).round(3)
    anchors = [[1.0, 1.5], [3.0, 2.0], [6.0, 0.5]]
    wanted: Places = set()
    for number, (x, y, w, h) in enumerate(boxes):
        for anchor, (aw, ah) in enumerate(anchors):
            if max(w / aw, aw / w, h / ah, ah / h) >= 4:
                continue
            columns = {int(x), int(x) + (1 if x % 1 > 0.5 else -1)}
            rows = {int(y), int(y) + (1 if y % 1 > 0.5 else -1)}
            cells = {(int(y), column) for column in columns} | {(row, int(x)) for row in rows}
            wanted |= {(number, anchor, r, c) for r, c in cells if 0 <= r < 4 and 0 <= c < 4}
    assert found(boxes.tolist(), anchors, 4, 4) == wanted and len(wanted) > 100


def test_all_boxes_of_a_batch() -> None:
    def one(boxes: list[list[float]], labels: list[int]) -> dict[str, Tensor]:
        return {"boxes": torch.tensor(boxes, dtype=torch.float32).view(-1, 4), "labels": torch.tensor(labels).long()}

    target = [one([], []), one([[1, 2, 5, 10], [0, 0, 2, 2]], [2, 0]), one([], []), one([[3, 3, 4, 5]], [1])]
    boxes = Boxes.of(target, torch.zeros(1, dtype=torch.float64))
    assert boxes.image.tolist() == [1, 1, 3] and boxes.label.tolist() == [2, 0, 1]
    assert boxes.box.tolist() == [[3, 6, 4, 8], [1, 1, 2, 2], [3.5, 4, 1, 2]] and boxes.box.dtype == torch.float64
    assert len(Boxes.of(target[:1], torch.zeros(1)).box) == 0
