from __future__ import annotations

import numpy as np
import pytest
from results import accuracy, counted, objective

from prunekit.core.metric import Measured
from prunekit.core.search import Feedback, Objective, Record, Result, TargetError
from prunekit.plugins.rewards.acc_flops import AccFlops


def test_the_best_are_ranked_by_reward_then_loss_then_id(fake):
    space = fake.space(channel_round=1, budget="flops <= 0.9")

    def record(number, counts, reward, loss=None, status="ok"):
        return Record(number, space.trial(number, counts), Result(status, accuracy(1, 2, loss), reward))

    base = space.lowest
    other = [base + np.eye(5, dtype=np.int64)[i] for i in range(5)]
    records = [
        record(0, space.highest, 0.0),  # misses the budget
        record(1, other[0], -0.5, 0.9),
        record(2, other[1], -0.5, 0.8),
        record(3, other[2], -0.5),
        record(4, other[3], -0.2, 0.9),
        record(5, other[3], -0.1, 0.9),  # the same network again
        record(6, other[4], -0.05, 0.1, "failed"),
        record(7, base, -0.5, 0.8),
        Record(8, None, Result("failed")),
    ]
    assert [best.id for best in objective().best(records, 9)] == [5, 2, 7, 1, 3]
    assert [best.id for best in objective().best(records, 2)] == [5, 2]


def test_of_rewards_that_chance_explains_the_lowest_loss_comes_first(fake):
    space = fake.space(channel_round=1)

    def record(number, reward, loss):
        counts = space.lowest + np.eye(5, dtype=np.int64)[number]
        return Record(number, space.trial(number, counts), counted(1, 2, loss, reward, reward_error=0.1))

    records = [record(0, -0.20, 1.5), record(1, -0.29, 1.1), record(2, -0.31, 0.5), record(3, -0.25, 1.3)]
    assert [best.id for best in objective().best(records, 4)] == [
        1,
        3,
        0,
        2,
    ]  # -0.31 is worse than the best by more than chance


def test_chance_explains_no_cost(fake):
    space = fake.space(channel_round=1)
    cheap, dear = space.trial(0, space.lowest), space.trial(1, space.highest)
    assert dear.shares["flops"] > 1.1 * cheap.shares["flops"]
    records = [
        Record(0, cheap, counted(188, 250, 1.0, -0.31, reward_error=0.03)),
        Record(1, dear, counted(188, 250, 0.9, -0.33, reward_error=0.03)),
    ]
    assert [best.id for best in objective().best(records, 2)] == [0, 1]


class Both:
    """A reward of a pack's own, of two costs."""

    costs = ("flops", "energy")

    def __call__(self, err, costs):
        return -err - costs["flops"].share - costs["energy"].amount


def test_a_reward_may_look_at_several_costs_priced_and_measured(fake):
    trial = fake.space(channel_round=1).trial(0, fake.space(channel_round=1).lowest)
    aim = Objective("accuracy", Both(), accuracy(9, 10), is_rate=True, amounts={"energy": 3.0})
    found = aim.judged(trial, counted(4, 5, measured={"energy_share": 0.5, "energy_share_error": 0.1}))
    assert found.reward == pytest.approx(-0.2 - trial.shares["flops"] - 1.5)
    assert aim.measured_costs == ("energy",) and aim.meets_target(trial, found)
    lacking = aim.judged(trial, counted(4, 5))
    assert (lacking.status, lacking.message) == ("failed", "the reward looks at energy, and none was measured")


def test_an_original_without_any_value_is_refused():
    with pytest.raises(TargetError, match=r"the original network's mIoU is 0 on the held-out images.*objective_keys"):
        Objective("mIoU", AccFlops(), Measured(0.0, samples=9))
    objective()  # an accuracy of any size is a rate


def test_an_algorithm_is_told_a_reward_and_a_signal_never_a_metric(fake):
    aim = objective()
    trial = fake.space().trial(0, fake.space().lowest)
    found = aim.judged(trial, counted(4, 5, 0.75))
    assert aim.feedback(found) == Feedback(found.reward, -0.75)
    assert aim.feedback(aim.judged(trial, counted(4, 5))).signal == 0.8  # without a loss
    assert aim.feedback(Result("failed")) is aim.feedback(Result("skipped")) is None
