"""Takes the statistics of batch normalizations anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from mindspore import Tensor, nn, ops
from mindspore.nn.layer.normalization import _BatchNorm

from prunekit.core.data.contract import Batch, DataError
from prunekit.plugins.backends.mindspore.cell_tree import set_training
from prunekit.plugins.backends.mindspore.copying import copied
from prunekit.plugins.backends.mindspore.forward import as_array, call


def recalibrated(network: nn.Cell, batches: Iterable[Batch]) -> nn.Cell:
    """A copy whose batch normalization statistics are the plain average over the batches.

    Raises:
        DataError: There is no batch to take them from.
    """
    changed = set_training(copied(network), False)
    norms = [cell for _, cell in changed.cells_and_names() if isinstance(cell, _BatchNorm)]
    norms = [norm for norm in norms if norm.use_batch_statistics is not False]  # a frozen one keeps its own
    found, seen = {norm: _Average() for norm in norms}, 0
    with _taking(found):
        for inputs, _ in batches if norms else ():
            call(changed, inputs)
            seen += 1
    if norms and not seen:
        raise DataError("recalibration needs batches, and there is none")
    for norm, average in found.items():
        for parameter, total in zip((norm.moving_mean, norm.moving_variance), average.totals, strict=True):
            if average.count:  # the forward may not reach it
                parameter.set_data(Tensor(total / average.count, dtype=parameter.dtype))
    return set_training(changed, False)


class _Average:
    """The statistics of every call of a normalization, added up."""

    def __init__(self) -> None:
        self.totals: list[Any] = [0.0, 0.0]
        self.count = 0

    def add(self, norm: nn.Cell, inputs: Any, output: Any) -> None:
        """Take what a call left behind."""
        self.totals[0] = self.totals[0] + as_array(norm.moving_mean).astype(np.float64)
        self.totals[1] = self.totals[1] + as_array(norm.moving_variance).astype(np.float64)
        self.count += 1


@contextmanager
def _taking(found: dict[nn.Cell, _Average]) -> Iterator[None]:
    """Inside the block normalizations use the statistics of the batch, and keep after a call those of that call."""
    primitives = [norm.bn_train for norm in found]
    handles = [norm.register_forward_hook(average.add) for norm, average in found.items()]
    try:
        for norm in found:
            norm.set_train(True)
            norm.bn_train = ops.BatchNorm(is_training=True, epsilon=norm.eps, momentum=1.0, data_format=norm.format)
        yield
    finally:
        for handle in handles:
            handle.remove()
        for norm, primitive in zip(found, primitives, strict=True):
            norm.bn_train = primitive
