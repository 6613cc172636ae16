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
from prunekit.core.pruning.covariance_shrinkage import PER_IMAGE
from prunekit.core.pruning.moments import Moments
from prunekit.plugins.backends.mindspore.dispatch import Dispatched, dispatching
from prunekit.plugins.backends.mindspore.forward import as_array, call, evaluating, tensors_in

_WEIGHT = "prunekit.weight"
_TURNING = ("Transpose", "TransposeView", "TransposeExtView")
_LINEAR = ("MatMul", "MatMulExt", "Mm", "Dense", "Addmm")


class _Observer:
    """Meets every convolution and matrix product and adds up what those of interest read."""

    def __init__(self, network: nn.Cell, readers: Iterable[Reader]) -> None:
        self._readers = {reader.weight: reader for reader in readers}
        for name, parameter in network.parameters_and_names():
            parameter._set_user_data(_WEIGHT, name if name in self._readers else None)
        self.sums: dict[str, NDArray[np.float64]] = {}
        self.positions: dict[str, int] = {}

    def run(self, operator: Dispatched) -> Any:
        """Run the operator; look at its input if its weight is one of the readers'."""
        out = operator.run(operator.args)
        tensors = list(tensors_in(list(operator.args)))
        if operator.name in _TURNING and (name := tensors[0]._get_user_data(_WEIGHT)) is not None:
            out._set_user_data(_WEIGHT, name)
        elif operator.name.startswith("Conv") and (name := tensors[1]._get_user_data(_WEIGHT)) is not None:
            x, block = as_array(tensors[0]), self._readers[name].block
            rows = x.swapaxes(0, 1)  # columns that one channel owns count as further positions, as below
            self._add(name, rows.reshape(rows.shape[0] // block, -1))
        elif operator.name in _LINEAR:
            self._linear(tensors[1:] if operator.name == "Addmm" else tensors)
        return out

    def _linear(self, tensors: list[Any]) -> None:
        if len(tensors) < 2 or (name := tensors[1]._get_user_data(_WEIGHT)) is None:
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
        product = (x @ x.swapaxes(1, 2)).astype(np.float64)
        self.sums[name] = self.sums[name] + product if name in self.sums else product
        self.positions[name] = self.positions.get(name, 0) + x.shape[2]


def observe(network: nn.Cell, graph: ChannelStructure, batches: Iterable[Batch]) -> Moments:
    """Second moments of what each reader of prunable channels reads, in one pass over the batches."""
    readers = [reader for reader in graph.readers if (reader.units >= 0).any()]
    observer, images = _Observer(network, readers), 0
    with evaluating(network):
        for inputs, _ in batches:
            with dispatching(observer.run):
                call(network, inputs)
            images += batch_size(inputs)
    matrices = {name: total / observer.positions[name] for name, total in observer.sums.items()}
    samples = {name: float(min(count, PER_IMAGE * images)) for name, count in observer.positions.items()}
    return Moments(matrices, samples)
