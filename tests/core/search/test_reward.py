from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunekit.core.search import Reward, make_reward, reward_class
from prunekit.core.search.reward import latency_rewards, no_latency
from prunekit.registry import Register, RegisterType

share = st.floats(0, 1, allow_subnormal=False)
positive = st.floats(0.01, 100)


@given(share, share, share, positive, positive)
def test_more_accuracy_is_never_worth_less(first, second, cost, scale, gamma):
    reward = Reward(scale=scale, gamma=gamma)
    low, high = sorted((first, second))
    assert reward(low, cost) <= reward(high, cost)


@given(share, share, share, positive, positive)
def test_less_cost_is_never_worth_less(accuracy, first, second, scale, gamma):
    reward = Reward(scale=scale, gamma=gamma)
    low, high = sorted((first, second))
    assert reward(accuracy, high) <= reward(accuracy, low)


def test_the_formula():
    assert Reward()(0.8, 0.5) == pytest.approx(-0.2 * (1 + math.log(1.5)))
    assert Reward(scale=3, gamma=0)(0.8, 0.5) == pytest.approx(-0.6)


def test_registered_rewards_say_their_cost():
    assert (reward_class("acc_flops").cost, reward_class("acc_params").cost) == ("flops", "params")


def test_what_a_reward_is_made_of():
    reward = make_reward("acc_flops", 0.3, scale=2.0, gamma=3.0)
    assert (reward.scale, reward.gamma, hasattr(reward, "target")) == (2.0, 3.0, False)
    assert make_reward("acc_latency", 0.3).target == 0.3


def test_a_backend_that_cannot_measure_latency_is_named():
    assert no_latency("acc_flops", "elsewhere") is None and no_latency("acc_latency", "pytorch") is None
    assert no_latency("acc_latency", "elsewhere") == (
        "reward_type acc_latency measures latency, which cannot be done here (cost estimator 'latency' exists for"
        " backend mindspore, pytorch, not for elsewhere); choose another reward"
    )


def test_only_rewards_that_look_at_latency_are_recommended_for_it():
    with Register.isolated():
        assert latency_rewards() == "acc_abs_latency or acc_latency"

        @Register.register(RegisterType.REWARD, name="other")
        class Other:
            cost = "flops"

        assert latency_rewards() == "acc_abs_latency or acc_latency"
