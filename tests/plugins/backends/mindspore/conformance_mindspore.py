"""The networks of the conformance suite in MindSpore, in float32: on a CPU it has no convolution in float64."""

from __future__ import annotations

import numpy as np

from prunekit.core.testing.conformance import Subject
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend  # before MindSpore

import mindspore  # isort: skip
from mindspore import Tensor, nn, ops  # isort: skip


def conv(a: int, b: int, kernel: int = 3, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(a, b, kernel, pad_mode="pad", padding=kernel // 2, group=groups, has_bias=False)


def conv_norm(a: int, b: int, kernel: int = 3, groups: int = 1) -> nn.SequentialCell:
    return nn.SequentialCell(conv(a, b, kernel, groups), nn.BatchNorm2d(b))


class Network(nn.Cell):
    """A body and a linear layer that reads the mean of its map."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.head = nn.Dense(channels, classes)

    def construct(self, x: Tensor) -> Tensor:
        return self.head(self.body(x).mean((2, 3)))


class Plain(Network):
    def __init__(self, classes: int = 5) -> None:
        super().__init__(6, classes)
        self.a, self.b = conv_norm(3, 8), conv_norm(8, 6)

    def body(self, x: Tensor) -> Tensor:
        return ops.relu(self.b(ops.relu(self.a(x))))


class Residual(Network):
    def __init__(self, classes: int = 5) -> None:
        super().__init__(8, classes)
        self.stem, self.a, self.b = conv_norm(3, 8), conv_norm(8, 6), conv_norm(6, 8)

    def body(self, x: Tensor) -> Tensor:
        x = ops.relu(self.stem(x))
        return ops.relu(x + self.b(ops.relu(self.a(x))))


class Concat(Network):
    def __init__(self, classes: int = 5) -> None:
        super().__init__(6, classes)
        self.a, self.b, self.c = conv(3, 4), conv(3, 6), conv(10, 6)

    def body(self, x: Tensor) -> Tensor:
        return ops.relu(self.c(ops.cat([ops.relu(self.a(x)), ops.relu(self.b(x))], 1)))


class Depthwise(Network):
    def __init__(self, classes: int = 5) -> None:
        super().__init__(6, classes)
        self.a, self.b, self.c = conv_norm(3, 8), conv_norm(8, 8, groups=8), conv_norm(8, 6, kernel=1)

    def body(self, x: Tensor) -> Tensor:
        return ops.relu(self.c(ops.relu(self.b(ops.relu(self.a(x))))))


class Grouped(Network):
    def __init__(self, classes: int = 5) -> None:
        super().__init__(6, classes)
        self.a, self.b = conv(3, 8), conv(8, 6, groups=2)

    def body(self, x: Tensor) -> Tensor:
        return ops.relu(self.b(ops.relu(self.a(x))))


class Shared(Network):
    def __init__(self, classes: int = 5) -> None:
        super().__init__(8, classes)
        self.stem, self.a, self.b = conv(3, 8), conv(8, 8), conv(8, 8)
        self.b.weight = self.a.weight

    def body(self, x: Tensor) -> Tensor:
        return ops.relu(self.b(ops.relu(self.a(ops.relu(self.stem(x))))))


class Split(Network):
    def __init__(self, classes: int = 5) -> None:
        super().__init__(6, classes)
        self.a, self.b = conv(3, 8), conv(4, 6)

    def body(self, x: Tensor) -> Tensor:
        one, other = ops.chunk(ops.relu(self.a(x)), 2, 1)
        return ops.relu(self.b(one * other))


class Flatten(nn.Cell):
    def __init__(self, classes: int = 5) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), nn.Dense(128, 6), nn.Dense(6, classes)

    def construct(self, x: Tensor) -> Tensor:
        return self.head(ops.relu(self.b(ops.flatten(ops.relu(self.a(x))))))


def channels(network: nn.Cell, name: str) -> tuple[int, int]:
    cell = dict(network.cells_and_names())[name]
    return cell.in_channels, cell.out_channels


SUBJECT = Subject(
    backend=MindsporeBackend(),
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
    tolerance=1e-4,
    dtype=np.float32,
    training=lambda network: any(cell.training for _, cell in network.cells_and_names()),
    train=lambda network: network.set_train(),
    convolution="Conv2d",
    random_state=lambda: (mindspore.get_seed(), mindspore.get_rng_state().asnumpy().tobytes()),
    channels=channels,
)
