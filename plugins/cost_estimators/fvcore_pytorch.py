"""MACs of a PyTorch network as fvcore counts them, which the guide's users know."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from prunekit.core.cost import Turns
from prunekit.core.cost.counting import CountError
from prunekit.core.data.contract import Inputs, as_call
from prunekit.core.data.nested import leaves
from prunekit.plugins.backends.pytorch.device import torch_device
from prunekit.plugins.backends.pytorch.forward import evaluating, handed_over
from prunekit.registry import Register, RegisterType
from prunekit.registry.errors import reason

_KINDS = {
    "conv": "convolution",
    "linear": "linear",
    "addmm": "linear",
    "matmul": "matmul",
    "bmm": "matmul",
    "baddbmm": "matmul",
    "einsum": "matmul",
}
"""Kinds of operators by fvcore's names; what has none here, norms and resizing, prunekit does not price."""


@Register.register(RegisterType.COST_ESTIMATOR, name="fvcore", backend="pytorch")
class Fvcore:
    """MACs that fvcore counts on the built network, in millions; it calls them flops.

    As a measured cost (``costs: {fvcore: {}}``) they stand beside the graph's price; ``prunekit inspect --count-with
    fvcore`` shows where the two differ, operator by operator.
    """

    unit: ClassVar[str] = "M"
    batch_size = 1

    def compare(self, networks: Mapping[str, nn.Module], inputs: Inputs, device: str) -> dict[str, Turns]:
        """Count each network once."""
        found = {name: self.by_operator(network, inputs, device) for name, network in networks.items()}
        return {name: Turns((sum(counts.values()) / 1e6,), {"batch_size": 1}) for name, counts in found.items()}

    def by_operator(self, network: nn.Module, inputs: Inputs, device: str) -> dict[tuple[str, str], float]:
        """MACs for each module and kind of operator, see `prunekit.core.cost.counting.OperatorCounter`."""
        try:  # here: PyTorch networks can be pruned without it
            from fvcore.nn import FlopCountAnalysis
        except ImportError as problem:
            raise CountError(f"fvcore cannot be imported ({reason(problem)}): pip install fvcore") from problem
        args, kwargs = handed_over(as_call(inputs), torch_device(device))
        called = _Called(network, kwargs)
        with torch.no_grad(), evaluating(network), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tracing warns of every branch
            analysis = FlopCountAnalysis(called, args)
            analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)  # the comparison shows them
            return dict(_places(analysis.by_module_and_operator()))


class _Called(nn.Module):
    """The network as fvcore can trace it: called by position, returning tensors in a tuple."""

    def __init__(self, network: nn.Module, kwargs: Mapping[str, Any]) -> None:
        super().__init__()
        self.network, self.kwargs = network, kwargs

    def forward(self, *args: Any) -> tuple[Tensor, ...]:
        returned = self.network(*args, **self.kwargs)
        return tuple(each for each in leaves(returned) if isinstance(each, Tensor))


def _places(counts: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[tuple[str, str], float]]:
    """What each module's own forward runs: fvcore counts a module with all that is below it."""
    own = {module: dict(found) for module, found in counts.items()}
    for module, found in counts.items():
        if module:
            outer = own[module.rpartition(".")[0]]
            for name, value in found.items():
                outer[name] -= value
    summed: dict[tuple[str, str], float] = {}
    for module, found in own.items():
        for name, value in found.items():
            place = module.partition(".")[2], _KINDS.get(name, name)
            summed[place] = summed.get(place, 0.0) + value
    yield from ((place, value) for place, value in summed.items() if value)
