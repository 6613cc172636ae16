from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunekit.core.search import Reward
from prunekit.plugins.cost_estimators.flops import Flops
from prunekit.plugins.cost_estimators.params import Params
from prunekit.plugins.rewards.acc_abs_latency import AccAbsLatency
from prunekit.plugins.rewards.acc_flops import AccFlops
from prunekit.plugins.rewards.acc_latency import AccLatency
from prunekit.plugins.rewards.acc_params import AccParams


def costs(unit: float) -> SimpleNamespace:
    """A cost model that counts in ``unit``: 3 of 4 groups' worth of MACs and 1 of 4 of parameters stay."""
    kept, full = SimpleNamespace(macs=300 / unit, params=10 / unit), SimpleNamespace(macs=400 / unit, params=40 / unit)
    return SimpleNamespace(full=full, estimate=lambda counts: kept)


@pytest.mark.parametrize(("reward", "cost", "share"), [(AccFlops, Flops, 0.75), (AccParams, Params, 0.25)])
def test_rewards_do_not_depend_on_the_unit_of_the_cost(reward, cost, share):
    values = [reward()(0.9, cost().share(costs(unit), [1, 1])) for unit in (1, 1e6)]
    assert values[0] == pytest.approx(values[1], rel=1e-12)
    assert values[0] == pytest.approx(reward()(0.9, share))


share = st.floats(0.01, 1.5)
accuracy = st.floats(0, 1, allow_subnormal=False)


@given(accuracy, share)
def test_without_a_target_latency_is_a_cost_as_any_other(accuracy, share):
    assert AccLatency(scale=2, gamma=3)(accuracy, share) == Reward(scale=2, gamma=3)(accuracy, share)


@given(accuracy, share, share, share)
def test_faster_is_never_worth_less(accuracy, first, second, target):
    low, high = sorted((first, second))
    reward = AccLatency(target=target)
    assert reward(accuracy, high) <= reward(accuracy, low)


def test_only_what_is_slower_than_the_target_is_fined():
    reward = AccLatency(scale=2, gamma=0.5, target=0.5)
    assert reward(0.9, 0.5) == Reward(scale=2, gamma=0.5)(0.9, 0.5)
    assert reward(0.9, 0.6) == pytest.approx(Reward(scale=2, gamma=0.5)(0.9, 0.6) - math.log(1.2))
    assert AccLatency(target=0.5)(1.0, 0.6) < 0 == AccLatency(target=0.5)(1.0, 0.4)  # no errors do not make it fast


def test_what_meets_a_target_within_the_error():
    assert AccLatency().meets(9.0, 0.0) and AccAbsLatency(target=0.5).meets(9.0, 0.0)
    reward = AccLatency(target=0.5)
    assert [reward.meets(share, 0.02) for share in (0.4, 0.5, 0.52, 0.53)] == [True, True, True, False]


def test_nearness_to_an_absolute_target_counts_from_both_sides():
    reward = AccAbsLatency(scale=2, gamma=0.5, target=0.5)
    assert reward(0.9, 0.5) == pytest.approx(-0.2)
    assert reward(0.9, 0.4) == pytest.approx(reward(0.9, 0.625)) == pytest.approx(-0.2 - math.log(1.25))
    assert reward(0.0, 0.4) < reward(0.0, 0.45) < 0  # nearness counts where nothing is right yet
    assert reward(0.95, 0.5) > reward(0.9, 0.5)
    with pytest.raises(ValueError, match="needs a target"):
        AccAbsLatency()(0.9, 0.5)
