"""MindSpore on a CPU, a GPU or an Ascend NPU, operator by operator (PyNative)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from mindspore import Tensor, nn
from numpy.typing import NDArray

from prunekit.core.data.contract import Batch, DataError, Inputs
from prunekit.core.graph.operators import OperatorGraph
from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.pruning.moments import Moments
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.reference import Reference
from prunekit.plugins.backends.mindspore import (
    comparing,
    example_input_files,
    forward,
    masking,
    observe,
    recalibration,
    recorder,
    surgery,
    weights,
)
from prunekit.plugins.backends.mindspore.cell_tree import set_training
from prunekit.plugins.backends.mindspore.copying import copied
from prunekit.plugins.backends.mindspore.device import device_in_use, use_device
from prunekit.plugins.backends.mindspore.error_messages import plainly
from prunekit.plugins.backends.mindspore.seeding import seeded
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.BACKEND, name="mindspore")
class MindsporeBackend:
    """The verbs of ``core.backend.Backend`` in MindSpore.

    Args:
        device: ``CPU``, ``GPU`` or ``NPU``; None for the one that MindSpore uses in this process, as it has but one.

    Raises:
        DeviceError: The device is not there.
    """

    name = "mindspore"
    supports: frozenset[str] = frozenset({"recalibrate", "observe"})  # no convolution in float64
    weight_suffixes: ClassVar[tuple[str, ...]] = weights.SUFFIXES

    def __init__(self, device: str | None = None) -> None:
        self.device = device or device_in_use()
        if device is not None:
            use_device(device)

    def build(self, network: type[Any], params: Mapping[str, Any], seed: int) -> nn.Cell:
        """Make a network with seeded weights, in evaluation mode."""
        with seeded(seed), plainly():
            made: nn.Cell = network(**params)
            made.init_parameters_data()
        return set_training(made, False)

    def read_weights(self, path: Path) -> Mapping[str, Any]:
        """Arrays by name in a checkpoint."""
        return weights.read_weights(path)

    def weight_shapes(self, network: nn.Cell) -> dict[str, tuple[int, ...]]:
        """Shapes of what a checkpoint of the network holds, by name."""
        return weights.shapes(network)

    def load(self, network: nn.Cell, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Give a network its weights, strictly."""
        weights.load_weights(network, arrays)

    def save(self, network: nn.Cell, path: Path) -> None:
        """Write the network's weights as safetensors, or as a checkpoint under that suffix."""
        weights.save_weights(network, path)

    def read_inputs(self, path: Path) -> Any:
        """Tensors by name in a checkpoint, as NumPy arrays."""
        return example_input_files.read_inputs(path)

    def module_classes(self, network: nn.Cell) -> frozenset[str]:
        """Names of the classes of the network's cells."""
        return frozenset(type(cell).__name__ for _, cell in network.cells_and_names())

    def record(self, network: nn.Cell, inputs: Inputs, leaf_modules: Mapping[str, str] | None = None) -> OperatorGraph:
        """Run the network once and return what it did; see `prunekit.core.backend.Backend.record`."""
        given = forward.to_tensors(inputs)
        return recorder.record(network, lambda x: forward.call_with(network, x), given, leaf_modules)

    def observe(self, network: nn.Cell, graph: ChannelStructure, batches: Iterable[Batch]) -> Moments:
        """Second moments of what each reader of prunable channels reads."""
        return observe.observe(network, graph, batches)

    def prune(self, network: nn.Cell, graph: ChannelStructure, plan: PrunePlan) -> nn.Cell:
        """A network that lacks what the plan removes, in evaluation mode."""
        return surgery.prune(network, graph, plan)

    def run_masked(
        self,
        network: nn.Cell,
        graph: ChannelStructure,
        plan: PrunePlan,
        inputs: Inputs,
        reference: Reference | None = None,
    ) -> Any:
        """Outputs of the whole network, where what the plan removes has no effect."""
        given = _given(inputs, reference)
        outputs = masking.masked(network, graph, plan, lambda: forward.call_with(network, given), reference)
        return forward.to_numpy(outputs)

    def run_compared(self, network: nn.Cell, inputs: Inputs, reference: Reference) -> Any:
        """Outputs of a pruned network that draws and decides as the masked run did."""
        given = _given(inputs, reference)
        return forward.to_numpy(comparing.compared(network, reference, lambda: forward.call_with(network, given)))

    def train_once(self, network: nn.Cell, inputs: Inputs) -> None:
        """One forward in training mode and its gradients, of a network that nobody needs afterwards."""
        forward.train_once(network, inputs)

    def state_arrays(self, network: nn.Cell) -> dict[str, NDArray[Any]]:
        """Copies of all parameters, statistics included, and buffers, by name."""
        return {name: forward.as_array(tensor) for name, tensor in recorder.parameters_and_buffers(network).items()}

    def unsound_weights(self, network: nn.Cell) -> dict[str, str]:
        """What nothing can be computed with, by name, and what is wrong with it."""
        return weights.unsound(network)

    def with_state(self, network: nn.Cell, arrays: Mapping[str, NDArray[Any]]) -> nn.Cell:
        """A copy of the network in which the arrays named are replaced by ones of the same shape."""
        changed = copied(network)
        named = recorder.parameters_and_buffers(changed)
        for name, array in arrays.items():
            _put(name, named[name], array)
        return changed

    @contextmanager
    def temporary_parameters(self, network: nn.Cell, arrays: Mapping[str, NDArray[Any]]) -> Iterator[None]:
        """Inside the block what is named has other values; afterwards it is, bit for bit, as it was."""
        parameters = dict(recorder.named_tensors(network))
        before = {name: Tensor(parameters[name]) for name in arrays}
        try:
            for name, array in arrays.items():
                _put(name, parameters[name], array)
            yield
        finally:
            for name, values in before.items():
                parameters[name].assign_value(values)

    def to_float64(self, network: nn.Cell) -> nn.Cell:
        """MindSpore has no convolution in float64; ``supports`` says so, and nobody asks."""
        raise NotImplementedError("MindSpore has no convolution in float64")

    def recalibrate(self, network: nn.Cell, batches: Iterable[Batch]) -> nn.Cell:
        """A copy whose batch normalization statistics are the average over the batches.

        Raises:
            DataError: There is no batch to take them from.
        """
        return recalibration.recalibrated(network, batches)

    def run(self, network: nn.Cell, batches: Iterable[Batch], decoded: bool = False) -> Iterator[tuple[Any, Any]]:
        """``(outputs, target)`` of each batch as NumPy, in evaluation mode."""
        return forward.run(network, batches, decoded)


def _given(inputs: Inputs, reference: Reference | None) -> Any:
    """What a run of the proof is called with."""
    given = forward.handed_over(inputs)
    return forward.doubled(given) if reference is not None and reference.training else given


def _put(name: str, tensor: Any, array: NDArray[Any]) -> None:
    """Give a tensor other values of its own shape."""
    if tuple(tensor.shape) != array.shape:  # MindSpore would take on the new shape without a word
        raise DataError(f"{name} is {list(tensor.shape)}, not {list(array.shape)}")
    tensor.assign_value(Tensor(np.array(array, order="C"), dtype=tensor.dtype))
