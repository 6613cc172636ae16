from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.data.contract import DataError
from prunekit.plugins.metrics.mean_iou import MeanIoU

_MASKS = np.array([[[0, 0, 1, 1], [0, 2, 2, 255]], [[0, 0, 0, 0], [0, 0, 0, 1]]])
_FOUND = np.array([[[0, 1, 1, 1], [0, 2, 0, 2]], [[0, 0, 0, 0], [0, 0, 1, 1]]], dtype=np.uint8)


def test_a_worked_example() -> None:
    """By hand. Class 0: 2 and 6 right of 3 and 7 in the masks, 3 and 6 predicted: 8 / (10 + 9 - 8) = 8 / 11.
    Class 1: 2 and 1 right of 2 and 1, 3 and 2 predicted: 3 / (3 + 5 - 3) = 3 / 5. Class 2: 1 right of 2, 1 predicted
    (the other prediction is at an ignored pixel): 1 / 2. Right in all: 12 of 15."""
    metric = MeanIoU()
    metric.update(_FOUND, _MASKS)
    found = metric.result()
    ious = (8 / 11, 3 / 5, 1 / 2)
    assert found.value == pytest.approx(sum(ious) / 3, rel=1e-15) and found.samples == 2 and found.loss is None
    expected = {"pixel_accuracy": 12 / 15, **{f"iou_class_{number}": iou for number, iou in enumerate(ious)}}
    assert found.figures == pytest.approx(expected)


def test_batches_are_summed_not_averaged() -> None:
    parts = MeanIoU()
    for found, mask in zip(_FOUND, _MASKS, strict=True):
        parts.update(found[None], mask[None])
    whole = MeanIoU()
    whole.update(_FOUND, _MASKS)
    assert parts.result() == whole.result()


def test_logits_are_as_good_as_the_indices_of_the_largest() -> None:
    logits = np.random.default_rng(0).normal(size=(2, 3, 2, 4)).astype(np.float32)
    raw, decoded = MeanIoU(), MeanIoU()
    raw.update(logits, _MASKS)
    decoded.update(logits.argmax(axis=1), _MASKS)
    assert raw.result() == decoded.result() and 0 < raw.result().value < 1


def test_classes_that_are_nowhere_have_no_part() -> None:
    metric = MeanIoU(ignore_index=-1)
    metric.update(np.array([[[0, 4]]]), np.array([[[0, -1]]]))
    assert metric.result(error=False).value == 1.0
    metric.update(np.array([[[0, 4]]]), np.array([[[0, 0]]]))  # predicted though it is nowhere: an IoU of 0
    assert metric.result(error=False).figures == {"pixel_accuracy": 2 / 3, "iou_class_0": 2 / 3, "iou_class_4": 0.0}
    assert metric.result(error=False).value == pytest.approx(1 / 3) and metric.result(error=False).error is None


def test_an_image_that_is_ignored_whole_counts_as_one() -> None:
    metric = MeanIoU()
    metric.update(np.zeros((2, 1, 2), np.uint8), np.array([[[255, 255]], [[0, 0]]]))
    assert metric.result().value == 1.0 and metric.result().samples == 2


def test_the_error_is_what_repeated_sets_differ_by() -> None:
    rng = np.random.default_rng(0)
    values, errors = [], []
    for _ in range(60):
        masks = rng.integers(0, 4, size=(40, 6, 6))
        rates = rng.uniform(0, 1, size=(40, 1, 1))  # images are easy or hard as a whole
        metric = MeanIoU()
        metric.update(np.where(rng.random(masks.shape) < rates, masks, rng.integers(0, 4, size=masks.shape)), masks)
        found = metric.result()
        assert found.error is not None
        values.append(found.value)
        errors.append(found.error)
    assert np.mean(errors) == pytest.approx(np.std(values, ddof=1), rel=0.2)


@pytest.mark.parametrize(
    ("outputs", "target", "message"),
    [
        (np.zeros((1, 2, 2), np.float32), np.zeros((1, 2, 2), int), r"float32 \[1, 2, 2\]\. .* decode"),
        (np.zeros((1, 3, 2, 2), int), np.zeros((1, 2, 2), int), r"int64 \[1, 3, 2, 2\]\. .* decode"),
        ((np.zeros((1, 2, 2), int),), np.zeros((1, 2, 2), int), "they are tuple"),
        (np.zeros((1, 2, 2), int), np.zeros((1, 2, 3), int), r"label of each pixel \[1, 2, 2\].* \[1, 2, 3\]"),
        (np.zeros((1, 2, 2), int), np.zeros((1, 2, 2)), "the target is float64"),
        (np.zeros((1, 1, 1), int), np.array([[[-1]]]), "a label is -1, .* only 255 is ignored.* sample 0"),
        (np.array([[[1 << 20]]]), np.zeros((1, 1, 1), int), "a prediction is 1048576"),
    ],
)
def test_what_does_not_fit_is_told(outputs: object, target: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        MeanIoU().update(outputs, target)


def test_nothing_to_measure() -> None:
    with pytest.raises(DataError, match="no samples"):
        MeanIoU().result()
    metric = MeanIoU()
    metric.update(np.zeros((1, 1, 1), int), np.array([[[255]]]))
    with pytest.raises(DataError, match="in all 1 masks every label is 255"):
        metric.result()
