"""Takes the statistics of batch normalizations anew."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from prunekit.core.data.contract import Batch, DataError
from prunekit.plugins.backends.pytorch import forward
from prunekit.plugins.backends.pytorch.copying import copied
from prunekit.plugins.backends.pytorch.forward import HALF
from prunekit.plugins.backends.pytorch.module_tree import modules, set_training


def recalibrated(network: torch.nn.Module, batches: Iterable[Batch], device: torch.device) -> torch.nn.Module:
    """A copy whose batch normalization statistics are the plain average over the batches.

    Raises:
        DataError: There is no batch to take them from.
    """
    changed = copied(network)
    set_training(changed, False)
    norms = [m for m in modules(changed) if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    norms = [norm for norm in norms if norm.track_running_stats]
    momenta = [norm.momentum for norm in norms]
    before = [[statistic.clone() for statistic in _statistics(norm)] for norm in norms]
    dtypes = {norm: norm.get_buffer("running_mean").dtype for norm in norms}
    halves = {norm: dtype for norm, dtype in dtypes.items() if dtype in HALF}
    for norm in halves:
        norm.float()  # averages need it; torch normalizes half precision by vectors of float32, too
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch then takes the plain average over batches
        norm.train()
    if norms:
        with torch.no_grad():
            seen = 0
            for inputs, _ in batches:
                forward.call(changed, inputs, device)
                seen += 1
            if not seen:
                raise DataError("recalibration needs batches, and there is none")
    for norm, dtype in halves.items():
        norm.to(dtype)
    for norm, momentum, kept in zip(norms, momenta, before, strict=True):
        norm.momentum = momentum
        if not norm.num_batches_tracked:  # the forward does not reach it
            for statistic, values in zip(_statistics(norm), kept, strict=True):
                statistic.copy_(values)
    set_training(changed, False)
    return changed


def _statistics(norm: torch.nn.Module) -> list[torch.Tensor]:
    return [norm.get_buffer(name) for name in ("running_mean", "running_var", "num_batches_tracked")]
