"""Gathers second moments of what layers read, while a network runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakIdKeyDictionary

from prunekit.core.data.batch_size import batch_size
from prunekit.core.data.contract import Batch
from prunekit.core.graph.structure import ChannelStructure, Reader
from prunekit.core.pruning.covariance_shrinkage import PER_IMAGE
from prunekit.core.pruning.moments import Moments
from prunekit.plugins.backends.pytorch.forward import at_least_float32, call, evaluating


class _Observer(TorchDispatchMode):
    """Meets every convolution and matrix product and adds up what those of interest read."""

    def __init__(self, network: torch.nn.Module, readers: Iterable[Reader]) -> None:
        super().__init__()
        self._readers = {reader.weight: reader for reader in readers}
        self._weights = WeakIdKeyDictionary()
        self._alive: list[torch.Tensor] = []
        for name, parameter in network.named_parameters():
            if name in self._readers:
                self._weights[parameter] = name
        self.sums: dict[str, torch.Tensor] = {}
        self.positions: dict[str, int] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operator; look at its input if its weight is one of the readers'."""
        out = func(*args, **(kwargs or {}))
        name = func._schema.name
        if name in ("aten::t", "aten::transpose", "aten::permute") and args[0] in self._weights:
            self._weights[out] = self._weights[args[0]]
            self._alive.append(out)
        elif name == "aten::convolution" and args[1] in self._weights:
            reader = self._readers[self._weights[args[1]]]
            rows = args[0].transpose(0, 1)  # columns that one channel owns count as further positions, as below
            self._add(reader.weight, rows.unflatten(0, (-1, reader.block)).flatten(1))
        elif name in ("aten::addmm", "aten::mm"):
            x, weight = args[-2:]
            if weight in self._weights:
                reader = self._readers[self._weights[weight]]
                columns = x if reader.block == 1 else x.unflatten(1, (-1, reader.block)).transpose(1, 2).flatten(0, 1)
                self._add(reader.weight, columns.T)
        return out

    def _add(self, name: str, x: torch.Tensor) -> None:
        """Add channels x positions to the sums."""
        groups = self._readers[name].groups
        x = x.detach().unflatten(0, (groups, -1))
        ones = torch.ones_like(x[:, :1])
        x = at_least_float32(torch.cat([x, ones], 1))  # a sum of squares is soon above what half precision holds
        product = (x @ x.transpose(1, 2)).double()
        self.sums[name] = self.sums[name] + product if name in self.sums else product
        self.positions[name] = self.positions.get(name, 0) + x.shape[2]


def observe(
    network: torch.nn.Module, graph: ChannelStructure, batches: Iterable[Batch], device: torch.device
) -> Moments:
    """Second moments of what each reader of prunable channels reads, in one pass over the batches."""
    readers = [reader for reader in graph.readers if (reader.units >= 0).any()]
    observer, images = _Observer(network, readers), 0
    with evaluating(network), torch.no_grad():
        for inputs, _ in batches:
            with observer:
                call(network, inputs, device)
            images += batch_size(inputs)
    matrices = {name: (total / observer.positions[name]).cpu().numpy() for name, total in observer.sums.items()}
    samples = {name: float(min(count, PER_IMAGE * images)) for name, count in observer.positions.items()}
    return Moments(matrices, samples)
