from __future__ import annotations

from types import SimpleNamespace

import pytest

from prunekit.plugins.cost_estimators.flops import Flops
from prunekit.plugins.cost_estimators.params import Params
from prunekit.plugins.rewards.acc_flops import AccFlops
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
