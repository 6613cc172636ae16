from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prunekit.core.cost import CostModel, price
from prunekit.core.graph import Group
from prunekit.core.graph.structure import Comparison
from prunekit.core.graph.tracked_sizes import Extent
from prunekit.core.pruning import Ranking
from prunekit.core.search import BoundError, BudgetError, SearchSettings, SearchSpace
from prunekit.core.search.bounds import allowed_counts


def group(size: int, fixed: int = 0, per_unit: int = 1) -> Group:
    return Group(0, (0,), "layer", size, 0, fixed, per_unit)


@pytest.mark.parametrize(
    ("group", "bound", "allowed"),
    [
        (group(32), (0.2, 1), [8, 16, 24, 32]),
        (group(20), (0.2, 1), [8, 16, 20]),  # nothing removed needs no rounding
        (group(20), (0.2, 0.9), [8, 16]),  # down where up would exceed the bound
        (group(6), (0.2, 1), [6]),
        (group(20), (0.5, 0.5), [16]),  # no multiple within: rather too many
        (group(16, fixed=16), (0.2, 1), [8, 16]),
        (group(16, per_unit=4), (0.0, 0.5), [2, 4, 6, 8]),
        (group(5, fixed=3, per_unit=2), (0.0, 1), [1, 2, 3, 4, 5]),  # never a multiple of 8
    ],
)
def test_allowed_counts_follow_bound_and_rounding(group, bound, allowed):
    assert allowed_counts(group, bound, 8).tolist() == allowed


def test_count_rounds_up_and_stays_within_bounds(fake):
    space = fake.space(lbound=0.25, rbound=0.8)
    assert [space.count(2, ratio) for ratio in (0.0, 0.3, 0.5, 0.51, 0.79, 1.0)] == [8, 16, 16, 16, 24, 24]


def test_at_least_one_unit_stays(fake):
    assert fake.space(lbound=0, channel_round=1).lowest.tolist() == [1] * 5


def test_any_mid_of_a_group_bounds_it_and_skipping_fixes_it(fake):
    space = fake.space(specific_bound={2: [0.5, 0.5]}, user_skip_module_id=[3, 6])
    assert space.allowed[0].tolist() == [8]
    assert space.allowed[2].tolist() == [32]
    assert space.free == (1, 4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"specific_bound": {9: [0.1, 0.2]}}, "mid 9 is not in the network; mids that can be pruned: 0, 1, 2, 3, 4, 5"),
        ({"specific_bound": {6: [0.1, 0.2]}}, "mid 6 is protected"),
        (
            {"specific_bound": {0: [0.1, 0.2], 2: [0.5, 0.9]}},
            r"specific_bound: mids 0 and 2 are one group and need one bound, not \[0.1, 0.2\] and \[0.5, 0.9\]",
        ),
        ({"user_skip_module_id": [8]}, "no mid 8"),
        (
            {"user_skip_module_id": [0], "specific_bound": {2: [0.1, 0.3]}},
            r"user_skip_module_id keeps mid 0 whole, specific_bound bounds mid 2 by \[0.1, 0.3\]: they are one group"
            r" \(layer0\); drop one",
        ),
    ],
)
def test_bounds_that_cannot_be(fake, settings, message):
    with pytest.raises(BoundError, match=message):
        fake.space(**settings)


def test_unreachable_budget_says_what_is_reachable(fake):
    with pytest.raises(BudgetError, match=r"'flops <= 0.01' cannot be met: .* keeps 0\.\d+ to 1 of its flops"):
        fake.space(budget="flops <= 0.01")


def test_a_filter_that_skips_everything_is_refused(fake):
    with pytest.raises(BudgetError, match="would skip every trial"):
        fake.space(budget="flops <= 0.4", lbound_preserve_ratio=0.5)
    fake.space(budget="flops <= 0.4", lbound_preserve_ratio=0.5, costs=("params",))


def test_observation_is_normalised_and_tells_what_was_saved(fake):
    space = fake.space()
    states = np.array([space.observation(i, space.lowest) for i in range(5)])
    assert states.shape == (5, 10)
    assert states.min() >= 0 and states.max() <= 1
    assert states[0, 7] == 0 and states[0, 9] == 1  # nothing is saved yet, nothing was chosen yet
    assert (np.diff(states[:, 7]) >= 0).all() and (np.diff(states[:, 8]) <= 0).all()
    assert states[1, 9] == space.lowest[0] / 16


def test_bounded_view_overrides_by_group_and_leaves_the_space_alone(fake):
    space = fake.space(specific_bound={0: [0.5, 0.5]})
    view = space.bounded(0.5, 0.75, {2: [1.0, 1.0]}, "agent.warmup_")
    assert view.allowed[0].tolist() == [16] and view.allowed[4].tolist() == [32, 40, 48]
    assert space.allowed[0].tolist() == [8] and len(space.allowed[4]) == 7
    assert space.bounded(0.5, 0.75, {}, "x").allowed[0].tolist() == [8]


def test_what_is_skipped_may_be_bounded_by_all_of_it(fake):
    space = fake.space(user_skip_module_id=[0], specific_bound={2: [1.0, 1.0]})
    assert space.allowed[0].tolist() == [16]
    with pytest.raises(BoundError, match=r"keeps mid 0 whole, agent.warmup_specific_bound bounds mid 2"):
        space.bounded(0.2, 1.0, {2: [0.1, 0.3]}, "agent.warmup_")


def test_the_costs_of_the_reward_are_told_beside_those_of_the_budget(fake):
    space = fake.space(costs=("params", "flops"))
    assert space.cost == "params" and set(space.trial(0, space.lowest).shares) == {"params", "flops"}
    assert set(fake.space().trial(0, fake.space().lowest).shares) == {"flops"}


def test_a_measured_cost_is_no_budget(fake):
    with pytest.raises(BudgetError, match="latency"):
        fake.space(budget="latency <= 0.5")


def test_shares_are_shares(fake):
    space = fake.space(budget="params <= 0.9")
    assert space.share("flops", space.highest) == space.share("params", space.highest) == 1.0
    trial = space.trial(3, space.lowest)
    assert set(trial.shares) == {"flops", "params"} and trial.within_budget
    assert not space.trial(3, space.highest).within_budget
    assert trial.plan.counts(fake.graph) == trial.counts


@pytest.fixture
def comparing(fake):
    """Groups of 16, 24, 32, 6 and 64 units, of which the code compares the first two, and the third with a number."""
    sizes = [Extent(group.size, k, 1) for k, group in enumerate(fake.graph.groups)]
    units = {
        size: np.arange(group.offset, group.offset + group.size)
        for size, group in zip(sizes, fake.graph.groups, strict=True)
    }
    two, one = ({size: units[size] for size in part} for part in (sizes[:2], sizes[2:3]))
    differ = Comparison(sizes[0], "!=", sizes[1], True, "net.py:1", "", two)
    above = Comparison(sizes[2], ">", 16, True, "net.py:2", "", one)
    return replace(fake, graph=replace(fake.graph, comparisons=(differ, above)))


def test_counts_keep_what_the_code_compares(comparing):
    space = comparing.space(lbound=0, channel_round=8)
    assert space.allowed[2].tolist() == [24, 32] and space.lowest.tolist() == [8, 8, 24, 6, 8]
    trial = space.trial(0, space.lowest)
    assert trial.counts == (16, 8, 24, 6, 8) == trial.plan.counts(comparing.graph)
    assert trial.shares["flops"] == space.share("flops", trial.counts)
    assert space.trial(0, [16, 16, 24, 6, 8]).counts == (8, 16, 24, 6, 8)  # rather fewer, for the budget's sake


def test_bounds_that_leave_only_another_outcome(comparing):
    with pytest.raises(BoundError, match=r"group 3 \(layer3\) has no number of units within the bounds.*net.py:2"):
        comparing.space(rbound=0.5)


def test_quotas_bound_what_may_stay(shuffle_stage):
    """Every count of the space is one that the group can keep, whatever the bound and the rounding."""
    (group,) = shuffle_stage.groups
    rankings = {0: Ranking.of_scores(np.random.default_rng(0).random(group.size))}
    for settings in ({}, {"lbound": 0.8}, {"lbound": 0.81, "rbound": 0.82}, {"channel_round": 8}, {"channel_round": 1}):
        space = SearchSpace(shuffle_stage, rankings, SearchSettings(**settings), CostModel(shuffle_stage))
        (allowed,) = space.allowed
        assert len(allowed) and set(allowed.tolist()) <= set(group.counts)
        for count in allowed:
            assert space.plan([count]).counts(shuffle_stage) == (count,)
            assert (
                space.share("flops", [count])
                == price(shuffle_stage, space.plan([count])).macs / price(shuffle_stage).macs
            )
    assert allowed_counts(group, (0.0, 1.0), 8).tolist() == [
        n for n in group.counts if group.channels(n) % 8 == 0 or n == 84
    ]
