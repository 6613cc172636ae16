"""``{type: SGD, lr: 0.1}`` and ``{type: SGD, params: {lr: 0.1}}`` mean the same."""

from __future__ import annotations

from typing import Any

import pytest

from prunekit.core.config.node import Node
from prunekit.core.config.problems import Findings
from prunekit.core.config.typed_block import flat, given_params, nested


def node(value: Any, path: tuple[Any, ...] = ("p",)) -> Node:
    if isinstance(value, dict):
        value = {key: node(item, (*path, key)) for key, item in value.items()}
    return Node(value, "a.yml", 1, path)


FLAT, NESTED = {"type": "SGD", "lr": 0.1, 3: 4}, {"type": "SGD", "params": {"lr": 0.1, 3: 4}}
BOTH = {"type": "SGD", "params": {"lr": 0.1}, "momentum": 0.9, 3: 4}


def test_the_parameters_of_a_mapping() -> None:
    assert given_params(FLAT) == given_params(NESTED) == {"lr": 0.1, 3: 4}
    assert given_params({}) == given_params({"type": "SGD"}) == {}
    assert given_params({"params": None}) is None and given_params({"params": 3}) == 3
    with pytest.raises(ValueError, match=r"^momentum, 3: give the parameters either all beside type or all under"):
        given_params(BOTH)


def test_both_forms_of_a_node() -> None:
    findings = Findings()
    for given in (FLAT, NESTED):
        assert flat(node(given), findings).to_python() == FLAT
        assert nested(node(given)).to_python() == NESTED
    assert nested(node({"lr": 1})).to_python() == {"params": {"lr": 1}}
    assert flat(node({"type": "SGD", "params": None}), findings).to_python() == {"type": "SGD"}
    for kept in (None, 3, {}, {"params": 3}):
        assert flat(node(kept), findings).to_python() == kept
        assert nested(node(kept)).to_python() == kept
    assert not findings.problems
    lr = nested(node(FLAT)).get_or_empty("params").get_or_empty("lr")
    assert lr.dotted == "p.lr"  # where it was written


def test_parameters_in_both_places_are_a_problem_of_params() -> None:
    findings = Findings()
    assert flat(node(BOTH), findings).to_python() == {"type": "SGD", "lr": 0.1, "momentum": 0.9, 3: 4}
    assert nested(node(BOTH)).to_python() == BOTH
    assert [str(found) for found in findings.problems] == [
        "a.yml:1  p.params: give parameters beside 'type' or under 'params', not both"
    ]
