"""Looks, before anything is computed, at what later steps will need: their settings, data and described networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from prunekit.core.config import StepConfig
from prunekit.core.pipeline.components import constructing, make_component
from prunekit.core.pipeline.datasets import Datasets
from prunekit.core.pipeline.description import Description
from prunekit.core.pipeline.errors import RunError
from prunekit.registry import PrunekitError


def look_ahead(steps: Iterable[StepConfig], data: Datasets, backend: str) -> None:
    """Make sure that steps can be made and will find their data and the networks that files describe.

    Args:
        steps: The steps that are left to do.
        data: Keeps the datasets that are made here, for the steps.
        backend: Name of the backend that the steps are to work with.

    Raises:
        RunError: Something is missing; all of it is told, one line each, with the place in the yml.
    """
    problems = dict.fromkeys(problem for step in steps for problem in _problems(step, data, backend))
    if problems:
        raise RunError("\n".join(problems))


def _problems(step: StepConfig, data: Datasets, backend: str) -> Iterator[str]:
    try:
        make_component(step.pipe_step, backend)
    except PrunekitError as problem:
        yield str(problem)
    wrong = list(_data(step, data))
    yield from wrong
    if not wrong:
        yield from _classes(step, data)
    yield from _networks(step)


def _data(step: StepConfig, data: Datasets) -> Iterator[str]:
    """What is wrong with the splits: an empty one, a dataset that cannot be made; what ails several is told once."""
    told = set()
    for name in ("train", "val", "test") if step.dataset is not None else ():
        split = getattr(step.dataset, name)
        spec, wrong = split.dataset, ""
        try:
            with constructing(spec.name):
                if not len(data.of(split, name)):
                    wrong = f"{spec.name} has no sample; do its path and its other parameters fit the data?"
        except PrunekitError as problem:
            wrong = str(problem).removeprefix(f"{spec.where}: ")
        if wrong and wrong not in told:
            told.add(wrong)
            yield f"{spec.where}: {wrong}"


def _classes(step: StepConfig, data: Datasets) -> Iterator[str]:
    """What is wrong where the data has classes that the network has no output for."""
    network = step.model.network if step.model is not None else None
    if step.dataset is None or network is None:
        return
    made = data.of(step.dataset.train, "train")
    key = next((key for key in ("class_num", "num_classes") if isinstance(network.params.get(key), int)), None)
    names = tuple(getattr(made, "class_names", ()))  # a mere number of classes may be more than there are in the data
    if key is not None and len(names) > network.params[key] > 0:  # the network's class says what is no number
        told = f"{', '.join(map(str, names[:5]))}{', ...' if len(names) > 5 else ''}"
        yield (
            f"{network.where}: {key} is {network.params[key]}, but {step.dataset.train.dataset.name} has {len(names)}"
            f" classes ({told})"
        )


def _networks(step: StepConfig) -> Iterator[str]:
    """What is wrong with the networks of a folder outside of the task, or of a description that is there already."""
    found: list[Path] = []
    if step.models_folder is not None:
        found = [path for path in sorted(step.models_folder.glob("desc_*.json")) if path.stem != "desc_original"]
        if not found:
            yield f"{step.where}: no desc_*.json of a network in {step.models_folder}"
    if step.model is not None and step.model.model_desc_file is not None and step.model.model_desc_file.exists():
        found.append(step.model.model_desc_file)
    for path in found:
        try:
            Description.read(path)
        except PrunekitError as problem:
            yield f"{step.where}: {problem}"
