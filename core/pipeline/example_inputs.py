"""Chooses the example inputs of a step and checks that its network runs on them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from prunekit.core.backend import Backend, Network
from prunekit.core.config import StepConfig
from prunekit.core.config.example_inputs import ExampleConfig
from prunekit.core.data import DataError
from prunekit.core.data.contract import Inputs
from prunekit.core.data.example_input_files import read_inputs
from prunekit.core.data.example_inputs import first_sample, inputs_of
from prunekit.core.data.finite import not_finite
from prunekit.core.data.reading import Reader
from prunekit.core.pipeline.datasets import Datasets
from prunekit.core.pipeline.errors import RunError, error_location
from prunekit.core.pipeline.input_spec import arrays_of, spec_of
from prunekit.registry import PrunekitError
from prunekit.registry.errors import described


def example_inputs(backend: Backend, data: Datasets, step: StepConfig, network: Network) -> Inputs:
    """The inputs of one sample, on which the network was seen to run.

    They are those that the yml gives, of a batch the first sample, or the whole of it where the network needs that;
    without any the first training sample, or an image of ``image_size`` where there is no dataset. Where the yml gives
    some and there is a dataset, the network must run on both.

    Raises:
        PrunekitError: There are none, or the network does not run on them.
    """
    given = step.example
    if step.dataset is not None or given is None:
        inputs = _of_the_data(data, step)
        must_run(backend, step.where, network, inputs)
        if given is None:
            return inputs
    whole = _given(backend, given)
    one = first_sample(whole)
    if one is not whole and _problem(backend, network, one) is None:
        return one
    must_run(backend, given.where, network, whole)
    return whole


def must_run(backend: Backend, where: str, network: Network, inputs: Inputs, name: str = "") -> None:
    """Refuse inputs that a network does not run on.

    Args:
        backend: The network's.
        where: The place in the yml, as the message begins; empty where there is none.
        network: The network.
        inputs: What it is called with.
        name: What the message calls the network; its class's name if not given.

    Raises:
        PrunekitError: It does not.
    """
    problem = _problem(backend, network, inputs)
    if isinstance(problem, PrunekitError):
        raise problem
    if problem is not None:  # such as images with another number of channels, or an input too many
        place = f"{where}: " if where else ""
        raise RunError(
            f"{place}{name or type(network).__name__} does not run on inputs {json.dumps(spec_of(inputs))}:"
            f" {described(problem)}"
        ) from problem


def check_given(backend: Backend, step: StepConfig, network: Network) -> None:
    """Refuse inputs that the yml gives for a network of another step and that it does not run on.

    Raises:
        PrunekitError: It does not.
    """
    if step.example is not None:
        must_run(backend, step.example.where, network, _given(backend, step.example))


def check_later(backend: Backend, steps: Iterable[StepConfig], step: StepConfig, network: Network) -> None:
    """Refuse inputs that later steps give for the networks of this one: that shall not show after hours.

    Raises:
        PrunekitError: The network does not run on them.
    """
    for later in steps:
        if later.models_from == step.name:
            check_given(backend, later, network)


def _given(backend: Backend, given: ExampleConfig) -> Inputs:
    with error_location(given.where):
        if given.file is not None:
            inputs = read_inputs(given.file, backend.read_inputs)
            if what := not_finite((inputs, None)):
                raise DataError(f"{given.file}: {what}; write it with other numbers")
            return inputs
        assert given.spec is not None
        return inputs_of(given.spec)


def _of_the_data(data: Datasets, step: StepConfig) -> Inputs:
    if step.dataset is not None:
        reader = Reader(data.of(step.dataset.train, "train"), "train")
        if not len(reader):
            spec = step.dataset.train.dataset
            raise DataError(
                f"{spec.where}: {spec.name} has no sample; do its path and its other parameters fit the data?"
            )
        return reader.first()[0]
    size = step.model.image_size if step.model is not None else None
    if size is None:
        raise RunError(
            f"{step.where}: without a dataset, model.model_desc.image_size must say how large images are, or inputs"
            " in search_algorithm or trainer what the network is called with"
        )
    return arrays_of({"shape": [1, 3, *size], "dtype": "float32"})


def _problem(backend: Backend, network: Network, inputs: Inputs) -> Exception | SystemExit | None:
    try:
        for _ in backend.run(network, [(inputs, None)]):
            pass
    except (Exception, SystemExit) as problem:  # the network is its author's code
        return problem
    return None
