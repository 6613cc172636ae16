"""Writes a configuration out as plain JSON in the shape of a yml."""

from __future__ import annotations

import dataclasses
from typing import Any

from pydantic import BaseModel

from prunekit.core.config.component_reader import ComponentSpec
from prunekit.core.config.config_classes import (
    DatasetConfig,
    ModelConfig,
    PruningConfig,
    RunConfig,
    SplitConfig,
    StepConfig,
)
from prunekit.core.config.example_inputs import ExampleConfig
from prunekit.core.config.section_reader import PLACEHOLDER


def resolved(config: RunConfig) -> dict[str, Any]:
    """Return the configuration as plain JSON in the shape of a yml: refs merged, defaults written out.

    What changes no result is left out: the task's id and folder, where candidates are evaluated and how many at a time.
    Two ymls that mean the same give equal dicts. The result, written to a file, reads as the same configuration.
    """
    left_out = {"task", "parallel_search", "parallel_fully_train", "executor"}
    general = config.general.model_dump(mode="json", exclude=left_out)
    steps = {name: _step(config.steps[name]) for name in config.pipeline}
    return {"general": general, "pipeline": list(config.pipeline), **steps}


def printable(config: RunConfig) -> dict[str, Any]:
    """Return the resolved form with all of ``general``. A task's id is left out where the yml gave none."""
    whole = resolved(config)
    unknown = set() if "task_id" in config.general.task.model_fields_set else {"task_id"}
    general = {
        **config.general.model_dump(mode="json", exclude={"executor"}),
        "task": config.general.task.model_dump(mode="json", exclude=unknown),
    }
    if config.general.executor is not None:
        general["executor"] = _component(config.general.executor)
    return {**whole, "general": general}


def _step(step: StepConfig) -> dict[str, Any]:
    pipe_step = _component(step.pipe_step)
    own = {section: pipe_step.pop(section) for section in step.sections if section in pipe_step}
    if step.models_from is not None:
        pipe_step["models_folder"] = f"{PLACEHOLDER}/output/{step.models_from}"
    elif step.models_folder is not None:
        pipe_step["models_folder"] = str(step.models_folder)
    blocks: dict[str, Any] = {"pipe_step": pipe_step}
    if step.model is not None:
        blocks["model"] = _model(step.model)
    if step.dataset is not None:
        blocks["dataset"] = _dataset(step.dataset)
    if step.search_algorithm is not None:
        settings = plain(step.settings) if step.settings is not None else {}
        blocks["search_algorithm"] = {
            **_component(step.search_algorithm), **settings, **_objective(step), **_example(step.search_example)
        }  # fmt: skip
    if step.trainer is not None:
        blocks["trainer"] = {**_component(step.trainer), **_example(step.trainer_example)}
    if step.pruning is not None:
        blocks["pruning"] = _pruning(step.pruning)
    return {**blocks, **own}


def _component(spec: ComponentSpec) -> dict[str, Any]:
    """Return parameters and defaults, sorted by name: a default that was given prints like one that was not."""
    return {"type": spec.name, **dict(sorted({**plain(spec.defaults), **plain(spec.params)}.items()))}


def _objective(step: StepConfig) -> dict[str, Any]:
    if step.objective is None:
        return {}
    costs = {name: {**plain(spec.defaults), **plain(spec.params)} for name, spec in step.objective.costs.items()}
    found = {"objective_keys": step.metric, "reward": _component(step.objective.reward)}
    return {**found, "costs": costs} if costs else found


def _example(example: ExampleConfig | None) -> dict[str, Any]:
    if example is None:
        return {}
    return {"inputs": plain(example.spec)} if example.file is None else {"input_pickle_path": str(example.file)}


def _model(model: ModelConfig) -> dict[str, Any]:
    block: dict[str, Any] = {"pretrained_model_file": plain(model.pretrained_model_file)}
    if model.pretrained_model_key is not None:
        block["pretrained_model_key"] = model.pretrained_model_key
    if model.pretrained_backbone_file is not None:
        block["pretrained_backbone_file"] = str(model.pretrained_backbone_file)
    if model.model_desc_file is not None:
        block["model_desc_file"] = str(model.model_desc_file)
    if model.network is not None:
        block["model_desc"] = {"modules": ["backbone"], "backbone": _component(model.network)}
        if model.image_size is not None:
            block["model_desc"]["image_size"] = list(model.image_size)
    return block


def _dataset(dataset: DatasetConfig) -> dict[str, Any]:
    splits = {"train": dataset.train, "val": dataset.val, "test": dataset.test}
    return {"type": dataset.train.dataset.name, **{name: _split(split) for name, split in splits.items()}}


def _split(split: SplitConfig) -> dict[str, Any]:
    params = {**split.dataset.params, **split.dataset.defaults}
    loader = {each.name: getattr(split, each.name) for each in dataclasses.fields(split) if each.name != "dataset"}
    return {**plain(params), **loader}


def _pruning(pruning: PruningConfig) -> dict[str, Any]:
    return {**pruning.model_dump(exclude={"importance"}), "importance": _component(pruning.importance)}


def plain(value: Any) -> Any:
    """Return a value as plain JSON."""
    if isinstance(value, ComponentSpec):
        return _component(value)
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="json"))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=repr)  # their own order is another in every process
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(getattr(value, "value", value))
