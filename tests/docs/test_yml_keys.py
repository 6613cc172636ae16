"""The tables of keys name every key that a yml may have, and say what it means, in both languages."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from schema_tables import tables, unused
from yml_keys import markdown
from yml_words import ENGLISH, Words, one_line, read_words

from prunekit.core.config.config_classes import LoaderOptions, PruningOptions
from prunekit.core.config.example_inputs import ExampleOptions
from prunekit.core.config.general import GeneralOptions, TaskConfig
from prunekit.core.config.objective_reader import GUIDE
from prunekit.core.config.schema import yml_schema
from prunekit.core.search.settings import NetworkParser, SearchSettings
from prunekit.plugins.cost_estimators.interleaved_timing import TimingSettings
from prunekit.plugins.datasets.imagenet import Imagenet
from prunekit.plugins.search_algorithms.agent_params import AgentParams
from prunekit.plugins.trainers.pytorch.trainer import Trainer

SCHEMA, SKIPPED = yml_schema()
CHINESE = read_words(Path(__file__).parents[2] / "docs/zh/yml_keys.yml")


def test_nothing_was_left_out() -> None:
    assert SKIPPED == []


def keys(schema: Any) -> Iterator[str]:
    """Every key below a schema, found by nothing but the word ``properties``."""
    if isinstance(schema, dict):
        for key, inside in schema.get("properties", {}).items():
            yield key
            yield from keys(inside)
        for name, inside in schema.items():
            if name not in ("properties", "if", "default"):
                yield from keys(inside)
    elif isinstance(schema, list):
        for each in schema:
            yield from keys(each)


@pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_every_key_of_the_schema_is_named(words: Words) -> None:
    page = markdown(SCHEMA, words)
    named = {part for cell in re.findall(r"`([\w.]+)`", page) for part in cell.split(".")}
    found = set(keys(SCHEMA)) - {"ref", "params"}  # of every block: the page's text tells of them
    assert len(found) > 100 and {"train_episode", "weight_decay", "whole_parts", "buffer_size"} <= found
    assert found - named == set()


def test_every_key_is_named_where_it_stands() -> None:
    """Held against the classes that read a yml, which the schema is made from."""
    rows = {
        (table.path, *(table.abouts or [""]), key) for table in tables(SCHEMA) for row in table.rows for key in row.keys
    }
    settings = {*SearchSettings.model_fields, "objective_keys", "reward_type", "target_latency"} - {"networkparser"}
    assert rows >= {("general", "", key) for key in GeneralOptions.model_fields if key != "task"}
    assert rows >= {("general", "", f"task.{key}") for key in TaskConfig.model_fields}
    assert rows >= {("search_algorithm", "", key) for key in (*settings, *ExampleOptions.model_fields)}
    assert rows >= {("search_algorithm", "", f"latency.{key}") for key in inspect.signature(TimingSettings).parameters}
    assert rows >= {("search_algorithm", "", f"networkparser.{key}") for key in NetworkParser.model_fields}
    agent = {f"agent.{key}" for key in AgentParams.model_fields} | {".".join(path) for path in GUIDE if len(path) > 1}
    assert rows >= {("search_algorithm", "PruneAMC", key) for key in agent}
    assert rows >= {("pruning", "", key) for key in (*PruningOptions.model_fields, "importance.type")}
    taken = [*LoaderOptions.model_fields, *inspect.signature(Imagenet).parameters]
    named = {key.removesuffix(".type") for path, name, *_, key in rows if (path, name) == ("dataset", "Imagenet")}
    assert named >= {*taken} - {"split"}
    named = {key.removesuffix(".type") for path, name, *_, key in rows if (path, name) == ("trainer", "Trainer")}
    assert named >= inspect.signature(Trainer).parameters.keys() - {"device"}


def test_a_value_is_said_with_its_bounds_and_default() -> None:
    page = markdown(SCHEMA)
    assert "| `lbound` | number ≥ 0, ≤ 1 | `0.2` | Least preserve ratio of a group. |" in page
    assert "| `device_category` | `CPU`, `GPU`, `NPU` | `CPU` |" in page
    assert "| `betas` | [number ≥ 0, < 1, number ≥ 0, < 1] | `[0.9, 0.999]` |" in page
    assert re.search(r"`model_desc.backbone.type` \| .*`timm:NAME`", page)
    assert "### `model.model_desc.backbone`: `ResNet18`, `ResNet34`" in page  # alike, so told once


def said() -> set[str]:
    """All that the tables say in English."""
    found = {about for table in tables(SCHEMA) for about in table.abouts.values()}
    found |= {row.about for table in tables(SCHEMA) for row in table.rows}
    return {one_line(text) for text in (*found, *unused(SCHEMA).values())}


def test_every_key_says_what_it_means() -> None:
    silent = [(table.path, row.keys) for table in tables(SCHEMA) for row in table.rows if not row.about]
    assert silent == []


def test_chinese_says_all_that_english_says_and_nothing_else() -> None:
    assert said() - CHINESE.meanings.keys() == set(), "say it in docs/zh/yml_keys.yml"
    assert CHINESE.meanings.keys() - said() == set(), "no docstring says this any more"


def test_keys_without_effect_are_told_with_the_reason() -> None:
    found = unused(SCHEMA)
    assert found["general.quota"] == "say search_algorithm.budget instead"
    assert found["dataset.pin_memory"] == "loading is set by num_workers alone"
    assert "general.backend" not in found
