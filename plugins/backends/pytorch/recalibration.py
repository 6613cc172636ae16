"""Takes the statistics of batch normalizations anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from prunekit.core.data.contract import Batch, DataError
from prunekit.plugins.backends.pytorch import forward
from prunekit.plugins.backends.pytorch.copying import copied
from prunekit.plugins.backends.pytorch.forward import HALF, at_least_float32
from prunekit.plugins.backends.pytorch.frozen_norms import frozen_norms
from prunekit.plugins.backends.pytorch.module_tree import modules, set_training


def recalibrated(network: torch.nn.Module, batches: Iterable[Batch], device: torch.device) -> torch.nn.Module:
    """A copy whose batch normalization statistics are the plain average over the batches, frozen ones' too.

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
    averages = [_Average(norm) for norm in frozen_norms(changed)]
    for norm in halves:
        norm.float()  # averages need it; torch normalizes half precision by vectors of float32, too
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch then takes the plain average over batches
        norm.train()
    if norms or averages:
        with torch.no_grad():
            seen = 0
            for inputs, _ in batches:
                forward.call(changed, inputs, device)
                seen += 1
            if not seen:
                raise DataError("recalibration needs batches, and there is none")
    for average in averages:
        average.settle()
    for norm, dtype in halves.items():
        norm.to(dtype)
    for norm, momentum, kept in zip(norms, momenta, before, strict=True):
        norm.momentum = momentum
        if not norm.num_batches_tracked:  # the forward does not reach it
            for statistic, values in zip(_statistics(norm), kept, strict=True):
                statistic.copy_(values)
    set_training(changed, False)
    return changed


class _Average:
    """Lets a frozen batch normalization do in each call what others do in training mode, and then know the average."""

    def __init__(self, norm: torch.nn.Module) -> None:
        self._mean, self._var = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
        self._before, self._calls = self._var.clone(), 0
        self._totals: list[Any] = [0.0, 0.0]
        self._hook = norm.register_forward_pre_hook(self._take)

    def _take(self, norm: torch.nn.Module, args: tuple[Any, ...]) -> None:
        x = at_least_float32(args[0])
        var, mean = torch.var_mean(x, [axis for axis in range(x.ndim) if axis != 1], correction=0)
        count = x.numel() // x.shape[1]
        # a channel that is constant keeps its variance: what is added to it may be 0
        used, kept = (torch.where(var > 0, var * f, self._before.to(var.dtype)) for f in (1, count / max(count - 1, 1)))
        for statistic, values in ((self._mean, mean), (self._var, used)):
            statistic.copy_(values)
        self._totals = [self._totals[0] + mean, self._totals[1] + kept]
        self._calls += 1

    def settle(self) -> None:
        """Stop, and have the average over the calls, if there were any."""
        self._hook.remove()
        if self._calls:
            for statistic, total in zip((self._mean, self._var), self._totals, strict=True):
                statistic.copy_(total / self._calls)


def _statistics(norm: torch.nn.Module) -> list[torch.Tensor]:
    return [norm.get_buffer(name) for name in ("running_mean", "running_var", "num_batches_tracked")]
