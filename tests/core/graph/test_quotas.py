"""What can stay where code deals channels out again and again; in a forward that was written down by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from prunekit.core.cost import CostModel, price
from prunekit.core.graph import channel_structure
from prunekit.core.pruning import PlanError, PrunePlan, Ranking
from prunekit.core.pruning.removal import Removal


def places(channels, units):
    """The way of each channel: for each unit whether it passes; told by (layer, number). Worked out by counting."""
    half, ways = channels // 2, dict[tuple[int, int], str]()
    x = [(-1, i) for i in range(channels)]
    for number in range(units):
        for channel in x:
            ways[channel] = ways.get(channel, "")
        for channel in x[:half]:
            ways[channel] += "p"
        for channel in x[half:]:
            ways[channel] += "w"
        x = x[:half] + [(number, i) for i in range(half)]
        x = [channel for pair in zip(x[:half], x[half:], strict=True) for channel in pair]
    return {channel: ways.get(channel, "") for channel in ways | dict.fromkeys(x)}


def counted(channels, units):
    """How many channels of each layer take each way."""
    ways = [(layer, way) for (layer, _), way in places(channels, units).items()]
    return {way: ways.count(way) for way in ways}


def test_numbers_that_can_stay_are_those_whose_places_there_are_channels_for(shuffle_stage):
    (group,) = shuffle_stage.groups
    whole = counted(28, 4)
    legal = [n for n in range(1, 15) if all(whole.get(way, 0) >= k for way, k in counted(2 * n, 4).items())]
    assert group.counts == [6 * n for n in legal if n > 1]  # axes of size 1 are not followed
    assert 7 in legal and 12 not in legal
    assert [group.channels(count) for count in group.counts] == [2 * n for n in legal if n > 1]
    assert group.size == 84 and group.counts[-1] == 84


def test_kinds_are_ways(shuffle_stage):
    (group,) = shuffle_stage.groups
    ways = places(28, 4)
    names = ["stem", *[f"unit{k}" for k in range(4)]]
    axes = {axis.parameter: axis.units for axis in shuffle_stage.axes if axis.axis == 0}
    kind_of = {}
    for (layer, number), way in ways.items():
        kind = int(group.quotas.kinds[axes[f"{names[layer + 1]}.weight"][number]])
        assert kind_of.setdefault((layer, way), kind) == kind
    assert sorted(kind_of.values()) == list(range(len(kind_of)))


def test_every_plan_is_possible_and_takes_the_best_of_each_kind(shuffle_stage):
    (group,) = shuffle_stage.groups
    scores = np.random.default_rng(0).random(group.size)
    for count in range(1, group.size + 1):
        plan = PrunePlan.from_counts(shuffle_stage, [count], {0: Ranking.of_scores(scores)})
        (kept,) = plan.counts(shuffle_stage)
        assert kept == group.nearest(count) and abs(kept - count) <= 18
        assert PrunePlan.from_json(json.loads(json.dumps(plan.to_json()))).flags(shuffle_stage).sum() == kept
        stays = np.isin(np.arange(group.size), plan.keep[0])
        for kind in range(group.quotas.kinds.max() + 1):
            mine = group.quotas.kinds == kind
            assert scores[mine & ~stays].max(initial=0) < scores[mine & stays].min(initial=1)
    for round_to in (2, 4, 8):
        for share in np.linspace(0, 1, 12):
            assert group.channels(
                *PrunePlan.uniform(shuffle_stage, share, round_to=round_to).counts(shuffle_stage)
            ) % round_to in (
                0,
                4,
            )


def test_a_plan_that_takes_others_is_refused(shuffle_stage):
    (group,) = shuffle_stage.groups
    plan = PrunePlan.uniform(shuffle_stage, 0.5)
    kept = list(plan.keep[0])
    other = next(u for u in range(84) if u not in kept and group.quotas.kinds[u] != group.quotas.kinds[kept[0]])
    with pytest.raises(PlanError, match=r"group 0 \(stem\) cannot keep these 42 units.*takes others stay"):
        PrunePlan({0: tuple(sorted([*kept[1:], other]))}, plan.sizes, plan.signature).flags(shuffle_stage)
    with pytest.raises(PlanError, match=r"cannot keep these 41 units: .* the nearest number that can stay is 42"):
        PrunePlan({0: tuple(kept[1:])}, plan.sizes, plan.signature).flags(shuffle_stage)


def test_the_cost_is_exact_for_every_number(shuffle_stage):
    model = CostModel(shuffle_stage)
    for count in shuffle_stage.groups[0].counts:
        plan = PrunePlan.from_counts(shuffle_stage, [count], {0: Ranking.of_scores(np.arange(84.0))})
        assert model.estimate([count]) == price(shuffle_stage, plan)
    assert model.estimate([1]) == model.estimate([shuffle_stage.groups[0].counts[0]])


def test_channels_stand_where_the_smaller_code_takes_them_the_same_way(shuffle_stage):
    """Followed by hand: each place of the smaller network, and the channel of the whole one that is put there."""
    (group,) = shuffle_stage.groups
    shapes = {name: shape for name, shape in shuffle_stage.operators.parameter_shapes.items()}
    names, whole = ["stem", *[f"unit{k}" for k in range(4)]], places(28, 4)
    for count in group.counts[:-1]:
        scores = np.random.default_rng(count).random(group.size)
        kept = Removal.of(
            shuffle_stage, PrunePlan.from_counts(shuffle_stage, [count], {0: Ranking.of_scores(scores)}), shapes
        ).kept
        small = places(group.channels(count), 4)
        for (layer, number), way in small.items():
            assert whole[layer, int(kept[f"{names[layer + 1]}.weight"][0][number])] == way
        x = [(-1, int(k)) for k in kept["stem.weight"][0]]
        original = [(-1, k) for k in range(28)]
        for number in range(4):
            half = len(x) // 2
            assert [original[14:][int(k)] for k in kept[f"unit{number}.weight"][1]] == x[half:]  # reads what arrives
            x = x[:half] + [(number, int(k)) for k in kept[f"unit{number}.weight"][0]]
            x = [channel for pair in zip(x[:half], x[half:], strict=True) for channel in pair]
            original = original[:14] + [(number, k) for k in range(14)]
            original = [channel for pair in zip(original[:14], original[14:], strict=True) for channel in pair]
        assert [original[int(k)] for k in kept["head.weight"][1]] == x


def test_one_unit_needs_no_quotas(script):
    x = script.shuffles(script.conv(script.input(1, 3, 4, 4), "stem", 28), 1)
    graph = channel_structure(script.output(script.linear(script.mean(x), "head", 5)))
    assert [(g.size, g.quotas) for g in graph.groups] == [(14, None)] and graph.arrangement is None


def test_what_reaches_the_output_keeps_the_stage(script):
    graph = channel_structure(script.output(script.shuffles(script.conv(script.input(1, 3, 4, 4), "stem", 28), 4)))
    assert graph.groups == () and all(layer.protected for layer in graph.layers)
