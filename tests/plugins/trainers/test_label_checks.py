"""What a cross-entropy cannot mean is refused, whatever a framework would make of it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from prunekit.plugins.trainers.errors import TrainingError
from prunekit.plugins.trainers.label_checks import checked_labels


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
