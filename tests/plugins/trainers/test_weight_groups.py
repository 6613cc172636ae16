from __future__ import annotations

import pytest

from prunekit.plugins.trainers.errors import TrainingError
from prunekit.plugins.trainers.weight_groups import Learns, WeightGroup, how_each_learns

WEIGHTS = {"backbone.conv.weight": 4, "backbone.bn.weight": 1, "head.weight": 2, "head.bias": 1}


def test_the_first_group_that_matches_counts() -> None:
    groups = [
        WeightGroup(match="backbone.bn.*", frozen=True),
        WeightGroup(match="backbone.*", lr_mult=0.2, decay_mult=0.5),
    ]
    assert how_each_learns(WEIGHTS, groups, True) == {
        "backbone.conv.weight": Learns(0.2, 0.5),
        "backbone.bn.weight": Learns(frozen=True),
        "head.weight": Learns(),
        "head.bias": Learns(),
    }


def test_norms_and_biases_may_be_spared_the_decay() -> None:
    found = how_each_learns(WEIGHTS, [WeightGroup(match="head.*", lr_mult=2)], False)
    assert {name: each.decay_mult for name, each in found.items()} == {
        "backbone.conv.weight": 1, "backbone.bn.weight": 0, "head.weight": 1, "head.bias": 0,
    }  # fmt: skip
    assert found["head.bias"].lr_mult == 2


def test_a_pattern_that_matches_nothing_is_a_mistake() -> None:
    told = r"param_groups.1: no weight's name matches 'head.wight'. Did you mean 'head.weight'\?"
    with pytest.raises(TrainingError, match=told):
        how_each_learns(WEIGHTS, [WeightGroup(match="*"), WeightGroup(match="head.wight")], True)
