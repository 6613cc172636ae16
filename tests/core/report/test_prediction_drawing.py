"""What is drawn stands where it was found, in the class's colour."""

from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.report.prediction_drawing import colour, is_drawable, picture

TITLE, GAP = 14, 4
IMAGE = np.zeros((3, 240, 260), np.float32)
IMAGE[:, 0, 0] = 1.0


def panels(found: dict[str, object]) -> list[np.ndarray]:
    drawn = np.asarray(picture(IMAGE, found, ("cat", "dog")))[TITLE:]
    return [drawn[:, number * (260 + GAP) :][:, :260] for number in range(len(found))]


def test_a_box_is_drawn_where_it_is_and_a_doubtful_one_is_not() -> None:
    boxes = {"boxes": np.array([[20, 30, 80, 90], [120, 130, 180, 190]], np.float32), "labels": np.array([1, 0])}
    truth, network = panels({"truth": boxes, "network": {**boxes, "scores": np.array([0.9, 0.1])}})
    assert tuple(truth[30, 70]) == tuple(network[90, 50]) == colour(1)
    assert tuple(truth[130, 170]) == colour(0) and tuple(network[130, 170]) == (0, 0, 0)
    assert not truth[100:120, 100:110].any()


def test_a_mask_lies_over_the_image() -> None:
    mask = np.zeros((240, 260), np.int64)
    mask[50:100] = 3
    (panel,) = panels({"mask": mask})
    assert np.abs(panel[75, 100].astype(int) * 2 - colour(3)).max() <= 2
    assert np.abs(panel[150, 100].astype(int) * 2 - colour(0)).max() <= 2


def test_small_images_are_drawn_larger_and_the_range_does_not_matter() -> None:
    image = np.linspace(-3, 5, 60 * 50).reshape(1, 60, 50)
    drawn = picture(image, {"none": {"boxes": np.zeros((0, 4)), "labels": np.zeros(0, int)}})
    assert drawn.size == (250, 300 + TITLE)
    grey = np.asarray(drawn)[TITLE:]
    assert tuple(grey[0, 0]) == (0, 0, 0) and tuple(grey[-1, -1]) == (255, 255, 255)


@pytest.mark.parametrize("found, can", [
    ({"boxes": 1, "labels": 2}, True), ({"boxes": 1}, False), (np.zeros((2, 2), np.uint8), True),
    (np.zeros((2, 2)), False), (np.zeros(3, int), False), (None, False),
])  # fmt: skip
def test_what_can_be_drawn(found: object, can: bool) -> None:
    assert is_drawable(found) is can


def test_colours_of_classes_differ() -> None:
    found = np.array([colour(label) for label in range(21)], int)
    apart = np.abs(found[:, None] - found).max(axis=2) + 255 * np.eye(21, dtype=int)
    assert apart.min() > 20
