from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.data import DataError
from prunekit.core.metric import Measured
from prunekit.plugins.metrics.accuracy import Accuracy


def test_counts_and_loss_add_up_over_batches() -> None:
    logits = np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)
    labels = np.arange(20) % 5
    whole, parts = Accuracy(), Accuracy()
    whole.update(logits, labels)
    for start in range(0, 20, 7):
        parts.update(logits[start : start + 7], labels[start : start + 7])
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = -np.log(shares[np.arange(20), labels]).sum()
    result = parts.result()
    correct = int((logits.argmax(1) == labels).sum())
    assert result.figures == whole.result().figures == {"correct": correct, "total": 20} and result.samples == 20
    assert result.loss == pytest.approx(expected / 20, rel=1e-5) == pytest.approx(whole.result().loss)
    assert result.value == correct / 20


def test_large_logits_do_not_overflow() -> None:
    metric = Accuracy()
    metric.update(np.array([[1e4, 0.0]]), np.array([1]))
    assert metric.result() == Measured(0.0, 0.0, 1e4, {"correct": 0, "total": 1}, 1)


def test_outputs_that_are_not_finite_count_as_wrong() -> None:
    metric = Accuracy()
    metric.update(np.array([[np.nan, 0.0], [2.0, 1.0]]), np.array([0, 0]))
    found = metric.result(error=False)
    assert found == Measured(0.5, None, float("inf"), {"correct": 1, "total": 2}, 2)


@pytest.mark.parametrize(
    ("outputs", "target", "message"),
    [
        (np.zeros((2, 10)), np.array([1, 10]), r"a target is 10, but the network has 10 classes \(0 to 9\)"),
        (np.zeros((2, 10)), np.array([-1, 0]), "a target is -1"),
        (np.zeros((2, 10)), np.array([0.5, 1]), "one whole number as label"),
        (np.zeros((2, 10)), np.array([1]), "one whole number as label"),
        (np.zeros((2, 3, 4)), np.array([1, 1]), r"they are \[2, 3, 4\]"),
        ((np.zeros((2, 3)),), np.array([1, 1]), "they are tuple"),
    ],
)
def test_what_does_not_fit_is_told(outputs: object, target: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Accuracy().update(outputs, target)


def test_no_samples() -> None:
    with pytest.raises(DataError, match="no samples"):
        Accuracy().result()


def test_the_sample_of_a_wrong_label_is_named() -> None:
    metric = Accuracy()
    metric.update(np.zeros((3, 4)), np.array([0, 1, 2]))
    with pytest.raises(DataError, match=r"a target is -100, .* It is the target of sample 4$"):
        metric.update(np.zeros((3, 4)), np.array([3, -100, 255]))


def test_the_error_is_binomial_and_made_only_where_it_is_wanted() -> None:
    metric = Accuracy()
    metric.update(np.eye(5)[np.arange(100) % 5], np.where(np.arange(100) < 80, np.arange(100) % 5, 4))
    value = metric.result().value
    assert metric.result().error == pytest.approx((value * (1 - value) / 100) ** 0.5)
    assert metric.result(error=False).error is None
