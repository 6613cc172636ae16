"""Small MindSpore networks, each with one structure that makes pruning hard: twins of PyTorch's by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from golden import GOLDEN, Golden

from prunekit import ChannelGraph
from prunekit.core.parsing.parse import parse
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend

from mindspore import Tensor, nn, ops  # isort: skip

CASES: dict[str, Case] = {}


@dataclass(frozen=True)
class Case(Golden):
    """A network and what must be found in it."""

    network: Callable[[], nn.Cell] = nn.Cell

    def inputs(self, batch: int = 2) -> Any:
        rng = np.random.default_rng(7)

        def make(shape: Any) -> Any:
            if isinstance(shape, dict):
                return {name: make(part) for name, part in shape.items()}
            if isinstance(shape[0], tuple):
                return tuple(make(part) for part in shape)
            return rng.standard_normal((batch, *shape)).astype(np.float32)

        return make(self.shape)

    def build(self, seed: int = 3) -> nn.Cell:
        """The network in evaluation mode; every parameter and statistic is far from what an initialisation gives."""
        return lively(MindsporeBackend().build(self.network, {}, seed))

    def traced(self, batch: int = 2, proof: bool = True) -> tuple[nn.Cell, Any, ChannelGraph]:
        """The network, inputs, and its graph."""
        network, inputs = self.build(), self.inputs(batch)
        return network, inputs, parse(MindsporeBackend(), network, inputs, proof=proof, whole_parts=self.whole_parts)


def lively(network: nn.Cell) -> nn.Cell:
    """Give every parameter and statistic that an initialisation leaves constant a random value."""
    rng = np.random.default_rng(5)
    for name, parameter in network.parameters_and_names():
        values = parameter.asnumpy()
        if name.endswith("moving_mean"):
            parameter.set_data(Tensor((rng.standard_normal(values.shape) * 0.3).astype(values.dtype)))
        elif values.ndim < 2 or values.min() == values.max():
            parameter.set_data(Tensor((rng.random(values.shape) + 0.5).astype(values.dtype)))
    return network


def case(network: type[nn.Cell]) -> type[nn.Cell]:
    """A class of networks of which `golden` knows what must be found, by its name."""
    CASES[network.__name__] = Case(**vars(GOLDEN[network.__name__]), network=network)
    return network


def conv2d(a: int, b: int, k: int = 3, stride: int = 1, groups: int = 1, bias: bool = True, **kwargs: Any) -> nn.Conv2d:
    """A convolution with PyTorch's conventions: symmetric zeros and a bias."""
    return nn.Conv2d(a, b, k, stride, "pad", k // 2, group=groups, has_bias=bias, **kwargs)


def conv(a: int, b: int, k: int = 3, **kwargs: Any) -> nn.SequentialCell:
    return nn.SequentialCell(conv2d(a, b, k, **kwargs), nn.BatchNorm2d(b), nn.ReLU())


class Head(nn.Cell):
    """Pooling and a linear layer, whose outputs are the network's."""

    def __init__(self, channels: int, classes: int = 5) -> None:
        super().__init__()
        self.linear = nn.Dense(channels, classes)

    def construct(self, x):
        return self.linear(ops.mean(x, (2, 3)))


class TokenHead(nn.Cell):
    """The mean of all tokens and a linear layer, whose outputs are the network's."""

    def __init__(self, channels: int, classes: int = 5) -> None:
        super().__init__()
        self.linear = nn.Dense(channels, classes)

    def construct(self, x):
        return self.linear(ops.mean(x, 1))


class Scaled(nn.Cell):
    """A buffer with one number for each channel."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 3)
        self.register_buffer("gain", Tensor(np.arange(1, 9, dtype=np.float32)))

    def construct(self, x):
        return self.b(self.a(x) * self.gain.reshape(1, -1, 1, 1))
