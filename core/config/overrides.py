"""Values of the command line, laid over a yml. They are checked as if they stood in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prunekit.core.config.block_validation import shown
from prunekit.core.config.node import Key, Node
from prunekit.core.config.problems import Findings

PLACE = "command line"
_STEPWISE = ("dataset.type", "dataset.data_path", "dataset.batch_size", "trainer.epochs")
_SHORT = {"task_id": "task.task_id"}


def over_general(block: Node, overrides: Mapping[str, Any], findings: Findings) -> Node:
    """Lay the values of ``general``, by dotted name below it, over the block."""
    for name, value in overrides.items():
        if value is not None and name not in _STEPWISE:
            block = _laid_over(block, _SHORT.get(name, name).split("."), value, findings)
    return block


def over_steps(root: Node, pipeline: tuple[str, ...], overrides: Mapping[str, Any], findings: Findings) -> Node:
    """Lay the values that are meant for every step over the steps; refs are resolved before.

    The dataset's take the place of what ``common`` and the splits say. The trainer's are for the steps that train
    without searching: in a search its epochs are the fine-tuning of each sample.
    """
    for name in _STEPWISE:
        if overrides.get(name) is None:
            continue
        section, _, key = name.partition(".")
        value = Node(overrides[name], PLACE, None, (section, key))
        steps = [step for step in pipeline if _takes(root.get_or_empty(step), section)]
        if not steps:
            findings.warn(value, f"no step has a {section} that this is meant for; it changes nothing")
        for step in steps:
            lay = _over_dataset if section == "dataset" else _over_block
            block = root.get_or_empty(step)
            root = root.with_entries(
                {**root.entries, step: _over_block(block, section, lay(block.get_or_empty(section), key, value))}
            )
    return root


def _takes(step: Node, section: str) -> bool:
    searches = step.child("search_algorithm") is not None
    return bool(step.get_or_empty(section).entries) and not (section == "trainer" and searches)


def _over_block(block: Node, key: Key, value: Node) -> Node:
    return block.with_entries({**block.entries, key: value})


def _over_dataset(dataset: Node, key: Key, value: Node) -> Node:
    if key == "type":
        return _over_block(dataset, key, value)
    parts = {name: part.without(key) for name, part in dataset.entries.items() if name != "type"}
    common = dataset.get_or_empty("common")
    if common.value is None or common.entries:  # anything else is a mistake that is told anyway
        parts["common"] = _over_block(common, key, value)
    return dataset.with_entries({**dataset.entries, **parts})


def _laid_over(block: Node, keys: list[str], value: Any, findings: Findings) -> Node:
    if not keys:
        return Node(value, PLACE, None, block.path)
    if block.value is not None and not isinstance(block.value, dict):
        findings.problem(block, f"must be a block of keys, not {shown(block)}")
    inner = _laid_over(block.get_or_empty(keys[0]), keys[1:], value, findings)
    return _over_block(block, keys[0], inner)
