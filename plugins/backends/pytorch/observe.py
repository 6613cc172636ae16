"""Gathers second moments of what layers read, while a network runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from numpy.typing import NDArray
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakIdKeyDictionary

from prunekit.core.data.batch_size import batch_size
from prunekit.core.data.contract import Batch
from prunekit.core.graph.structure import ChannelStructure, Reader
from prunekit.core.graph.weight_forms import weight_forms
from prunekit.core.graph.weight_paths import WeightPaths
from prunekit.core.pruning.covariance_shrinkage import PER_IMAGE
from prunekit.core.pruning.moments import Moments
from prunekit.plugins.backends.pytorch.call import tensors_in
from prunekit.plugins.backends.pytorch.forward import at_least_float32, call, evaluating, to_numpy
from prunekit.plugins.backends.pytorch.module_tree import named_parameters


class _Observer(TorchDispatchMode):
    """Meets every convolution and matrix product and adds up what those of interest read."""

    def __init__(self, network: torch.nn.Module, graph: ChannelStructure, readers: Iterable[Reader]) -> None:
        super().__init__()
        self._readers = {reader.weight: reader for reader in readers}
        self._parameters = [(p, name) for name, p in named_parameters(network) if name in self._readers]
        self._weights, self._alive = WeakIdKeyDictionary(), list[torch.Tensor]()
        self._paths = WeightPaths(graph.operators)
        self._computed = {name: form for name, form in weight_forms(self._paths).items() if form.computed}
        self.sums: dict[str, torch.Tensor] = {}
        self.positions: dict[str, int] = {}
        self.weights: dict[str, NDArray[Any]] = {}

    def __enter__(self) -> _Observer:
        """Before each batch: what was computed from weights for the last one is let go."""
        self._weights, self._alive = WeakIdKeyDictionary(dict(self._parameters)), []
        super().__enter__()
        return self

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operator; look at its input if its weight is one of the readers'."""
        out = func(*args, **(kwargs or {}))
        name = func._schema.name
        if name == "aten::convolution":
            if args[1] in self._weights:
                self._convolution(args[0], args[1])
        elif name in ("aten::addmm", "aten::mm"):
            if args[-1] in self._weights:
                self._linear(*args[-2:])
        else:
            self._follow(args, out)
        return out

    def _follow(self, args: tuple[Any, ...], out: Any) -> None:
        """What is computed from a weight, number by number, still is one."""
        for tensor in args:
            if isinstance(tensor, torch.Tensor) and tensor in self._weights:
                for result in tensors_in(out):
                    if result.numel() == tensor.numel():
                        self._weights[result] = self._weights[tensor]
                        self._alive.append(result)

    def _convolution(self, x: torch.Tensor, weight: torch.Tensor) -> None:
        reader = self._reader(weight)
        rows = x.transpose(0, 1)  # columns that one channel owns count as further positions, as below
        self._add(reader.weight, rows.unflatten(0, (-1, reader.block)).flatten(1))

    def _linear(self, x: torch.Tensor, weight: torch.Tensor) -> None:
        reader = self._reader(weight)
        columns = x if reader.block == 1 else x.unflatten(1, (-1, reader.block)).transpose(1, 2).flatten(0, 1)
        self._add(reader.weight, columns.T)

    def _reader(self, weight: torch.Tensor) -> Reader:
        """Whose weight it is; what the code has computed is noted, as the parameter does not tell it."""
        name = self._weights[weight]
        if name in self._computed and name not in self.weights:
            operand = self._paths.handed_over(self._computed[name].operator)
            found = self._paths.as_parameter(to_numpy(weight), operand)
            if found is not None:
                self.weights[name] = found
        return self._readers[name]

    def knows(self, name: str) -> bool:
        """Whether the weight that is applied is known, and not only what it is computed from."""
        return name not in self._computed or name in self.weights

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
    observer, images = _Observer(network, graph, readers), 0
    with evaluating(network), torch.no_grad():
        for inputs, _ in batches:
            with observer:
                call(network, inputs, device)
            images += batch_size(inputs)
    known = {name: total for name, total in observer.sums.items() if observer.knows(name)}
    matrices = {name: (total / observer.positions[name]).cpu().numpy() for name, total in known.items()}
    samples = {name: float(min(count, PER_IMAGE * images)) for name, count in observer.positions.items()}
    return Moments(matrices, samples, observer.weights)
