"""Gathers second moments of what layers read, while a network runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from mindspore import nn
from numpy.typing import NDArray

from prunekit.core.data.batch_size import batch_size
from prunekit.core.data.contract import Batch
from prunekit.core.graph.structure import ChannelStructure, Reader
from prunekit.core.graph.weight_forms import weight_forms
from prunekit.core.graph.weight_paths import WeightPaths
from prunekit.core.pruning.covariance_shrinkage import PER_IMAGE
from prunekit.core.pruning.moments import Moments
from prunekit.plugins.backends.mindspore.dispatch import Dispatched, dispatching
from prunekit.plugins.backends.mindspore.forward import as_array, call, evaluating, tensors_in

_WEIGHT = "prunekit.weight"
_LINEAR = ("MatMul", "MatMulExt", "Mm", "Dense", "Addmm")


class _Observer:
    """Meets every convolution and matrix product and adds up what those of interest read."""

    def __init__(self, network: nn.Cell, graph: ChannelStructure, readers: Iterable[Reader]) -> None:
        self._readers = {reader.weight: reader for reader in readers}
        self._paths = WeightPaths(graph.operators)
        self._computed = {name: form for name, form in weight_forms(self._paths).items() if form.computed}
        self.weights: dict[str, NDArray[Any]] = {}
        for name, parameter in network.parameters_and_names():
            parameter._set_user_data(_WEIGHT, name if name in self._readers else None)
        self.sums: dict[str, NDArray[np.float64]] = {}
        self.positions: dict[str, int] = {}

    def run(self, operator: Dispatched) -> Any:
        """Run the operator; look at its input if its weight is one of the readers'."""
        out = operator.run(operator.args)
        tensors = list(tensors_in(list(operator.args)))
        if operator.name.startswith("Conv"):
            if (name := self._reader_of(tensors)) is not None:
                x, block = as_array(tensors[0]), self._readers[name].block
                rows = x.swapaxes(0, 1)  # columns that one channel owns count as further positions, as below
                self._add(name, rows.reshape(rows.shape[0] // block, -1))
        elif operator.name in _LINEAR:
            self._linear(tensors[1:] if operator.name == "Addmm" else tensors)
        else:
            self._follow(tensors, out)
        return out

    def _follow(self, tensors: list[Any], out: Any) -> None:
        """What is computed from a weight, number by number, still is one."""
        for tensor in tensors:
            if (name := tensor._get_user_data(_WEIGHT)) is not None:
                for result in tensors_in(out):
                    if result.size == tensor.size:
                        result._set_user_data(_WEIGHT, name)

    def _reader_of(self, tensors: list[Any]) -> str | None:
        """Whose weight the second tensor is; what the code has computed is noted, as the parameter does not tell it."""
        name: str | None = tensors[1]._get_user_data(_WEIGHT) if len(tensors) > 1 else None
        if name in self._computed and name not in self.weights:
            operand = self._paths.handed_over(self._computed[name].operator)
            found = self._paths.as_parameter(as_array(tensors[1]), operand)
            if found is not None:
                self.weights[name] = found
        return name

    def knows(self, name: str) -> bool:
        """Whether the weight that is applied is known, and not only what it is computed from."""
        return name not in self._computed or name in self.weights

    def _linear(self, tensors: list[Any]) -> None:
        if (name := self._reader_of(tensors)) is None:
            return
        x, block = as_array(tensors[0]), self._readers[name].block
        columns = x.reshape(-1, x.shape[-1] // block, block).swapaxes(1, 2)
        self._add(name, columns.reshape(-1, x.shape[-1] // block).T)

    def _add(self, name: str, x: NDArray[Any]) -> None:
        """Add channels x positions to the sums."""
        groups = self._readers[name].groups
        x = x.reshape(groups, -1, x.shape[1])
        x = np.concatenate([x, np.ones_like(x[:, :1])], 1)
        x = x.astype(np.promote_types(x.dtype, np.float32))  # a sum of squares is soon above what half precision holds
        with np.errstate(over="ignore", invalid="ignore"):  # who uses the moments refuses those that are not finite
            product = (x @ x.swapaxes(1, 2)).astype(np.float64)
        self.sums[name] = self.sums[name] + product if name in self.sums else product
        self.positions[name] = self.positions.get(name, 0) + x.shape[2]


def observe(network: nn.Cell, graph: ChannelStructure, batches: Iterable[Batch]) -> Moments:
    """Second moments of what each reader of prunable channels reads, in one pass over the batches."""
    readers = [reader for reader in graph.readers if (reader.units >= 0).any()]
    observer, images = _Observer(network, graph, readers), 0
    with evaluating(network):
        for inputs, _ in batches:
            with dispatching(observer.run):
                call(network, inputs)
            images += batch_size(inputs)
    known = {name: total for name, total in observer.sums.items() if observer.knows(name)}
    matrices = {name: total / observer.positions[name] for name, total in known.items()}
    samples = {name: float(min(count, PER_IMAGE * images)) for name, count in observer.positions.items()}
    return Moments(matrices, samples, observer.weights)
