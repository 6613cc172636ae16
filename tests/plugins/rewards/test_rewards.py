from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results import accuracy, objective

from prunekit.core.search import Objective, Reading
from prunekit.plugins.cost_estimators.flops import Flops
from prunekit.plugins.cost_estimators.params import Params
from prunekit.plugins.rewards.acc_abs_latency import AccAbsLatency
from prunekit.plugins.rewards.acc_flops import AccFlops
from prunekit.plugins.rewards.acc_latency import AccLatency
from prunekit.plugins.rewards.acc_params import AccParams
from prunekit.plugins.rewards.amc_formula import amc_reward


def costs(unit: float) -> SimpleNamespace:
    """A cost model that counts in ``unit``: 3 of 4 groups' worth of MACs and 1 of 4 of parameters stay."""
    kept, full = SimpleNamespace(macs=300 / unit, params=10 / unit), SimpleNamespace(macs=400 / unit, params=40 / unit)
    return SimpleNamespace(full=full, estimate=lambda counts: kept)


def timed(share: float, original: float = 10.0) -> dict[str, Reading]:
    return {"latency": Reading(share, share * original)}


@pytest.mark.parametrize(("reward", "name", "cost"), [(AccFlops, "flops", Flops), (AccParams, "params", Params)])
def test_rewards_do_not_depend_on_the_unit_of_the_cost(reward, name, cost):
    shares = [cost().share(costs(unit), [1, 1]) for unit in (1, 1e6)]
    values = [reward()(0.1, {name: Reading(share)}) for share in shares]
    assert values[0] == pytest.approx(values[1], rel=1e-12)
    assert values[0] == pytest.approx(amc_reward(0.1, {"flops": 0.75, "params": 0.25}[name], 1, 1))


share = st.floats(0.01, 1.5)
err = st.floats(0, 1, allow_subnormal=False)
positive = st.floats(0.01, 100)


@given(err, err, share, positive, positive)
def test_fewer_errors_are_never_worth_less(first, second, cost, scale, gamma):
    low, high = sorted((first, second))
    assert amc_reward(high, cost, scale, gamma) <= amc_reward(low, cost, scale, gamma)


@given(err, share, share, positive, positive)
def test_less_cost_is_never_worth_less(wrong, first, second, scale, gamma):
    low, high = sorted((first, second))
    assert amc_reward(wrong, high, scale, gamma) <= amc_reward(wrong, low, scale, gamma)


def test_the_formula():
    assert amc_reward(0.2, 0.5, 1, 1) == pytest.approx(-0.2 * (1 + math.log(1.5)))
    assert amc_reward(0.2, 0.5, 3, 0) == pytest.approx(-0.6)
    assert AccFlops(scale=3, gamma=0)(0.2, {"flops": Reading(0.5)}) == pytest.approx(-0.6)


@given(err, share)
def test_without_a_target_latency_is_a_cost_as_any_other(wrong, share):
    assert AccLatency(scale=2, gamma=3)(wrong, timed(share)) == amc_reward(wrong, share, 2, 3)


@given(err, share, share, share)
def test_faster_is_never_worth_less(wrong, first, second, target):
    low, high = sorted((first, second))
    reward = AccLatency(target_latency=10 * target)
    assert reward(wrong, timed(high)) <= reward(wrong, timed(low))


def test_only_what_is_slower_than_the_target_is_fined():
    reward = AccLatency(scale=2, gamma=0.5, target_latency=5)
    assert reward(0.1, timed(0.5)) == amc_reward(0.1, 0.5, 2, 0.5)
    assert reward(0.1, timed(0.6)) == pytest.approx(amc_reward(0.1, 0.6, 2, 0.5) - math.log(1.2))
    sharp = AccLatency(target_latency=5)
    assert sharp(0.0, timed(0.6)) < 0 == sharp(0.0, timed(0.4))  # no errors do not make it fast


def test_nearness_to_an_absolute_target_counts_from_both_sides():
    reward = AccAbsLatency(scale=2, gamma=0.5, target_latency=5)
    assert reward(0.1, timed(0.5)) == pytest.approx(-0.2)
    assert reward(0.1, timed(0.4)) == pytest.approx(reward(0.1, timed(0.625))) == pytest.approx(-0.2 - math.log(1.25))
    assert reward(1.0, timed(0.4)) < reward(1.0, timed(0.45)) < 0  # nearness counts where nothing is right yet
    assert reward(0.05, timed(0.5)) > reward(0.1, timed(0.5))


@pytest.mark.parametrize("original", [0.37, 0.93, 40.0])
@pytest.mark.parametrize("reward", [AccFlops(), AccLatency(), AccLatency(target_latency=5)])
def test_costs_weigh_at_every_value_of_a_metric_that_is_no_rate(reward, original):
    """At equal value the cheaper network wins, and pruning nothing does not."""
    aim = Objective("mAP", reward, accuracy(original, 1), amounts={"latency": 10.0})

    def worth(value: float, share: float) -> float:
        return aim.worth(value, {"flops": Reading(share), **timed(share)})

    assert worth(original, 0.5) > worth(original, 0.6) > worth(original, 1.0)
    assert worth(0.99 * original, 0.5) > worth(original, 1.0)  # a hundredth of it for half of the cost
    if getattr(reward, "target", None) is None:  # which comes before all else
        assert worth(0.5 * original, 0.5) < worth(original, 1.0)  # but not half of it
    assert worth(1.5 * original, 0.5) == max(worth(1.5 * original, share) for share in (0.5, 0.7, 1.0))


def test_an_accuracy_is_a_rate():
    assert objective().err(0.93) == 1 - 0.93
