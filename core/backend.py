"""The Backend protocol: few, coarse verbs; only NumPy arrays, strings and dataclasses cross it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from prunekit.core.data.contract import Batch, Inputs
from prunekit.core.data.nested import leaf_paths
from prunekit.core.graph.operators import OperatorGraph
from prunekit.core.graph.outputs import is_named
from prunekit.core.graph.structure import ChannelStructure
from prunekit.core.pruning.moments import Moments
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.pruning.reference import Reference

Network: TypeAlias = Any
"""A network of the backend's framework; core never looks inside."""


class Backend(Protocol):
    """One framework on one device. Verbs that return a network leave the one they were given as it was.

    Attributes:
        name: The name that a yml uses.
        device: ``CPU``, ``GPU`` or ``NPU``.
        supports: Which of ``recalibrate``, ``observe`` and ``float64`` it can do. A class attribute, because a yml that
            asks for what is not listed is refused when it is read, before a backend is made.
        weight_suffixes: What the names of the framework's own weights files end with, in lower case: ``.pth``.
    """

    name: str
    device: str
    supports: frozenset[str]
    weight_suffixes: tuple[str, ...]

    def build(self, network: type[Any], params: Mapping[str, Any], seed: int) -> Network:
        """Make a network with seeded weights, on the device, in evaluation mode."""
        ...

    def read_weights(self, path: Path) -> Mapping[str, Any]:
        """Arrays by name in a file of the framework's own, bfloat16 as float32, in dicts where the file has such.

        An array can be a `prunekit.core.weights.Stored`, which is read when it is known to fit. What else is in the
        file, such as an optimizer's state, may be left out or be anything else; nothing is unpickled.

        What a broken file makes it raise becomes one error in `prunekit.core.weights.read_weights`.
        """
        ...

    def weight_shapes(self, network: Network) -> dict[str, tuple[int, ...]]:
        """Shapes of what a weights file of the network holds, by name."""
        ...

    def load(self, network: Network, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Give a network its weights: all of them (see `prunekit.core.weights.check_fit`), or none and an error.

        Its parameters stay the objects that they are, with the dtypes that they have.
        """
        ...

    def save(self, network: Network, path: Path) -> None:
        """Write the network's weights as safetensors, or as what the framework has under one of its own suffixes."""
        ...

    def read_inputs(self, path: Path) -> Any:
        """Lists, tuples and dicts of tensors in a file of the framework's own, as NumPy arrays; unpickling nothing."""
        ...

    def module_classes(self, network: Network) -> frozenset[str]:
        """Names of the classes of the network's modules."""
        ...

    def record(self, network: Network, inputs: Inputs, leaf_modules: Mapping[str, str] | None = None) -> OperatorGraph:
        """Run the network once and return what it did.

        Args:
            network: The network.
            inputs: What it is called with.
            leaf_modules: By class name what a module is as a whole, ``convolution`` or ``normalization``; its inside is
                not followed.
        """
        ...

    def observe(self, network: Network, graph: ChannelStructure, batches: Iterable[Batch]) -> Moments:
        """Second moments of what each reader of prunable channels reads.

        Images are counted by `prunekit.core.data.batch_size.batch_size`; targets are not looked at.
        """
        ...

    def prune(self, network: Network, graph: ChannelStructure, plan: PrunePlan) -> Network:
        """A network that lacks what the plan removes, in evaluation mode."""
        ...

    def run_masked(
        self,
        network: Network,
        graph: ChannelStructure,
        plan: PrunePlan,
        inputs: Inputs,
        reference: Reference | None = None,
    ) -> Any:
        """Outputs (as NumPy) of the whole network, where what the plan removes has no effect.

        At ``graph.masks`` positions that go are left out of sums, means and extremes.

        Args:
            network: The whole network.
            graph: Its structure.
            plan: What goes.
            inputs: What it is called with.
            reference: If given, it is filled: with the results of the operators that it wants to compare, with what
                the removed units contributed, and with what was drawn and decided. Where it is ``precise``, casts to
                less than double precision are lifted.
        """
        ...

    def run_compared(self, network: Network, inputs: Inputs, reference: Reference) -> Any:
        """Outputs (as NumPy) of a pruned network that draws and decides as the masked run did.

        Its operators' results are held against those of the masked run, in ``reference.differences``.
        """
        ...

    def train_once(self, network: Network, inputs: Inputs) -> None:
        """One forward in training mode and its gradients, of a network that nobody needs afterwards."""
        ...

    def state_arrays(self, network: Network) -> dict[str, NDArray[Any]]:
        """Copies of all parameters and buffers, by name."""
        ...

    def unsound_weights(self, network: Network) -> dict[str, str]:
        """What nothing can be computed with, by name, and what is wrong with it (``NaN``, ``infinite values``).

        Parameters are finite; those that are not trained may be infinite, as masks are. Statistics of normalizations
        are finite, and variances not below 0. Other buffers may hold anything: what it does shows in the outputs.
        """
        ...

    def with_state(self, network: Network, arrays: Mapping[str, NDArray[Any]]) -> Network:
        """A copy of the network in which the arrays named are replaced by ones of the same shape."""
        ...

    def temporary_parameters(
        self, network: Network, arrays: Mapping[str, NDArray[Any]]
    ) -> AbstractContextManager[None]:
        """Inside the block what is named has other values; afterwards it is, bit for bit, as it was.

        Statistics of normalizations can be named as parameters can.
        """
        ...

    def to_float64(self, network: Network) -> Network:
        """A copy that computes in float64; asked for only where ``supports`` has ``float64``."""
        ...

    def recalibrate(self, network: Network, batches: Iterable[Batch]) -> Network:
        """A copy whose normalization statistics are those of the batches."""
        ...

    def run(self, network: Network, batches: Iterable[Batch], decoded: bool = False) -> Iterator[tuple[Any, Any]]:
        """``(outputs, target)`` of each batch as NumPy, in evaluation mode.

        Args:
            network: The network.
            batches: What it is called with; targets are passed on.
            decoded: Whether the outputs are those of the network's own ``decode``, on the device, where it has one.
        """
        ...


def outputs_as_arrays(outputs: Any, asked: Collection[str] = ()) -> list[NDArray[Any]]:
    """All arrays in a nested output, in a fixed order.

    Args:
        outputs: What a network returned, as NumPy.
        asked: Paths of those that matter; none means all.
    """
    arrays = [(path, leaf) for path, leaf in leaf_paths(outputs) if isinstance(leaf, np.ndarray)]
    return [array for path, array in arrays if not asked or is_named(asked, path)]
