from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from prunekit.core.graph import Group, channel_structure
from prunekit.core.graph.attributes import Concat
from prunekit.core.pruning import PlanError, PrunePlan, Ranking, magnitude_scores
from prunekit.core.pruning.plan import rounded


@pytest.fixture
def graph(residual):
    return channel_structure(residual)


def test_uniform_drops_the_smallest_filters(graph):
    plan = PrunePlan.uniform(graph, 0.5)  # the recorded norms grow with the index
    assert plan.keep == {0: (3, 4, 5), 1: (2, 3)}
    assert plan.counts(graph) == (3, 2)
    assert plan.flags(graph).tolist() == [False] * 3 + [True] * 3 + [False, False, True, True]


def test_at_least_one_stays(graph):
    assert PrunePlan.uniform(graph, 0.0).counts(graph) == (1, 1)


def test_all_may_stay(graph):
    assert PrunePlan.uniform(graph, 1.0).flags(graph).all()


def test_from_ratios(graph):
    assert PrunePlan.from_ratios(graph, {2: 0.34}).counts(graph) == (2, 4)  # any mid of a group names it
    assert PrunePlan.from_ratios(graph, {0: 0.5, 2: 0.5}).counts(graph) == (3, 4)
    scores = {0: np.array([9, 1, 8, 2, 7, 3]), 1: np.array([0, 3, 1, 2])}
    assert PrunePlan.from_ratios(graph, {0: 0.5, 1: 0.5}, scores).keep == {0: (0, 2, 4), 1: (1, 3)}
    assert PrunePlan.from_ratios(graph, {0: 0.4}, round_to=4).counts(graph) == (4, 4)


def test_ratios_by_names_and_patterns(graph):
    assert PrunePlan.from_ratios(graph, {"block.conv1": 0.5}).counts(graph) == (6, 2)
    assert PrunePlan.from_ratios(graph, {"block.*": 0.5}).counts(graph) == (3, 2)  # with the stem that it is added to
    assert PrunePlan.from_ratios(graph, {"*": 0.5}).counts(graph) == (3, 2)  # but for the head, which cannot go
    assert PrunePlan.from_ratios(graph, {"stem": 0.5, "*.conv1": 0.25}).counts(graph) == (3, 1)
    assert PrunePlan.from_ratios(graph, {"block.conv[2-9]": 0.5, 0: 0.5, np.int64(1): 0.75}).counts(graph) == (3, 3)


@pytest.mark.parametrize(
    ("ratios", "message"),
    [
        ({9: 0.5}, "no mid 9; there are 0 to 3"),
        ({3: 0.5}, r"mid 3 \(head\) cannot be pruned: reaches the network's output"),
        ({0: 0.5, 2: 0.6}, "mids 0 and 2 belong to one group, but ask for 0.5 and 0.6"),
        ({0: 1.5}, "mid 0: 1.5 is no share between 0 and 1"),
        ({"block.*": 1.5}, r"'block\.\*': 1.5 is no share between 0 and 1"),
        ({"block.conv3": 0.5}, r"no layer is called 'block\.conv3' or .* Did you mean 'block.conv2' or 'block.conv1'"),
        ({"blok*": 0.5}, "no layer is called 'blok.*pattern. There are stem, block.conv1, block.conv2, head"),
        ({"block": 0.5}, r"no layer is called 'block' .* Say 'block\.\*' for all layers in it"),
        ({"head": 0.5}, r"'head' \(mid 3\) cannot be pruned: reaches the network's output"),
        ({"h*": 0.5}, r"'h\*' \(mid 3\) cannot be pruned: reaches the network's output"),
        ({"stem": 0.5, 2: 0.6}, "'stem' and mid 2 belong to one group, but ask for 0.5 and 0.6"),
        ({"block.*": 0.5, "*": 0.6}, r"'block\.\*' and '\*' belong to one group, but ask for 0.5 and 0.6"),
    ],
)
def test_wrong_ratios(graph, ratios, message):
    with pytest.raises(PlanError, match=message):
        PrunePlan.from_ratios(graph, ratios)


def test_from_counts_keeps_the_last_of_the_ranking(graph):
    rankings = {0: Ranking(np.array([5, 0, 1, 2, 3, 4]), np.zeros(7)), 1: Ranking(np.arange(4), np.zeros(5))}
    assert PrunePlan.from_counts(graph, [2, 3], rankings).keep == {0: (3, 4), 1: (1, 2, 3)}
    for counts in ([0, 3], [2, 5]):
        with pytest.raises(PlanError, match="cannot be kept"):
            PrunePlan.from_counts(graph, counts, rankings)


def test_json(graph):
    plan = PrunePlan.uniform(graph, 0.5)
    text = json.dumps(plan.to_json())
    assert PrunePlan.from_json(json.loads(text)) == plan
    assert json.loads(text)["groups"] == [
        {"group": 0, "units": 6, "keep": [3, 4, 5]},
        {"group": 1, "units": 4, "keep": [2, 3]},
    ]
    moved = replace(plan, notes=("group 0 keeps 3 units, not 2",))
    assert PrunePlan.from_json(json.loads(json.dumps(moved.to_json()))).notes == moved.notes and moved == plan
    for broken in ({}, {"version": 2}, {"version": 1, "groups": [{}], "signature": ""}, {"version": 1, "groups": 3}):
        with pytest.raises(PlanError):
            PrunePlan.from_json(broken)


def test_a_plan_for_another_network_is_refused(graph, script):
    plan = PrunePlan.uniform(graph, 0.5)
    smaller = PrunePlan({0: (0,), 1: (0,)}, {0: 6, 1: 5}, plan.signature)
    with pytest.raises(PlanError, match="for another network: group 1 has 5 units there, 4 here"):
        smaller.flags(graph)
    with pytest.raises(PlanError, match="for another network: group 4 has 3 units there, no here"):
        PrunePlan({**plan.keep, 4: (0,)}, {**plan.sizes, 4: 3}, plan.signature).flags(graph)
    with pytest.raises(PlanError, match="for another network: group 1 has no units there, 4 here"):
        PrunePlan({0: (0,)}, {0: 6}, plan.signature).flags(graph)
    with pytest.raises(PlanError, match="the groups agree, the layers do not"):
        PrunePlan(plan.keep, plan.sizes, "other").flags(graph)
    there = ("convolution 4 > 6, kernel 3, group 0", *plan.layers[1:])
    with pytest.raises(PlanError, match="mid 0 is convolution 4 > 6, kernel 3, group 0 there, convolution 3 > 6"):
        PrunePlan(plan.keep, plan.sizes, "other", there).flags(graph)
    with pytest.raises(PlanError, match=f"mid {len(plan.layers)} is linear 5 > 2 there, no layer here"):
        PrunePlan(plan.keep, plan.sizes, "other", (*plan.layers, "linear 5 > 2")).flags(graph)
    with pytest.raises(PlanError, match=r"group 1 cannot keep units \[7\] of its 4"):
        PrunePlan({**plan.keep, 1: (0, 7)}, plan.sizes, plan.signature).flags(graph)
    with pytest.raises(PlanError, match="group 1 cannot keep units none of its 4"):
        PrunePlan({**plan.keep, 1: ()}, plan.sizes, plan.signature).flags(graph)
    with pytest.raises(PlanError, match="group 1 keeps a unit twice"):
        PrunePlan({**plan.keep, 1: (2, 2)}, plan.sizes, plan.signature).flags(graph)


@pytest.mark.parametrize(
    ("size", "fixed", "per_unit", "units", "round_to", "wanted"),
    [
        (16, 0, 1, 7.4, 1, 7),
        (16, 0, 1, 7.4, 8, 8),
        (16, 0, 1, 0.0, 8, 8),
        (20, 0, 1, 18.0, 8, 16),  # down where up would be more than there is
        (6, 0, 1, 3.0, 8, 3),  # no multiple: not rounded
        (16, 4, 1, 3.0, 8, 4),
        (8, 0, 4, 3.0, 8, 4),
    ],
)
def test_rounding(size, fixed, per_unit, units, round_to, wanted):
    assert rounded(Group(0, (0,), "", size, 0, fixed, per_unit), units, round_to) == wanted


def test_magnitude_scores_add_up_over_layers(graph):
    assert magnitude_scores(graph)[0].tolist() == [2, 4, 6, 8, 10, 12]  # stem and conv2
    assert magnitude_scores(graph)[1].tolist() == [1, 2, 3, 4]


def test_units_of_many_layers_are_ranked_among_their_like(script):
    """Thirteen layers make the first four channels, two make the others: half of both go."""
    x = script.input(1, 3, 4, 4)
    y = script.conv(x, "a", 4)
    for name in "bcdefghijkl":
        y = script.add(y, script.conv(y, name, 4))
    wide = script.conv(x, "wide", 8)
    joined = script.op(Concat(axis=1), "cat", [y, script.conv(x, "more", 4)], (1, 8, 4, 4))
    graph = channel_structure(script.output(script.linear(script.mean(script.add(wide, joined)), "head", 2)))
    (group,) = graph.groups
    fixed = [group.fixed, sum(count for _, count in graph.layers[12].protected)]
    assert (group.size, fixed) == (6, [1, 2])
    plan = PrunePlan.uniform(graph, 0.5)
    wide = next(axis.units for axis in graph.axes if (axis.parameter, axis.axis) == ("wide.weight", 0))
    kept = [[unit for unit in wide[part] if unit in plan.keep[group.id]] for part in (slice(4), slice(4, 8))]
    assert sorted(map(len, kept)) == [1, 2]


def test_ranking_of_scores():
    ranking = Ranking.of_scores(np.array([0.5, 0.25, 0.5, 0.0]))
    assert ranking.order.tolist() == [3, 1, 0, 2]
    assert ranking.error.tolist() == [0, 0, 0.25, 0.75, 1.25]
