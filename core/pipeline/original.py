"""The network that a step starts from, and everything that is known of it before anything is pruned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from prunekit.core.backend import Network
from prunekit.core.config import StepConfig, plain
from prunekit.core.data import Batch, DataError, default_collate
from prunekit.core.data.contract import Collating, Inputs
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.description import Description, example, spec_of
from prunekit.core.pipeline.errors import RunError, told_at
from prunekit.core.pipeline.load import described_network
from prunekit.core.pipeline.run_folder import write_json
from prunekit.core.pruning.treatment import first_images
from prunekit.registry import PrunekitError, Register, RegisterType


def original(context: RunContext, step: StepConfig, weights_needed: bool = True) -> tuple[Network, Description]:
    """Build a step's own network, with its weights if it names any.

    Args:
        context: The run.
        step: The step.
        weights_needed: Whether weights that an earlier step has yet to write are an error.

    Raises:
        PrunekitError: It cannot be built or does not run on the data, or the weights are missing or do not fit.
    """
    model = step.model
    if model is None:
        raise RunError(f"{step.where}: the step has no network")
    inputs = example_inputs(context, step)
    if model.model_desc_file is not None:
        network, description = described_network(context.backend, model.model_desc_file)
    elif model.network is not None:
        spec = model.network
        entry = Register.entry(RegisterType.NETWORK, spec.name, context.backend.name)
        component = Register.load(entry)
        seed = step.settings.seed if step.settings is not None else 0
        network = _built(context, spec.where, component, spec.params, seed)
        params = plain({**spec.defaults, **spec.params})
        description = Description(
            spec.name, params, context.backend.name, spec_of(inputs), "", imports=context.imports,
            pack=entry.distribution,
        )  # fmt: skip
    else:
        raise RunError(f"{step.where}: the step has no network")
    weights = model.pretrained_model_file
    if weights is not None and (weights_needed or weights.exists()):
        with told_at(model.weights_where):
            context.backend.load(network, weights)
    _must_run(context, step, network, inputs)
    return network, description


def example_inputs(context: RunContext, step: StepConfig) -> Inputs:
    """Inputs of batch size 1: the first training sample, or an image of ``image_size`` where there is no dataset."""
    if step.dataset is not None:
        dataset = context.dataset(step.dataset.train, "train")
        if not len(dataset):
            spec = step.dataset.train.dataset
            raise DataError(
                f"{spec.where}: {spec.name} has no sample; do its path and its other parameters fit the data?"
            )
        samples = [dataset[0]]
        return (dataset.collate(samples) if isinstance(dataset, Collating) else default_collate(samples))[0]
    size = step.model.image_size if step.model is not None else None
    if size is None:
        raise RunError(f"{step.where}: without a dataset, model.model_desc.image_size must say how large images are")
    return example({"shape": [1, 3, *size], "dtype": "float32"})


def calibration_batches(context: RunContext, step: StepConfig, images: int) -> Sequence[Batch]:
    """The first training images, not augmented and in their order, decoded once."""
    assert step.dataset is not None
    split = step.dataset.train
    dataset = context.dataset(split, "train")
    limited = range(min(images, len(dataset)))
    return first_images(context.plain_batches(dataset, split, list(limited)), images)


def _built(context: RunContext, where: str, component: type[Any], params: dict[str, Any], seed: int) -> Network:
    try:
        return context.backend.build(component, params, seed)
    except Exception as problem:  # a network's constructor is its author's code
        raise RunError(
            f"{where}: {component.__qualname__} cannot be made: {type(problem).__name__}: {problem}"
        ) from problem


def _must_run(context: RunContext, step: StepConfig, network: Network, inputs: Inputs) -> None:
    try:
        for _ in context.backend.run(network, [(inputs, None)]):
            pass
    except PrunekitError:
        raise
    except Exception as problem:  # such as images with another number of channels
        raise RunError(
            f"{step.where}: {type(network).__name__} does not run on inputs {json.dumps(spec_of(inputs))}:"
            f" {type(problem).__name__}: {problem}"
        ) from problem


def save_network(
    context: RunContext, folder: Path, number: str, network: Network, description: Description
) -> dict[str, str]:
    """Write ``model_<id>.safetensors`` and ``desc_<id>.json``; return their paths."""
    weights, path = folder / f"model_{number}.safetensors", folder / f"desc_{number}.json"
    context.backend.save(network, weights)
    write_json(path, replace(description, weights=weights.name).to_json())
    return {"desc_file": str(path), "model_path": str(weights), "weights_file": str(weights)}
