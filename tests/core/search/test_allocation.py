from __future__ import annotations

import numpy as np
import pytest

from prunekit.core.pruning import Ranking
from prunekit.core.search import BudgetError, closed_form_counts, fitted_counts, uniform_counts


def test_uniform_is_the_largest_ratio_that_fits(fake):
    space = fake.space(budget="flops <= 0.5", channel_round=1)
    counts = uniform_counts(space)
    assert space.fits(counts)
    grid = [space.counts(np.full(5, ratio)) for ratio in np.linspace(0, 1, 2001)]
    assert counts.tolist() == [c for c in grid if space.fits(c)][-1].tolist()


@pytest.mark.parametrize("allocate", [uniform_counts, closed_form_counts])
def test_without_a_budget_there_is_nothing_to_allocate(fake, allocate):
    with pytest.raises(BudgetError, match="needs a budget"):
        allocate(fake.space())


def test_fitted_counts_use_the_budget_up_and_no_more(fake):
    space = fake.space(budget="flops <= 0.5", channel_round=1)
    for seed in range(20):
        counts = fitted_counts(space, np.random.default_rng(seed).uniform(0.2, 1, 5))
        assert 0.45 < space.share("flops", counts) <= 0.5


def test_without_a_budget_ratios_stay_as_they_are(fake):
    space = fake.space(channel_round=1)
    assert fitted_counts(space, np.array([0.5, 0.25, 0.75, 1, 0.5])).tolist() == [8, 6, 24, 6, 32]


def greedy(space) -> list[int]:
    """Compare every step of every group, with no shortcut."""
    counts = space.highest
    while not space.fits(counts):
        best = None
        for i in space.free:
            lower = space.allowed[i][space.allowed[i] < counts[i]]
            if len(lower):
                group, tried = space.graph.groups[i], counts.copy()
                tried[i] = lower[-1]
                error = space.rankings[group.id].error
                damage = error[group.size - tried[i]] - error[group.size - counts[i]]
                saved = sum(
                    space.share(c.cost, counts) - space.share(c.cost, tried)
                    for c in space.constraints
                    if space.share(c.cost, counts) > c.limit
                )
                if saved > 0 and (best is None or damage / saved < best[0]):
                    best = (damage / saved, tried)
        counts = best[1]
    return counts.tolist()


@pytest.mark.parametrize("budget", ["flops <= 0.7", "flops <= 0.3", "flops <= 0.6 and params <= 0.4"])
@pytest.mark.parametrize("channel_round", [1, 8])
def test_closed_form_takes_the_cheapest_step_first(fake, budget, channel_round):
    space = fake.space(budget=budget, channel_round=channel_round, lbound=0.05)
    counts = closed_form_counts(space)
    assert space.fits(counts) and counts.tolist() == greedy(space)


def test_closed_form_spares_the_group_that_hurts(fake):
    space = fake.space(budget="flops <= 0.6", channel_round=1)
    hurting = Ranking(np.arange(24), np.arange(25) * 1e6)
    space.rankings = {**space.rankings, 1: hurting}
    assert closed_form_counts(space)[1] == 24
