"""A network framework on two pages, in NumPy: a tape that runs operators, and layers with named arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph import attributes
from prunekit.core.graph.attributes import Attributes

Array = NDArray[Any]


class Tape:
    """Runs a network's operators one by one. What records or changes a forward overrides ``apply`` or ``enter``.

    Args:
        network: Whose forward is run, in the mode that it is in.

    Attributes:
        training: Whether the network is in training mode.
        calls: How often each operator has run.
        places: How often each module has run it.
        path: Names of the modules whose forward runs, the innermost last.
    """

    def __init__(self, network: Module) -> None:
        self.training = network.training
        self.calls, self.places = Counter[str](), Counter[tuple[str, str]]()
        self.path = [""]
        self._names = {id(module): name for name, module in network.modules()}

    def enter(self, module: Module, *inputs: Array, **named: Array) -> Any:
        """Run a module's forward."""
        self.path.append(self._names[id(module)])
        result = module.forward(self, *inputs, **named)
        self.path.pop()
        return result

    def apply(self, attributes: Attributes, compute: Callable[..., Any], inputs: Sequence[Array]) -> Any:
        """Run one operator.

        Args:
            attributes: What it does to channels.
            compute: What it does to ``inputs``.
            inputs: Its operands, in the order that the kind asks for.
        """
        self.calls[attributes.kind.value] += 1
        self.places[self.path[-1], attributes.kind.value] += 1
        return compute(*inputs)

    def place(self, name: str) -> tuple[str, str, int]:
        """Where the operator of that name is that runs next."""
        return self.path[-1], name, self.places[self.path[-1], name]

    def convolution(self, x: Array, weight: Array, stride: int, padding: int, groups: int) -> Any:
        """Filters over a map, both laid out ``[.., channels, height, width]``."""
        compute = partial(convolve, stride=stride, padding=padding, groups=groups)
        what = attributes.Convolution(groups=groups, transposed=False, stride=stride)
        return self.apply(what, compute, [x, weight])

    def linear(self, x: Array, weight: Array, bias: Array) -> Any:
        """Products with a weight ``[outputs, inputs]``."""
        turned = self.apply(attributes.Permute(order=(1, 0)), np.transpose, [weight])
        return self.apply(attributes.Linear(), lambda x, weight, bias: x @ weight + bias, [x, turned, bias])

    def normalization(self, x: Array, gain: Array, shift: Array, mean: Array, variance: Array) -> Any:
        """Each channel by the statistics given."""
        what = attributes.Normalization(axis=1, pooled=())
        return self.apply(what, _normalize, [x, gain, shift, mean, variance])

    def relu(self, x: Array) -> Any:
        """What is positive."""
        return self.apply(attributes.Elementwise(), partial(np.maximum, 0), [x])

    def add(self, a: Array, b: Array) -> Any:
        """Sums, position by position."""
        return self.apply(attributes.Elementwise(), np.add, [a, b])

    def multiply(self, a: Array, b: Array) -> Any:
        """Products, position by position."""
        return self.apply(attributes.Elementwise(), np.multiply, [a, b])

    def concat(self, *parts: Array) -> Any:
        """Channels side by side."""
        return self.apply(attributes.Concat(axis=1), lambda *parts: np.concatenate(parts, axis=1), parts)

    def split(self, x: Array, parts: int) -> Any:
        """Channels in equal parts."""
        what = attributes.Split(axis=1, sizes=(x.shape[1] // parts,) * parts)
        compute = lambda x: tuple(part.copy() for part in np.split(x, parts, axis=1))  # noqa: E731 - needs ``parts``
        return self.apply(what, compute, [x])

    def mean(self, x: Array) -> Any:
        """The mean over all positions of a map."""
        what = attributes.Reduce(axes=(2, 3), keepdim=False, over="mean")
        return self.apply(what, partial(np.mean, axis=(2, 3)), [x])

    def flatten(self, x: Array) -> Any:
        """Each sample as one vector."""
        return self.apply(attributes.Reshape(), lambda x: x.reshape(len(x), -1), [x])


def convolve(x: Array, weight: Array, stride: int = 1, padding: int = 1, groups: int = 1) -> Array:
    """Every window of the padded map against every filter of the window's group."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    batch, channels, *rest = windows.shape
    parts = windows.reshape(batch, groups, channels // groups, *rest)
    filters = weight.reshape(groups, -1, *weight.shape[1:])
    out: Array = np.einsum("ngchwkl,gockl->ngohw", parts, filters, optimize=True)
    return out.reshape(batch, len(weight), *out.shape[3:])


def _normalize(x: Array, *vectors: Array) -> Array:
    gain, shift, mean, variance = (vector[:, None, None] for vector in vectors)
    out: Array = (x - mean) / np.sqrt(variance + 1e-5) * gain + shift
    return out


class Module:
    """Named arrays and modules, and ``forward(tape, x, ...)``, which runs operators on the tape.

    A network's constructor gets a generator of random numbers first.
    """

    forward: Callable[..., Any]
    training = False
    buffers: tuple[str, ...] = ()

    def __call__(self, tape: Tape, *inputs: Array) -> Any:
        """Run it inside another module's forward."""
        return tape.enter(self, *inputs)

    def modules(self, name: str = "") -> Iterator[tuple[str, Module]]:
        """Itself and all modules inside, each with its dotted name."""
        yield name, self
        for key, value in vars(self).items():
            if isinstance(value, Module):
                yield from value.modules(f"{name}.{key}".lstrip("."))

    def arrays(self, buffers: bool = True) -> dict[str, Array]:
        """All parameters, and buffers, by name; one that several modules hold goes by the first one's name."""
        found, seen = dict[str, Array](), set[int]()
        for name, module in self.modules():
            for key, value in vars(module).items():
                if isinstance(value, np.ndarray) and (buffers or key not in module.buffers) and id(value) not in seen:
                    found[f"{name}.{key}".lstrip(".")] = value
                    seen.add(id(value))
        return found

    def train(self, training: bool = True) -> None:
        """Set the mode."""
        for _, module in self.modules():
            module.training = training

    def follow(self) -> None:
        """Bring the sizes that it holds in line with its arrays."""


class Convolution(Module):
    """Square filters without bias, by default of 3 x 3 over a map that keeps its size."""

    def __init__(
        self, rng: np.random.Generator, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, groups: int = 1
    ) -> None:
        self.inputs, self.outputs, self.stride, self.groups = inputs, outputs, stride, groups
        self.padding = kernel // 2
        shape = (outputs, inputs // groups, kernel, kernel)
        self.weight = rng.normal(0, (kernel**2 * inputs // groups) ** -0.5, shape)

    def forward(self, tape: Tape, x: Array) -> Any:
        """Filter the map."""
        return tape.convolution(x, self.weight, self.stride, self.padding, self.groups)

    def follow(self) -> None:
        """Depthwise, each channel is a group; other groups stay as many as they are."""
        if self.groups == self.inputs > 1:
            self.groups = self.groups * len(self.weight) // self.outputs
        self.inputs, self.outputs = self.weight.shape[1] * self.groups, len(self.weight)


class Linear(Module):
    """A linear layer with a bias."""

    def __init__(self, rng: np.random.Generator, inputs: int, outputs: int) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.weight, self.bias = rng.normal(0, inputs**-0.5, (outputs, inputs)), rng.normal(0, 0.1, outputs)

    def forward(self, tape: Tape, x: Array) -> Any:
        """Multiply by the weight and add the bias."""
        return tape.linear(x, self.weight, self.bias)

    def follow(self) -> None:
        """As the weight says."""
        self.outputs, self.inputs = self.weight.shape


class BatchNorm(Module):
    """Batch normalization; in training mode by the batch, whose statistics move the stored ones."""

    buffers = ("mean", "variance")

    def __init__(self, channels: int) -> None:
        self.gain, self.shift = np.ones(channels), np.zeros(channels)
        self.mean, self.variance, self.momentum = np.zeros(channels), np.ones(channels), 0.1

    def forward(self, tape: Tape, x: Array) -> Any:
        """Normalize each channel."""
        mean, variance = self.mean, self.variance
        if tape.training:
            mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
            self.mean += self.momentum * (mean - self.mean)
            self.variance += self.momentum * (variance - self.variance)
        return tape.normalization(x, self.gain, self.shift, mean, variance)
