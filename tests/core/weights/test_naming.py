"""Names of files that become a network's own."""

from __future__ import annotations

import pytest

from prunekit.core.weights import LEAVES, Naming
from prunekit.core.weights.name_matching import renaming
from prunekit.core.weights.naming import counts

HERE = Naming("here", rules=())
THERE = Naming("there", rules=(*LEAVES, (r"^end_point\.", "fc."), (r"\bdown_sample_layer\b", "downsample")))
ELSEWHERE = Naming("elsewhere", rules=(*LEAVES, (r"^classifier\.", "fc."), (r"\bdown_sample\b", "downsample")))
ALL = (HERE, THERE, ELSEWHERE)
LAYERS = ["c.weight", "n.gamma", "n.beta", "n.moving_mean", "n.moving_variance"]
NAMES = {
    "here": ["c.weight", "n.weight", "n.bias", "n.running_mean", "n.running_var", "a.downsample.0.weight", "fc.bias"],
    "there": [*LAYERS, "a.down_sample_layer.0.weight", "end_point.bias"],
    "elsewhere": [*LAYERS, "a.down_sample.0.weight", "classifier.bias"],
}
COUNTER = "n.num_batches_tracked"


@pytest.mark.parametrize("own", NAMES)
@pytest.mark.parametrize("file", NAMES)
def test_any_naming_serves_a_network_of_any(own: str, file: str) -> None:
    found = renaming(NAMES[own], NAMES[file][::-1], ALL)
    assert found.names == dict(zip(NAMES[file], NAMES[own], strict=True))
    assert (found.naming and found.naming.title) == (None if own == file else file)


def test_what_is_said_of_it() -> None:
    told = renaming(NAMES["here"], NAMES["there"], ALL).told()
    assert told == "named as in there, 6 of 7 names translated"
    made = Naming("there", THERE.rules, made_with="padding: same")
    told = renaming(NAMES["here"], NAMES["there"], (HERE, made)).told()
    assert told == "named as in there, 6 of 7 names translated; networks there have padding: same"
    assert renaming(NAMES["here"], NAMES["here"], ALL).told() is None


def test_counters_decide_nothing() -> None:
    assert counts(COUNTER) and counts("num_batches_tracked") and not counts("n.weight")
    found = renaming(NAMES["there"], [*NAMES["here"], COUNTER], ALL)
    assert found.naming is HERE and found.names["n.weight"] == "n.gamma"
    assert found.told() == "named as in here, 6 of 7 names translated"
    found = renaming([*NAMES["here"], COUNTER], NAMES["there"], ALL)
    assert found.naming is THERE and COUNTER not in found.names.values()


def test_where_nothing_fits_the_nearest_is_taken() -> None:
    found = renaming(NAMES["here"], [*NAMES["elsewhere"][1:], "odd"], ALL)
    assert found.naming is ELSEWHERE
    assert set(NAMES["here"]) - set(found.names.values()) == {"c.weight"}
    assert found.names["odd"] == "odd"


def test_what_follows_from_the_construction_is_left_out() -> None:
    there = Naming("there", THERE.rules, derived=(r"(^|\.)stride$",))
    found = renaming(NAMES["here"], ["head.stride", *NAMES["there"]], (HERE, there))
    assert found.naming is there and found.names == dict(zip(NAMES["there"], NAMES["here"], strict=True))
    assert found.told() == "named as in there, 6 of 7 names translated"
    assert "c.stride" in renaming(["c.stride"], ["c.stride"], (there,)).names  # a weight of the network's own


def test_names_that_become_one_are_no_way_to_read_them() -> None:
    """A layer that has a weight and a gamma of its own, in the network or in the file."""
    both = ["a.weight", "a.gamma"]
    assert renaming(both, both, (Naming(),)).naming is None
    assert renaming(both, ["a.gamma", "a.beta"], (Naming(),)).naming is None
    assert renaming(["a.weight", "a.bias"], both, (Naming(),)).naming is None


@pytest.mark.parametrize(
    ("name", "common"),
    [
        ("gamma", "weight"),
        ("a.0.beta", "a.0.bias"),
        ("a.moving_mean", "a.running_mean"),
        ("a.moving_variance", "a.running_var"),
        ("words.embedding_table", "words.weight"),
        ("gamma.weight", "gamma.weight"),
        ("a.my_gamma", "a.my_gamma"),
        ("a.beta1", "a.beta1"),
    ],
)
def test_leaves(name: str, common: str) -> None:
    assert Naming().common(name) == common


def test_an_empty_file_fits_nothing() -> None:
    found = renaming(["a.weight"], [], (Naming(),))
    assert found.naming is None and found.names == {}
