"""The structures as networks of the NumPy backend: what the author of a backend writes in his framework."""

from __future__ import annotations

from typing import Any

import numpy as np

from prunekit.core.testing.conformance.subject import Subject
from prunekit.core.testing.fake_backend import FakeBackend
from prunekit.core.testing.fake_framework import Array, BatchNorm, Convolution, Linear, Module, Tape

Rng = np.random.Generator


class Plain(Module):
    """A chain."""

    def __init__(self, rng: Rng, classes: int = 5) -> None:
        self.a, self.norm_a = Convolution(rng, 3, 8), BatchNorm(8)
        self.b, self.norm_b = Convolution(rng, 8, 6), BatchNorm(6)
        self.head = Linear(rng, 6, classes)

    def forward(self, tape: Tape, x: Array) -> Any:
        """As the structure says."""
        x = tape.relu(self.norm_a(tape, self.a(tape, x)))
        x = tape.relu(self.norm_b(tape, self.b(tape, x)))
        return self.head(tape, tape.mean(x))


class Residual(Module):
    """A sum of two ways."""

    def __init__(self, rng: Rng, classes: int = 5) -> None:
        self.stem, self.norm_stem = Convolution(rng, 3, 8), BatchNorm(8)
        self.a, self.norm_a = Convolution(rng, 8, 6), BatchNorm(6)
        self.b, self.norm_b = Convolution(rng, 6, 8), BatchNorm(8)
        self.head = Linear(rng, 8, classes)

    def forward(self, tape: Tape, x: Array) -> Any:
        """As the structure says."""
        x = tape.relu(self.norm_stem(tape, self.stem(tape, x)))
        inner = tape.relu(self.norm_a(tape, self.a(tape, x)))
        x = tape.relu(tape.add(x, self.norm_b(tape, self.b(tape, inner))))
        return self.head(tape, tape.mean(x))


class Concat(Module):
    """Two ways side by side."""

    def __init__(self, rng: Rng, classes: int = 5) -> None:
        self.a, self.b, self.c = Convolution(rng, 3, 4), Convolution(rng, 3, 6), Convolution(rng, 10, 6)
        self.head = Linear(rng, 6, classes)

    def forward(self, tape: Tape, x: Array) -> Any:
        """As the structure says."""
        x = tape.concat(tape.relu(self.a(tape, x)), tape.relu(self.b(tape, x)))
        return self.head(tape, tape.mean(tape.relu(self.c(tape, x))))


class Depthwise(Module):
    """Each channel filtered by itself."""

    def __init__(self, rng: Rng, classes: int = 5) -> None:
        self.a, self.norm_a = Convolution(rng, 3, 8), BatchNorm(8)
        self.b, self.norm_b = Convolution(rng, 8, 8, groups=8), BatchNorm(8)
        self.c, self.norm_c = Convolution(rng, 8, 6, kernel=1), BatchNorm(6)
        self.head = Linear(rng, 6, classes)

    def forward(self, tape: Tape, x: Array) -> Any:
        """As the structure says."""
        x = tape.relu(self.norm_a(tape, self.a(tape, x)))
        x = tape.relu(self.norm_b(tape, self.b(tape, x)))
        x = tape.relu(self.norm_c(tape, self.c(tape, x)))
        return self.head(tape, tape.mean(x))


class Grouped(Module):
    """Each half of the channels filtered by itself."""

    def __init__(self, rng: Rng, classes: int = 5) -> None:
        self.a, self.b, self.head = Convolution(rng, 3, 8), Convolution(rng, 8, 6, groups=2), Linear(rng, 6, classes)

    def forward(self, tape: Tape, x: Array) -> Any:
        """As the structure says."""
        x = tape.relu(self.b(tape, tape.relu(self.a(tape, x))))
        return self.head(tape, tape.mean(x))


class Shared(Module):
    """Two modules hold one weight."""

    def __init__(self, rng: Rng, classes: int = 5) -> None:
        self.stem, self.a, self.b = Convolution(rng, 3, 8), Convolution(rng, 8, 8), Convolution(rng, 8, 8)
        self.b.weight = self.a.weight
        self.head = Linear(rng, 8, classes)

    def forward(self, tape: Tape, x: Array) -> Any:
        """As the structure says."""
        x = tape.relu(self.a(tape, tape.relu(self.stem(tape, x))))
        return self.head(tape, tape.mean(tape.relu(self.b(tape, x))))


class Split(Module):
    """One half of the channels times the other."""

    def __init__(self, rng: Rng, classes: int = 5) -> None:
        self.a, self.b, self.head = Convolution(rng, 3, 8), Convolution(rng, 4, 6), Linear(rng, 6, classes)

    def forward(self, tape: Tape, x: Array) -> Any:
        """As the structure says."""
        one, other = tape.split(tape.relu(self.a(tape, x)), 2)
        return self.head(tape, tape.mean(tape.relu(self.b(tape, tape.multiply(one, other)))))


class Flatten(Module):
    """A linear layer that reads every position of a map."""

    def __init__(self, rng: Rng, classes: int = 5) -> None:
        self.a, self.b, self.head = Convolution(rng, 3, 8), Linear(rng, 128, 6), Linear(rng, 6, classes)

    def forward(self, tape: Tape, x: Array) -> Any:
        """As the structure says."""
        x = tape.flatten(tape.relu(self.a(tape, x)))
        return self.head(tape, tape.relu(self.b(tape, x)))


def _channels(network: Module, module: str) -> tuple[int, int]:
    found: Any = dict(network.modules())[module]
    return found.inputs, found.outputs


SUBJECT = Subject(
    backend=FakeBackend(),
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
    training=lambda network: any(module.training for _, module in network.modules()),
    train=lambda network: network.train(),
    convolution="Convolution",
    channels=_channels,
)
