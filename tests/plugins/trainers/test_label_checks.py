"""What a cross-entropy cannot mean is refused, whatever a framework would make of it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from prunekit.plugins.trainers.errors import LabelsError, TrainingError
from prunekit.plugins.trainers.label_checks import checked_labels, says_nothing


@pytest.mark.parametrize(
    ("shape", "target"),
    [((2, 3), np.zeros((2, 5))), ((2, 3), np.zeros((2, 1))), ((2, 3), [0]), ((2, 3, 4), [0, 1]), ((2, 3), 1)],
)
def test_targets_of_another_shape(shape, target):
    with pytest.raises(TrainingError, match=r"targets of the shape .* do not fit object's logits"):
        checked_labels(object(), SimpleNamespace(shape=shape), target, -100)


def test_targets_that_fit():
    outputs = SimpleNamespace(shape=(2, 3, 4))
    assert checked_labels(object(), outputs, np.full((2, 4), 2.0), -100).tolist() == [[2] * 4] * 2


def test_the_label_of_pixels_that_do_not_count_is_to_be_named():
    outputs = SimpleNamespace(shape=(1, 3, 2))
    told = "a target is 255, but the network has 3 classes; .* loss: {params: {ignore_index: 255}}$"
    with pytest.raises(LabelsError, match=told):
        checked_labels(object(), outputs, np.array([[0, 255]]), -100)
    assert checked_labels(object(), outputs, np.array([[0, 255]]), 255).tolist() == [[0, 255]]
    with pytest.raises(LabelsError, match=r"fit the dataset\?$"):
        checked_labels(object(), SimpleNamespace(shape=(1, 3)), np.array([5]), -100)


@pytest.mark.parametrize(
    ("target", "ignored", "nothing"),
    [
        (np.full((2, 4, 4), 255), 255, True),
        (np.full((2, 4, 4), 255), -100, False),
        (np.array([255, 3]), 255, False),
        (np.array([255, 255]), None, False),
        (np.full(2, 255.0), 255, False),
        (np.zeros((0, 6)), None, True),
        (np.zeros((3, 6)), None, False),
        ([{"boxes": np.zeros((0, 4)), "image_id": np.int64(3)}] * 2, None, True),
        ([{"boxes": np.zeros((0, 4))}, {"boxes": np.zeros((1, 4))}], None, False),
        ({"boxes": [np.zeros((0, 4))] * 2, "labels": [np.zeros(0, int)] * 2}, None, True),
        ((np.zeros((0, 5)), np.zeros(4, int)), None, True),
        ((np.zeros((2, 5)), np.array([2, 0])), None, False),
        (None, 255, False),
    ],
)
def test_targets_that_say_nothing(target, ignored, nothing):
    assert says_nothing(target, ignored) == nothing
