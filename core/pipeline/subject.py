"""The network that a command or a step works on: built, given weights and example inputs, described, parsed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from prunekit.core.backend import Backend, Network
from prunekit.core.config import StepConfig, plain
from prunekit.core.cost import Cost, price
from prunekit.core.data.contract import Inputs
from prunekit.core.graph import channel_structure
from prunekit.core.parsing.channel_graph import ChannelGraph
from prunekit.core.parsing.parse import parse
from prunekit.core.pipeline.components import constructing
from prunekit.core.pipeline.datasets import Datasets
from prunekit.core.pipeline.description import Description
from prunekit.core.pipeline.errors import DescriptionError, RunError, error_location
from prunekit.core.pipeline.example_inputs import check_given, check_later, example_inputs, must_run
from prunekit.core.pipeline.input_spec import arrays_of, spec_of
from prunekit.core.pipeline.named_network import named_network
from prunekit.core.pipeline.reporter import Reporter
from prunekit.core.weights import load_backbone, load_weights, refuse_unsound
from prunekit.registry import Register, RegisterType, did_you_mean


@dataclass(frozen=True)
class Subject:
    """A network with all that is known of it before anything is pruned.

    Attributes:
        backend: Its framework.
        network: The network with its weights, in evaluation mode.
        description: How to build it again.
        sample: What it was seen to run on; None takes seeded numbers, as described.
        whole_parts: Patterns of modules where whole parts of an axis go, as for ``parse``.
        outputs: Paths of the outputs that matter, as for ``parse``; none means all.
    """

    backend: Backend
    network: Network
    description: Description
    sample: Inputs | None = None
    whole_parts: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    @cached_property
    def inputs(self) -> Inputs:
        """What it is called with when its structure is followed."""
        return self.batch(1) if self.sample is None else self.sample

    @cached_property
    def graph(self) -> ChannelGraph:
        """The channel graph, parsed and verified when it is first asked for."""
        return parse(
            self.backend, self.network, self.inputs, leaf_modules=self.description.leaf_modules,
            whole_parts=self.whole_parts, outputs=self.outputs or None,
        )  # fmt: skip

    def batch(self, samples: int) -> Inputs:
        """Seeded inputs of the described shapes and types, for so many samples."""
        return arrays_of(self.description.inputs, samples)

    def cost(self) -> Cost:
        """What the network costs as it is now."""
        return price(channel_structure(self.backend.record(self.network, self.batch(1), self.description.leaf_modules)))


def described_subject(backend: Backend, path: Path) -> Subject:
    """The network that a ``desc_<id>.json`` and the weights beside it describe.

    Raises:
        PrunekitError: The file is none, the network's class is not registered, or the weights do not fit.
    """
    description = Description.read(path)
    try:
        network = description.build(backend, path.parent)
        return Subject(backend, network, description)
    except DescriptionError as problem:
        raise DescriptionError(f"{path}: {problem}") from problem


def named_subject(backend: Backend, name: str, params: Mapping[str, Any], inputs: Any) -> Subject:
    """Any registered network, with seeded weights.

    Args:
        backend: The framework.
        name: Its name in the registry.
        params: What its class is constructed with, as JSON values.
        inputs: What it is called with, see ``spec_of``.

    Raises:
        PrunekitError: There is no such network, or its parameters or inputs do not fit.
    """
    network, values = named_network(backend, name, params), arrays_of(inputs)
    refuse_unsound(backend, network)
    must_run(backend, "", network, values, name)
    return Subject(backend, network, Description(name, params, backend.name, inputs, ""), values)


class SubjectLoader:
    """Loads what the steps of a yml work on.

    Args:
        backend: The framework.
        data: The datasets that example inputs come from.
        reporter: Is told what the weights were named like, and of leaf modules that the network lacks.
        steps: All steps of the yml: what later ones call a network with must fit it.
        imports: Modules named by ``--import``, for the descriptions.
    """

    def __init__(
        self,
        backend: Backend,
        data: Datasets,
        reporter: Reporter,
        steps: Collection[StepConfig],
        imports: tuple[str, ...] = (),
    ) -> None:
        self._backend, self._data, self._reporter, self._steps, self._imports = backend, data, reporter, steps, imports

    def of_step(self, step: StepConfig, weights_needed: bool = True) -> Subject:
        """Build a step's own network, with its weights if it names any.

        Args:
            step: The step.
            weights_needed: Whether weights that an earlier step has yet to write are an error.

        Raises:
            PrunekitError: It cannot be built or does not run on its inputs, or the weights are missing or do not fit.
        """
        network, description = self._built(step)
        self._give_weights(network, step, weights_needed)
        inputs = example_inputs(self._backend, self._data, step, network)
        check_later(self._backend, self._steps, step, network)
        parser = step.settings.networkparser if step.settings is not None else None
        if description.plan is None:  # else it was made for the inputs and leaf modules that the description names
            if step.model is None or step.model.model_desc_file is None or step.example is not None:
                description = replace(description, inputs=spec_of(inputs))
            leaf_modules = parser.leaf_modules if parser is not None else {}
            self._warn_of_unknown_classes(step, network, leaf_modules)
            description = replace(description, leaf_modules=leaf_modules or description.leaf_modules)
        whole_parts = tuple(parser.whole_parts) if parser is not None else ()
        outputs = tuple(str(name) for name in parser.outputs) if parser is not None else ()
        return Subject(self._backend, network, description, inputs, whole_parts, outputs)

    def of_file(self, path: Path, step: StepConfig) -> Subject:
        """The network of a ``desc_<id>.json``, for a step that goes on with it.

        Raises:
            PrunekitError: It cannot be loaded, or does not run on the inputs that the step gives.
        """
        found = described_subject(self._backend, path)
        check_given(self._backend, step, found.network)
        return found

    def _built(self, step: StepConfig) -> tuple[Network, Description]:
        """The network before it is given weights; one that the yml names is described but for its inputs."""
        model, backend = step.model, self._backend
        if model is not None and model.model_desc_file is not None:
            found = described_subject(backend, model.model_desc_file)
            return found.network, found.description
        if model is None or model.network is None:
            raise RunError(f"{step.where}: the step has no network")
        spec = model.network
        entry = Register.entry(RegisterType.NETWORK, spec.name, backend.name)
        component = Register.load(entry)
        seed = step.settings.seed if step.settings is not None else 0
        with error_location(spec.where), constructing(component.__qualname__):
            network = backend.build(component, spec.params, seed)
        params = plain({**spec.defaults, **spec.params})
        description = Description(
            spec.name, params, backend.name, None, "", imports=self._imports, pack=entry.distribution
        )
        return network, description

    def _give_weights(self, network: Network, step: StepConfig, weights_needed: bool) -> None:
        model = step.model
        if model is not None and model.pretrained_backbone_file is not None:
            with error_location(model.weights_where):
                told = load_backbone(self._backend, network, model.pretrained_backbone_file, model.pretrained_model_key)
            self._reporter.say(f"{model.pretrained_backbone_file}: {told}")
            return
        weights = model.pretrained_model_file if model is not None else None
        if model is None or weights is None or not (weights_needed or weights.exists()):
            with error_location(step.where):
                refuse_unsound(self._backend, network)  # as its class made it
            return
        with error_location(model.weights_where):
            naming = load_weights(self._backend, network, weights, key=model.pretrained_model_key)
        if naming is not None:
            self._reporter.say(f"{weights}: {naming}")

    def _warn_of_unknown_classes(self, step: StepConfig, network: Network, leaf_modules: Iterable[str]) -> None:
        """Warn of classes that ``networkparser`` names and no module of the network is of."""
        known = self._backend.module_classes(network)
        for name in leaf_modules:
            if name not in known:
                where = step.search_algorithm.where if step.search_algorithm is not None else step.where
                self._reporter.warn(
                    f"{where}.networkparser: no module of {type(network).__name__} is a {name!r}."
                    f"{did_you_mean(name, known)}"
                )
