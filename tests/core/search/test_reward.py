from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunekit.core.search import Reward, reward_class

share = st.floats(0, 1)
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
