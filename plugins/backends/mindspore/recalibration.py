"""Takes the statistics of batch normalizations anew."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from mindspore import Tensor, nn, ops

from prunekit.core.data.contract import Batch, DataError
from prunekit.plugins.backends.mindspore.copying import copied
from prunekit.plugins.backends.mindspore.forward import as_array, call


def recalibrated(network: nn.Cell, batches: Iterable[Batch]) -> nn.Cell:
    """A copy whose batch normalization statistics are the plain average over the batches.

    Raises:
        DataError: There is no batch to take them from.
    """
    changed = copied(network).set_train(False)
    norms = [
        cell
        for _, cell in changed.cells_and_names()
        if isinstance(cell, nn.BatchNorm2d | nn.BatchNorm1d | nn.BatchNorm3d)
    ]
    norms = [norm for norm in norms if norm.use_batch_statistics is not False]  # a frozen one keeps its own
    if not norms:
        return changed
    primitives = [norm.bn_train for norm in norms]
    for norm in norms:
        norm.set_train(True)
        # the new value alone: what is kept after a batch is that batch's
        norm.bn_train = ops.BatchNorm(is_training=True, epsilon=norm.eps, momentum=1.0, data_format=norm.format)
    totals = [[np.zeros(norm.num_features) for norm in norms] for _ in range(2)]
    seen = 0
    for inputs, _ in batches:
        call(changed, inputs)
        for k, norm in enumerate(norms):
            totals[0][k] += as_array(norm.moving_mean)
            totals[1][k] += as_array(norm.moving_variance)
        seen += 1
    if not seen:
        raise DataError("recalibration needs batches, and there is none")
    for norm, primitive, mean, variance in zip(norms, primitives, *totals, strict=True):
        norm.bn_train = primitive
        norm.moving_mean.set_data(Tensor(mean / seen, dtype=norm.moving_mean.dtype))
        norm.moving_variance.set_data(Tensor(variance / seen, dtype=norm.moving_variance.dtype))
    return changed.set_train(False)
