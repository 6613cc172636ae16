"""Reads a yml file into a checked configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from prunekit.core.config.block_validation import shown
from prunekit.core.config.config_classes import RunConfig, StepConfig
from prunekit.core.config.general import GeneralConfig, folder_name, read_general
from prunekit.core.config.node import Key, Node
from prunekit.core.config.overrides import over_steps
from prunekit.core.config.problems import Findings
from prunekit.core.config.ref_merging import resolve_refs
from prunekit.core.config.section_reader import SECTION_OF_KEY
from prunekit.core.config.step_reader import StepReader
from prunekit.core.config.yaml_reader import read_yaml

_RESERVED = ("general", "pipeline")
_TAKEN = (
    "predictions",
    "imports",
    "_steps_",
    "reports.json",
    "resolved.json",
    "summary.json",
)  # files and folders that a run writes beside those of its steps


def load_config(path: Path, overrides: Mapping[str, Any] = MappingProxyType({})) -> RunConfig:
    """Read and check a yml. Components are imported to read their parameters; data and weights are not opened.

    Args:
        path: The file.
        overrides: Values from the command line; None leaves what the yml says. Those of ``general`` by dotted name
            below it (``backend``, ``device_category``, ``task.local_base_path``; ``task_id`` is short for
            ``task.task_id``); ``dataset.type``, ``dataset.data_path`` and ``dataset.batch_size`` for every step;
            ``trainer.epochs`` for every step that trains without searching.

    Raises:
        ConfigError: The yml has mistakes; the error has all of them.
    """
    findings = Findings(SECTION_OF_KEY)
    root = read_yaml(path, findings)
    if not isinstance(root.value, dict):
        findings.problem(root, f"must hold 'pipeline' and a block for each step, not {shown(root)}")
        findings.finish()
    root, used = resolve_refs(root, findings)
    general, backend = read_general(root.get_or_empty("general"), overrides, findings)
    pipeline = _pipeline(root, findings)
    _check_top(root, pipeline, used, findings)
    root = over_steps(root, pipeline, overrides, findings)
    known = general or GeneralConfig()
    reader = StepReader(pipeline, known.task, backend, findings)
    steps: dict[str, StepConfig] = {}
    for name in pipeline:
        block = root.child(name)
        if block is not None:
            steps[name] = _with_lag(reader.read(name, block, steps), known)
    findings.finish()
    return RunConfig(path, known, pipeline, steps, tuple(findings.warnings))


def _with_lag(step: StepConfig, general: GeneralConfig) -> StepConfig:
    """The step with a lag that allows candidates to be evaluated side by side, where they may be."""
    if step.settings is None or not general.parallel_search:
        return step
    return replace(step, settings=step.settings.for_parallel_search())


def _pipeline(root: Node, findings: Findings) -> tuple[str, ...]:
    node = root.child("pipeline")
    if node is None:
        findings.problem(root, "'pipeline' is missing: the list of the steps to run")
        return ()
    if not isinstance(node.value, list) or not node.value:
        findings.problem(node, f"must be a list of steps, not {shown(node)}")
        return ()
    names: dict[str, None] = {}
    blocks = [key for key in root.entries if key not in _RESERVED]
    for item in node.value:
        name = item.value
        if not isinstance(name, str) or name in _RESERVED:
            findings.problem(item, f"must be the name of a step, not {shown(item)}")
        elif name in (*_TAKEN, root.file):
            findings.problem(
                item, f"{name!r} is a name of prunekit's own in the task's folder; call the step otherwise"
            )
        elif name in names:
            findings.problem(item, f"step {shown(item)} is there twice")
        elif not _is_folder_name(name):
            findings.problem(item, f"{shown(item)} cannot be the name of a folder")
        else:
            names[name] = None
            if root.child(name) is None:
                findings.problem(item, f"no block named {shown(item)}.{findings.did_you_mean(name, blocks)}")
    return tuple(names)


def _is_folder_name(name: str) -> bool:
    try:
        return bool(folder_name(name))
    except ValueError:
        return False


def _check_top(root: Node, pipeline: tuple[str, ...], used: set[Key], findings: Findings) -> None:
    """Record a warning for a block that no step and no ref uses, and a problem for a key that cannot be a step."""
    known = {*_RESERVED, *pipeline, *used}
    for key, node in root.entries.items():
        if key in known:
            continue
        hint = findings.did_you_mean(key, _RESERVED)
        if hint or not isinstance(node.value, dict):
            findings.problem(node, f"unknown key.{hint}")
        else:
            findings.warn(node, "not in the pipeline: this block is not used")
