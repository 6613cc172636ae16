"""PyTorch on a CPU, a GPU or an NPU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from prunekit.core.data.contract import Batch, Inputs
from prunekit.core.graph.operators import OperatorGraph
from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.pruning.moments import Moments
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.reference import Reference
from prunekit.plugins.backends.pytorch import (
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
from prunekit.plugins.backends.pytorch.copying import copied
from prunekit.plugins.backends.pytorch.device import torch_device
from prunekit.plugins.backends.pytorch.module_tree import (
    device_of,
    modules,
    named_buffers,
    named_parameters,
    named_tensors,
    plain_methods,
    set_training,
)
from prunekit.plugins.backends.pytorch.wrappers import bare
from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.BACKEND)
class PytorchBackend:
    """The verbs of ``core.backend.Backend`` in PyTorch.

    Args:
        device: ``CPU``, ``GPU`` or ``NPU``; networks that it builds live there, others are used where they are.

    Raises:
        DeviceError: The device is not there.
    """

    name = "pytorch"
    supports: frozenset[str] = frozenset({"recalibrate", "observe", "float64"})
    weight_suffixes: tuple[str, ...] = weights.SUFFIXES

    def __init__(self, device: str = "CPU") -> None:
        self.device = device
        self._device = torch_device(device)

    def build(self, network: type[Any], params: Mapping[str, Any], seed: int) -> torch.nn.Module:
        """Make a network with seeded weights, on the device, in evaluation mode."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            made: torch.nn.Module = network(**params)
        with plain_methods(made):
            made.to(self._device)
        set_training(made, False)
        return made

    def read_weights(self, path: Path) -> Mapping[str, Any]:
        """Arrays by name in what ``torch.save`` wrote, and dicts of them, unpickling nothing but tensors."""
        return weights.read_weights(path)

    def weight_shapes(self, network: torch.nn.Module) -> dict[str, tuple[int, ...]]:
        """Shapes of the network's state by name."""
        return weights.shapes(bare(network))

    def load(self, network: torch.nn.Module, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Give the network its weights, strictly."""
        weights.load_weights(bare(network), arrays)

    def save(self, network: torch.nn.Module, path: Path) -> None:
        """Write the network's weights as safetensors, or as a state dict under one of PyTorch's own suffixes."""
        weights.save_weights(bare(network), path)

    def read_inputs(self, path: Path) -> Any:
        """Lists, tuples and dicts of tensors in a file, as NumPy arrays; unpickling nothing."""
        return example_input_files.read_inputs(path)

    def module_classes(self, network: torch.nn.Module) -> frozenset[str]:
        """Names of the classes of the network's modules."""
        return frozenset(type(module).__name__ for module in modules(bare(network)))

    def record(
        self, network: torch.nn.Module, inputs: Inputs, leaf_modules: Mapping[str, str] | None = None
    ) -> OperatorGraph:
        """Run the network once and return what it did; see `prunekit.core.backend.Backend.record`."""
        network, given = bare(network), forward.to_device(inputs, device_of(network))
        return recorder.record(network, lambda x: forward.call_with(network, x), given, leaf_modules)

    def observe(self, network: torch.nn.Module, graph: ChannelStructure, batches: Iterable[Batch]) -> Moments:
        """Second moments of what each reader of prunable channels reads."""
        return observe.observe(bare(network), graph, batches, device_of(network))

    def prune(self, network: torch.nn.Module, graph: ChannelStructure, plan: PrunePlan) -> torch.nn.Module:
        """A network that lacks what the plan removes, in evaluation mode."""
        return surgery.prune(bare(network), graph, plan)

    def run_masked(
        self,
        network: torch.nn.Module,
        graph: ChannelStructure,
        plan: PrunePlan,
        inputs: Inputs,
        reference: Reference | None = None,
    ) -> Any:
        """Outputs of the whole network, where what the plan removes has no effect."""
        network, given = bare(network), _given(inputs, network, reference)
        outputs = masking.masked(network, graph, plan, lambda: forward.call_with(network, given), reference)
        return forward.to_numpy(outputs)

    def run_compared(self, network: torch.nn.Module, inputs: Inputs, reference: Reference) -> Any:
        """Outputs of a pruned network that draws and decides as the masked run did."""
        network, given = bare(network), _given(inputs, network, reference)
        outputs = comparing.compared(network, reference, lambda: forward.call_with(network, given))
        return forward.to_numpy(outputs)

    def train_once(self, network: torch.nn.Module, inputs: Inputs) -> None:
        """One forward in training mode and its gradients, of a network that nobody needs afterwards."""
        forward.train_once(bare(network), inputs, device_of(network))

    def state_arrays(self, network: torch.nn.Module) -> dict[str, NDArray[Any]]:
        """Copies of all parameters and buffers, by name."""
        named = [*named_parameters(bare(network)), *named_buffers(bare(network))]
        return {name: np.array(forward.to_numpy(tensor)) for name, tensor in named}

    def unsound_weights(self, network: torch.nn.Module) -> dict[str, str]:
        """What nothing can be computed with, by name, and what is wrong with it."""
        return weights.unsound(bare(network))

    def with_state(self, network: torch.nn.Module, arrays: Mapping[str, NDArray[Any]]) -> torch.nn.Module:
        """A copy of the network in which the arrays named are replaced by ones of the same shape."""
        changed = copied(bare(network))
        named = dict(named_parameters(changed)) | dict(named_buffers(changed))
        with torch.no_grad():
            for name, array in arrays.items():
                named[name].copy_(torch.from_numpy(np.array(array, order="C")))
        return changed

    @contextmanager
    def temporary_parameters(self, network: torch.nn.Module, arrays: Mapping[str, NDArray[Any]]) -> Iterator[None]:
        """Inside the block what is named has other values; afterwards it is, bit for bit, as it was."""
        state = dict(named_tensors(bare(network)))
        before = {name: state[name].detach().clone() for name in arrays}
        try:
            for name, array in arrays.items():
                state[name].data.copy_(torch.from_numpy(array))
            yield
        finally:
            for name, values in before.items():
                state[name].data.copy_(values)

    def to_float64(self, network: torch.nn.Module) -> torch.nn.Module:
        """A copy that computes in float64."""
        return surgery.as_float64(bare(network))

    def recalibrate(self, network: torch.nn.Module, batches: Iterable[Batch]) -> torch.nn.Module:
        """A copy whose batch normalization statistics are the average over the batches.

        Raises:
            DataError: There is no batch to take them from.
        """
        return recalibration.recalibrated(bare(network), batches, device_of(network))

    def run(
        self, network: torch.nn.Module, batches: Iterable[Batch], decoded: bool = False
    ) -> Iterator[tuple[Any, Any]]:
        """``(outputs, target)`` of each batch as NumPy, in evaluation mode."""
        return forward.run(bare(network), batches, device_of(network), decoded)


def _given(inputs: Inputs, network: torch.nn.Module, reference: Reference | None) -> Any:
    """What a run of the proof is called with."""
    given = forward.handed_over(inputs, device_of(bare(network)))
    return forward.doubled(given) if reference is not None and reference.training else given
