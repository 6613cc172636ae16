"""A schema as tables: components inside of components, shared keys, and blocks of any depth."""

from __future__ import annotations

from typing import Any

import pytest
from schema_tables import tables, unused


def component(kind: str, *names: str) -> dict[str, Any]:
    """A block with a ``type``, as the schema of a yml has it."""
    rules = [
        {"if": {"properties": {"type": {"enum": [name]}}}, "then": {"$ref": f"#/$defs/{kind}.{name}"}} for name in names
    ]
    untyped = {"if": {"not": {"required": ["type"]}}, "then": {"$ref": f"#/$defs/{kind}"}}
    return {"type": "object", "properties": {"type": {"enum": [*names]}}, "allOf": [*rules, untyped]}


def yml(properties: dict[str, Any], **definitions: Any) -> dict[str, Any]:
    """A schema with a step of these sections."""
    said = {"description": "Names."}
    blocks = {name.replace("__", "."): {"properties": found} for name, found in definitions.items()}
    return {
        "properties": {"pipeline": said, "general": {"properties": {}}},
        "additionalProperties": {"properties": properties},
        "$defs": blocks,
    }


def told(schema: dict[str, Any]) -> dict[tuple[str, ...], list[str]]:
    """The keys of each table, by its path and the components that it is of."""
    return {(each.path, *each.abouts): [key for row in each.rows for key in row.keys] for each in tables(schema)}


@pytest.mark.parametrize("or_a_name", [False, True])
def test_a_component_inside_of_components_is_told_once(or_a_name: bool) -> None:
    reward = component("reward", "plain", "steep")
    shared = {"type": True, "reward": {"anyOf": [{"type": "string"}, reward]} if or_a_name else reward}
    found = told(
        yml(
            {"search": component("search", "one", "two")},
            search__one=shared,
            search__two={**shared, "tau": {"type": "number"}},
            reward__plain={"type": True, "scale": {"type": "number"}},
            reward__steep={"type": True, "scale": {"type": "number"}, "slope": {"type": "number"}},
        )
    )
    assert found["search",] == ["type", "reward.type", "reward.scale"]
    assert found["search", "two"] == ["tau"]
    assert found["search.reward", "steep"] == ["slope"]


def test_a_plain_section_of_any_depth_is_one_table() -> None:
    inner = {"properties": {"low": {"type": "number"}, "high": {"type": "number"}}, "description": "Its bounds."}
    section = {"properties": {"bits": {"type": "integer"}, "range": {"anyOf": [inner, {"type": "null"}]}}}
    assert told(yml({"quantization": section}))["quantization",] == ["bits", "range", "range.low", "range.high"]


def test_names_with_dots_are_whole() -> None:
    found = told(yml({"model": component("network", "v1.5")}, network__v1__5={"depth": {"type": "integer"}}))
    assert found["model", "v1.5"] == ["depth"]


def test_alternatives_that_carry_their_type_have_tables_of_their_own() -> None:
    forms = [
        {"properties": {"type": {"enum": [name, None]}, "lr": {"type": "number"}}, "description": name}
        for name in ("SGD", "Adam")
    ]
    found = told(yml({"trainer": {"properties": {"optimizer": {"anyOf": forms}}}}))
    assert found["trainer",] == ["optimizer.type"]
    assert found["trainer.optimizer", "SGD"] == found["trainer.optimizer", "Adam"] == ["lr"]


def test_a_key_without_effect_stands_in_no_table() -> None:
    old = {"deprecated": True, "description": "not used: say epochs"}
    schema = yml({"trainer": {"properties": {"epochs": {"type": "integer"}, "rounds": old}}, "evaluator": old})
    assert told(schema)["trainer",] == ["epochs"]
    assert unused(schema) == {"trainer.rounds": "say epochs", "evaluator": "say epochs"}


def test_the_costs_are_said_before_each_of_them() -> None:
    costs = {"latency": {"properties": {"repeats": {"description": "Rounds."}}}}
    schema = yml({"search": {"properties": {"costs": {"properties": costs}}}})
    assert told(schema)[("search",)] == ["costs", "costs.latency.repeats"]
    assert all(row.about for table in tables(schema) for row in table.rows)
