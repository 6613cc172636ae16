"""A small multi-layer perceptron with exact gradients, and Adam, in NumPy."""

from __future__ import annotations

import copy
import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]


class Passed(NamedTuple):
    """What a forward pass leaves for the backward pass: the input of every layer, and the output."""

    inputs: list[Array]
    output: Array


class MLP:
    """Linear layers with ReLU between them.

    All weights live in one flat vector ``parameters``, so that Adam and the soft update touch one array.

    Args:
        sizes: Width of the input, of each hidden layer, of the output.
        generator: Draws the initial weights, uniform in +-1/sqrt(inputs), as AMC's layers do.
        last: Bound of the last layer's initial weights instead, where given.
        dtype: Of the weights and of everything computed.
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        generator: np.random.Generator,
        last: float | None = None,
        dtype: DTypeLike = "f4",
    ) -> None:
        self._shapes = list(pairwise(sizes))
        self.parameters = np.zeros(sum((inputs + 1) * outputs for inputs, outputs in self._shapes), dtype=dtype)
        self._layers = self._views(self.parameters)
        for position, (weight, bias) in enumerate(self._layers):
            is_last = position == len(self._layers) - 1
            limit = last if is_last and last is not None else 1.0 / math.sqrt(weight.shape[0])
            weight[...] = generator.uniform(-limit, limit, weight.shape)
            bias[...] = generator.uniform(-limit, limit, bias.shape)

    def forward(self, values: Array) -> Passed:
        """Compute the output for a batch, one row a sample."""
        inputs = []
        for position, (weight, bias) in enumerate(self._layers):
            inputs.append(values)
            values = values @ weight
            values += bias
            if position < len(self._layers) - 1:
                np.maximum(values, 0, out=values)
        return Passed(inputs, values)

    def backward(self, passed: Passed, gradient: Array) -> tuple[Array, Array]:
        """From the gradient of the output return that of the parameters (flat) and of the input."""
        flat = np.empty_like(self.parameters)
        layers = list(zip(self._layers, self._views(flat), passed.inputs, strict=True))
        for position in reversed(range(len(layers))):
            (weight, _), (weight_gradient, bias_gradient), inputs = layers[position]
            np.matmul(inputs.T, gradient, out=weight_gradient)
            gradient.sum(axis=0, out=bias_gradient)
            gradient = gradient @ weight.T
            if position:
                gradient *= inputs > 0
        return flat, gradient

    def copy(self) -> MLP:
        """Return a network of its own with the same weights."""
        twin = copy.copy(self)
        twin.parameters = self.parameters.copy()
        twin._layers = twin._views(twin.parameters)
        return twin

    def follow(self, other: MLP, share: float) -> None:
        """Move the weights by ``share`` of the way towards those of ``other``."""
        self.parameters += share * (other.parameters - self.parameters)

    def _views(self, flat: Array) -> list[tuple[Array, Array]]:
        views, start = [], 0
        for inputs, outputs in self._shapes:
            middle, end = start + inputs * outputs, start + (inputs + 1) * outputs
            views.append((flat[start:middle].reshape(inputs, outputs), flat[middle:end]))
            start = end
        return views


class Adam:
    """Adam (Kingma and Ba, 2015) on one flat vector, which it changes in place."""

    def __init__(self, parameters: Array, rate: float, betas: tuple[float, float] = (0.9, 0.999)) -> None:
        self._parameters = parameters
        self._rate = rate
        self._betas = betas
        self._first = np.zeros_like(parameters)
        self._second = np.zeros_like(parameters)
        self._steps = 0

    def step(self, gradient: Array) -> None:
        """Take one step down ``gradient``."""
        self._steps += 1
        first, second = self._betas
        self._first += (1 - first) * (gradient - self._first)
        self._second += (1 - second) * (gradient * gradient - self._second)
        deviation = np.sqrt(self._second / (1 - second**self._steps)) + 1e-8
        self._parameters -= (self._rate / (1 - first**self._steps)) * self._first / deviation
