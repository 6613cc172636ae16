"""The networks of the conformance suite in PyTorch, in float64."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from prunekit.core.testing.conformance import Subject
from prunekit.plugins.backends.pytorch.backend import PytorchBackend


def conv(a: int, b: int, kernel: int = 3, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(a, b, kernel, padding=kernel // 2, groups=groups, bias=False)


def conv_norm(a: int, b: int, kernel: int = 3, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(conv(a, b, kernel, groups), nn.BatchNorm2d(b))


class Network(nn.Module):
    """A body and a linear layer that reads the mean of its map."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.head = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x).mean([2, 3]))


class Plain(Network):
    def __init__(self, classes: int = 5) -> None:
        super().__init__(6, classes)
        self.a, self.b = conv_norm(3, 8), conv_norm(8, 6)
        self.double()

    def body(self, x: Tensor) -> Tensor:
        return self.b(self.a(x).relu()).relu()


class Residual(Network):
    def __init__(self, classes: int = 5) -> None:
        super().__init__(8, classes)
        self.stem, self.a, self.b = conv_norm(3, 8), conv_norm(8, 6), conv_norm(6, 8)
        self.double()

    def body(self, x: Tensor) -> Tensor:
        x = self.stem(x).relu()
        return (x + self.b(self.a(x).relu())).relu()


class Concat(Network):
    def __init__(self, classes: int = 5) -> None:
        super().__init__(6, classes)
        self.a, self.b, self.c = conv(3, 4), conv(3, 6), conv(10, 6)
        self.double()

    def body(self, x: Tensor) -> Tensor:
        return self.c(torch.cat([self.a(x).relu(), self.b(x).relu()], 1)).relu()


class Depthwise(Network):
    def __init__(self, classes: int = 5) -> None:
        super().__init__(6, classes)
        self.a, self.b, self.c = conv_norm(3, 8), conv_norm(8, 8, groups=8), conv_norm(8, 6, kernel=1)
        self.double()

    def body(self, x: Tensor) -> Tensor:
        return self.c(self.b(self.a(x).relu()).relu()).relu()


class Grouped(Network):
    def __init__(self, classes: int = 5) -> None:
        super().__init__(6, classes)
        self.a, self.b = conv(3, 8), conv(8, 6, groups=2)
        self.double()

    def body(self, x: Tensor) -> Tensor:
        return self.b(self.a(x).relu()).relu()


class Shared(Network):
    def __init__(self, classes: int = 5) -> None:
        super().__init__(8, classes)
        self.stem, self.a, self.b = conv(3, 8), conv(8, 8), conv(8, 8)
        self.b.weight = self.a.weight
        self.double()

    def body(self, x: Tensor) -> Tensor:
        return self.b(self.a(self.stem(x).relu()).relu()).relu()


class Split(Network):
    def __init__(self, classes: int = 5) -> None:
        super().__init__(6, classes)
        self.a, self.b = conv(3, 8), conv(4, 6)
        self.double()

    def body(self, x: Tensor) -> Tensor:
        one, other = self.a(x).relu().chunk(2, 1)
        return self.b(one * other).relu()


class Flatten(nn.Module):
    def __init__(self, classes: int = 5) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), nn.Linear(128, 6), nn.Linear(6, classes)
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.b(self.a(x).relu().flatten(1)).relu())


def channels(network: nn.Module, name: str) -> tuple[int, int]:
    module = network.get_submodule(name)
    if isinstance(module, nn.Linear):
        return module.in_features, module.out_features
    return module.in_channels, module.out_channels


SUBJECT = Subject(
    backend=PytorchBackend(),
    networks={
        "plain": Plain,
        "residual": Residual,
        "concat": Concat,
        "depthwise": Depthwise,
        "grouped": Grouped,
        "shared": Shared,
        "split": Split,
        "flatten": Flatten,
    },
    tolerance=1e-12,
    dtype=np.float64,
    training=lambda network: any(module.training for module in network.modules()),
    train=lambda network: network.train(),
    convolution="Conv2d",
    random_state=lambda: torch.get_rng_state().numpy().tobytes(),
    channels=channels,
)
