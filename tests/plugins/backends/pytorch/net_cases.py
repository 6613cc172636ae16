"""Small networks, each with one structure that makes pruning hard; ``golden`` says what must be found in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from golden import GOLDEN, Golden
from torch import Tensor, nn

from prunekit import ChannelGraph
from prunekit.core.parsing.parse import parse
from prunekit.plugins.backends.pytorch.backend import PytorchBackend

CASES: dict[str, Case] = {}


@dataclass(frozen=True)
class Case(Golden):
    """A network and what must be found in it."""

    network: Callable[[], nn.Module] = nn.Module

    def inputs(self, batch: int = 2, dtype: torch.dtype = torch.float64) -> Any:
        generator = torch.Generator().manual_seed(7)

        def make(shape: Any) -> Any:
            if isinstance(shape, dict):
                return {name: make(part) for name, part in shape.items()}
            if isinstance(shape[0], tuple):
                return tuple(make(part) for part in shape)
            return torch.randn((batch, *shape), generator=generator, dtype=dtype)

        return make(self.shape)

    def build(self, dtype: torch.dtype = torch.float64, seed: int = 3) -> nn.Module:
        """The network in evaluation mode; every parameter and statistic is far from what an initialisation gives."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = lively(self.network())
        return network.to(dtype).eval()

    def traced(self, batch: int = 2, proof: bool = True) -> tuple[nn.Module, Any, ChannelGraph]:
        """The network, inputs, and its graph."""
        network, inputs = self.build(), self.inputs(batch)
        return network, inputs, parse(PytorchBackend(), network, inputs, proof=proof, whole_parts=self.whole_parts)


def lively(network: nn.Module) -> nn.Module:
    """Give every parameter and statistic that an initialisation leaves constant a random value."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim < 2 or parameter.min() == parameter.max():
                parameter.copy_(torch.rand_like(parameter) + 0.5)
        for module in network.modules():
            if isinstance(module, nn.modules.batchnorm._NormBase) and module.running_mean is not None:
                module.running_mean.copy_(torch.randn_like(module.running_mean) * 0.3)
                module.running_var.copy_(torch.rand_like(module.running_var) + 0.5)
    return network


def case(network: type[nn.Module]) -> type[nn.Module]:
    """A class of networks of which `golden` knows what must be found, by its name."""
    CASES[network.__name__] = Case(**vars(GOLDEN[network.__name__]), network=network)
    return network


def conv(a: int, b: int, k: int = 3, **kwargs: Any) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(a, b, k, padding=k // 2, **kwargs), nn.BatchNorm2d(b), nn.ReLU())


class Head(nn.Module):
    """Pooling and a linear layer, whose outputs are the network's."""

    def __init__(self, channels: int, classes: int = 5) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.mean([2, 3]))


class TokenHead(nn.Module):
    """The mean of all tokens and a linear layer, whose outputs are the network's."""

    def __init__(self, channels: int, classes: int = 5) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.mean(1))
