from __future__ import annotations

import pytest
from pydantic import ValidationError

from prunekit.core.search import SearchSettings


def errors(**values) -> str:
    with pytest.raises(ValidationError) as caught:
        SearchSettings(**values)
    return str(caught.value)


def test_defaults_are_the_documented_ones():
    settings = SearchSettings()
    assert (settings.train_episode, settings.keep_pareto_top_k, settings.channel_round) == (800, 1, 8)
    assert (settings.lbound, settings.rbound, settings.lbound_preserve_ratio) == (0.2, 1.0, 0.0)
    assert settings.constraints == ()


def test_tilde_means_the_default_everywhere():
    names = [name for name in SearchSettings.model_fields]
    assert SearchSettings(**dict.fromkeys(names)) == SearchSettings()
    assert SearchSettings(networkparser={"replace_bn_list": None, "replace_conv_list": []}) == SearchSettings()


def test_custom_operators_by_class_name():
    lists = {"replace_bn_list": ["FrozenBatchNorm2d"], "replace_conv_list": ["MyConv"]}
    custom = SearchSettings(networkparser=lists).networkparser.leaf_modules
    assert custom == {"FrozenBatchNorm2d": "normalization", "MyConv": "convolution"}
    assert SearchSettings().networkparser.leaf_modules == {}


def test_outputs_are_positions_and_names():
    assert SearchSettings(networkparser={"outputs": [0, "aux.0"]}).networkparser.outputs == [0, "aux.0"]
    assert SearchSettings(networkparser={"outputs": None}).networkparser.outputs == []
    errors(networkparser={"outputs": "logits"})
    errors(networkparser={"outputs": [-1]})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lbound": 0.8, "rbound": 0.5}, "lbound 0.8 is above rbound 0.5"),
        ({"lbound": -0.1}, "greater than or equal to 0"),
        ({"rbound": float("nan")}, "finite number"),
        ({"specific_bound": {3: [0.5, 0.4]}}, "the lower bound 0.5 is above the upper bound 0.4"),
        ({"train_episode": 0}, "greater than 0"),
        ({"train_episodes": 3}, "Extra inputs"),
    ],
)
def test_mistakes_are_said_plainly(values, message):
    assert message in errors(**values)


def test_budget_is_read_into_constraints():
    settings = SearchSettings(budget="macs <= 0.5 and params<=6e-1")
    assert [(c.cost, c.limit) for c in settings.constraints] == [("flops", 0.5), ("params", 0.6)]


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ("flops < 0.5", "'flops < 0.5' is not a condition"),
        ("flops <= 0.5 and", "is not a condition"),
        ("flop <= 0.5", "Did you mean 'flops'"),
        ("flops <= half", "'half' is not a number"),
        ("flops <= 50", "share of the original"),
        ("flops <= nan", "share of the original"),
    ],
)
def test_budget_mistakes(budget, message):
    assert message in errors(budget=budget)


def test_a_parallel_search_has_a_lag_unless_one_is_given():
    assert SearchSettings().lag == 1 and SearchSettings().for_parallel_search().lag == 16
    assert [SearchSettings(lag=lag).for_parallel_search().lag for lag in (None, 1, 4)] == [16, 1, 4]
    assert "greater than or equal to 1" in errors(lag=0) and "less than or equal to 1024" in errors(lag=1025)
