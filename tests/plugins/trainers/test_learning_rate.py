from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from prunekit.plugins.trainers.errors import TrainingError
from prunekit.plugins.trainers.learning_rate import LearningRate
from prunekit.plugins.trainers.settings import Schedule


def schedule(**block: Any) -> Any:
    return TypeAdapter(Schedule).validate_python(block)


def test_between_epochs_it_is_the_schedules() -> None:
    rate = LearningRate(1.0, schedule(type="StepLR", step_size=2, gamma=0.5), 6, 0)
    assert [rate(epoch, number, None) for epoch in range(6) for number in (0, 3)] == [
        1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25,
    ]  # fmt: skip


def test_from_step_to_step_it_is_a_polynomial_of_what_is_left() -> None:
    straight = schedule(type="PolynomialLR", power=1, by_epoch=False, eta_min=0.2)
    rate = LearningRate(1.2, straight, 2, 0)
    assert [rate(epoch, number, 4) for epoch in range(2) for number in range(4)] == pytest.approx(
        [1.2, 1.075, 0.95, 0.825, 0.7, 0.575, 0.45, 0.325]
    )
    curved = LearningRate(1.0, schedule(type="PolynomialLR", by_epoch=False), 10, 0)
    assert curved(5, 0, 7) == pytest.approx(0.5**0.9)
    half = LearningRate(1.0, schedule(type="CosineAnnealingLR", by_epoch=False), 2, 0)
    assert half(0, 2, 4) == pytest.approx((1 + 2**-0.5) / 2)


def test_it_rises_over_the_first_epochs() -> None:
    rate = LearningRate(3.0, None, 5, 1.5)
    assert [rate(epoch, number, 2) for epoch in range(3) for number in range(2)] == pytest.approx([1, 2, 3, 3, 3, 3])


@pytest.mark.parametrize("rate", [
    LearningRate(1.0, None, 5, 1.5), LearningRate(1.0, schedule(type="PolynomialLR", by_epoch=False), 5, 0),
])  # fmt: skip
def test_without_a_number_of_batches_there_are_no_steps(rate: LearningRate) -> None:
    with pytest.raises(TrainingError, match="need to know how many batches an epoch has"):
        rate(0, 0, None)
