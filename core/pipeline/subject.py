"""The network that a step starts from, and everything that is known of it before anything is pruned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from prunekit.core.backend import Network
from prunekit.core.config import StepConfig, plain
from prunekit.core.data import Batch
from prunekit.core.pipeline.context import RunContext
from prunekit.core.pipeline.description import Description, spec_of
from prunekit.core.pipeline.errors import RunError, error_location
from prunekit.core.pipeline.example_inputs import check_later, example_inputs
from prunekit.core.pipeline.load import described_network
from prunekit.core.pipeline.run_folder import write_json
from prunekit.core.search.candidate_builder import first_images
from prunekit.core.weights import load_weights
from prunekit.registry import Register, RegisterType, did_you_mean


def original(context: RunContext, step: StepConfig, weights_needed: bool = True) -> tuple[Network, Description]:
    """Build a step's own network, with its weights if it names any.

    Args:
        context: The run.
        step: The step.
        weights_needed: Whether weights that an earlier step has yet to write are an error.

    Raises:
        PrunekitError: It cannot be built or does not run on its inputs, or the weights are missing or do not fit.
    """
    network, description = _made(context, step)
    model = step.model
    assert model is not None
    weights = model.pretrained_model_file
    if weights is not None and (weights_needed or weights.exists()):
        with error_location(model.weights_where):
            told = load_weights(context.backend, network, weights)
        if told is not None:
            context.reporter.say(f"{weights}: {told}")
    inputs = example_inputs(context, step, network)
    check_later(context, step, network)
    if description.plan is not None:  # it was made for the inputs and leaf modules that the description names
        return network, description
    if model.model_desc_file is None or step.example is not None:
        description = replace(description, inputs=spec_of(inputs))
    leaf_modules = step.settings.networkparser.leaf_modules if step.settings is not None else {}
    _say_unknown_classes(context, step, network, leaf_modules)
    return network, replace(description, leaf_modules=leaf_modules or description.leaf_modules)


def _made(context: RunContext, step: StepConfig) -> tuple[Network, Description]:
    """The network before it is given weights; one that the yml names is described but for its inputs."""
    model = step.model
    if model is not None and model.model_desc_file is not None:
        return described_network(context.backend, model.model_desc_file)
    if model is None or model.network is None:
        raise RunError(f"{step.where}: the step has no network")
    spec = model.network
    entry = Register.entry(RegisterType.NETWORK, spec.name, context.backend.name)
    component = Register.load(entry)
    seed = step.settings.seed if step.settings is not None else 0
    network = _built(context, spec.where, component, spec.params, seed)
    params = plain({**spec.defaults, **spec.params})
    description = Description(
        spec.name, params, context.backend.name, None, "", imports=context.imports, pack=entry.distribution
    )
    return network, description


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


def _say_unknown_classes(context: RunContext, step: StepConfig, network: Network, leaf_modules: Iterable[str]) -> None:
    """Warn of classes that ``networkparser`` names and no module of the network is of."""
    known = context.backend.module_classes(network)
    for name in leaf_modules:
        if name not in known:
            where = step.search_algorithm.where if step.search_algorithm is not None else step.where
            context.reporter.warn(
                f"{where}.networkparser: no module of {type(network).__name__} is a {name!r}."
                f"{did_you_mean(name, known)}"
            )


def save_network(
    context: RunContext, folder: Path, number: str, network: Network, description: Description
) -> dict[str, str]:
    """Write ``model_<id>.safetensors`` and ``desc_<id>.json``; return their paths."""
    weights, path = folder / f"model_{number}.safetensors", folder / f"desc_{number}.json"
    context.backend.save(network, weights)
    write_json(path, replace(description, weights=weights.name).to_json())
    return {"desc_file": str(path), "model_path": str(weights), "weights_file": str(weights)}
