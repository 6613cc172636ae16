"""A backend without a framework, for tests of what works on any: it really computes, prunes and observes, in NumPy."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from prunekit.core.atomic_file import atomic_write
from prunekit.core.data.batch_size import batch_size
from prunekit.core.data.contract import Batch, DataError, Inputs
from prunekit.core.data.finite import wrong_in
from prunekit.core.graph.operators import OperatorGraph
from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.networks import decoding
from prunekit.core.pruning.covariance_shrinkage import PER_IMAGE
from prunekit.core.pruning.moments import Moments
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.reference import Reference
from prunekit.core.pruning.removal import Removal
from prunekit.core.testing.fake_framework import Array, BatchNorm, Module, Tape
from prunekit.core.testing.fake_recorder import Comparing, Masking, Observer, Recorder, call
from prunekit.core.weights import WeightsError, check_fit


class FakeBackend:
    """The verbs of ``core.backend.Backend`` for networks of `prunekit.core.testing.fake_framework`.

    Its networks take one or more arrays and have no gradients, so nothing can be trained with it.
    """

    name = "numpy"
    device = "CPU"
    supports: frozenset[str] = frozenset({"recalibrate", "observe", "float64"})
    weight_suffixes: tuple[str, ...] = ()

    def build(self, network: type[Any], params: Mapping[str, Any], seed: int) -> Module:
        """Make a network with seeded weights, in evaluation mode; its class gets a generator before ``params``."""
        made: Module = network(np.random.default_rng(seed), **params)
        return made

    def read_weights(self, path: Path) -> dict[str, Array]:
        """Refuse: it has no files of its own."""
        raise WeightsError(f"{path}: weights are read from .safetensors and .npz files only")

    def weight_shapes(self, network: Module) -> dict[str, tuple[int, ...]]:
        """Shapes of all arrays by name."""
        return {name: array.shape for name, array in network.arrays().items()}

    def load(self, network: Module, arrays: Mapping[str, Array]) -> None:
        """Give the network its weights, strictly.

        Raises:
            WeightsError: They do not fit; the network is left as it was.
        """
        check_fit("what was given", type(network).__name__, self.weight_shapes(network), arrays)
        for name, array in network.arrays().items():
            array[...] = arrays[name]

    def save(self, network: Module, path: Path) -> None:
        """Write the network's weights as safetensors."""
        with atomic_write(path) as file:
            file.write(safetensors.numpy.save(network.arrays()))

    def read_inputs(self, path: Path) -> Any:
        """Refuse: it has no files of its own."""
        raise DataError(f"{path}: inputs are read from .npz and .safetensors files only")

    def module_classes(self, network: Module) -> frozenset[str]:
        """Names of the classes of the network's modules."""
        return frozenset(type(module).__name__ for _, module in network.modules())

    def record(self, network: Module, inputs: Inputs, leaf_modules: Mapping[str, str] | None = None) -> OperatorGraph:
        """Run the network once and return what it did."""
        with _evaluating(network):
            return Recorder(network, leaf_modules or {}).record(inputs)

    def observe(self, network: Module, graph: ChannelStructure, batches: Iterable[Batch]) -> Moments:
        """Second moments of what each reader of prunable channels reads."""
        images = 0
        with _evaluating(network):
            tape = Observer(network, graph)
            for inputs, _ in batches:
                call(tape, network, inputs)
                images += batch_size(inputs)
        counts = {name: total[0, -1, -1] for name, total in tape.sums.items()}  # of the constant 1
        matrices = {name: total / counts[name] for name, total in tape.sums.items()}
        return Moments(matrices, {name: float(min(count, PER_IMAGE * images)) for name, count in counts.items()})

    def prune(self, network: Module, graph: ChannelStructure, plan: PrunePlan) -> Module:
        """A network that lacks what the plan removes, in evaluation mode."""
        own = network.arrays()
        removal = Removal.of(graph, plan, {name: array.shape for name, array in own.items()})
        parts = {name: removal.part(name, own[name]) for name in removal.changed}
        small = _with_arrays(network, parts)
        small.train(False)
        for _, module in small.modules():
            module.follow()
        return small

    def run_masked(
        self,
        network: Module,
        graph: ChannelStructure,
        plan: PrunePlan,
        inputs: Inputs,
        reference: Reference | None = None,
    ) -> Any:
        """Outputs of the whole network, where what the plan removes has no effect."""
        with _evaluating(network):
            tape = Masking(network, graph, plan, reference)
            outputs = call(tape, network, inputs)
        if reference is not None:
            reference.masked_run_ends(tape.places)
        return outputs

    def run_compared(self, network: Module, inputs: Inputs, reference: Reference) -> Any:
        """Outputs of a pruned network whose operators are held against those of the masked run."""
        with _evaluating(network):
            tape = Comparing(network, reference)
            outputs = call(tape, network, inputs)
        reference.compared_run_ends(tape.places)
        return outputs

    def train_once(self, network: Module, inputs: Inputs) -> None:
        """One forward in training mode; there are no gradients."""
        network.train()
        call(Tape(network), network, inputs)

    def state_arrays(self, network: Module) -> dict[str, Array]:
        """Copies of all parameters and buffers, by name."""
        return {name: array.copy() for name, array in network.arrays().items()}

    def unsound_weights(self, network: Module) -> dict[str, str]:
        """What nothing can be computed with, by name, and what is wrong with it."""
        norms = [(name, module) for name, module in network.modules() if isinstance(module, BatchNorm)]
        found = {name: what for name, array in network.arrays().items() if (what := wrong_in(array))}
        below = {f"{name}.variance": "variances below 0" for name, norm in norms if (norm.variance < 0).any()}
        return {**below, **found}

    def with_state(self, network: Module, arrays: Mapping[str, Array]) -> Module:
        """A copy of the network in which the arrays named are replaced by ones of the same shape."""
        changed = copy.deepcopy(network)
        own = changed.arrays()
        for name, array in arrays.items():
            own[name][...] = array
        return changed

    @contextmanager
    def temporary_parameters(self, network: Module, arrays: Mapping[str, Array]) -> Iterator[None]:
        """Inside the block the parameters named have other values; afterwards they are, bit for bit, as they were."""
        own, before = network.arrays(), self.state_arrays(network)
        try:
            for name, array in arrays.items():
                own[name][...] = array
            yield
        finally:
            for name in arrays:
                own[name][...] = before[name]

    def to_float64(self, network: Module) -> Module:
        """A copy that computes in float64."""
        return _with_arrays(network, {name: array.astype(np.float64) for name, array in network.arrays().items()})

    def recalibrate(self, network: Module, batches: Iterable[Batch]) -> Module:
        """A copy whose normalization statistics are the average over the batches.

        Raises:
            DataError: There is no batch to take them from.
        """
        changed, seen = copy.deepcopy(network), 0
        norms = [module for _, module in changed.modules() if isinstance(module, BatchNorm)]
        momenta = [norm.momentum for norm in norms]
        changed.train()
        for seen, (inputs, _) in enumerate(batches, 1):
            for norm in norms:
                norm.momentum = 1 / seen  # of the first batch all, then the plain average
            call(Tape(changed), changed, inputs)
        if norms and not seen:
            raise DataError("recalibration needs batches, and there is none")
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        changed.train(False)
        return changed

    def run(self, network: Module, batches: Iterable[Batch], decoded: bool = False) -> Iterator[tuple[Any, Any]]:
        """``(outputs, target)`` of each batch as NumPy, in evaluation mode."""
        decode = decoding(network) if decoded else None
        for inputs, target in batches:
            with _evaluating(network):
                outputs = call(Tape(network), network, inputs)
                outputs = outputs if decode is None else decode(outputs)
            yield outputs, target


@contextmanager
def _evaluating(network: Module) -> Iterator[None]:
    modes = [(module, module.training) for _, module in network.modules()]
    network.train(False)
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _with_arrays(network: Module, arrays: Mapping[str, Array]) -> Module:
    """A deep copy in which the arrays named are others, wherever they are held."""
    own = network.arrays()
    return copy.deepcopy(network, {id(own[name]): array for name, array in arrays.items()})
