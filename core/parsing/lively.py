"""Weights and statistics for the proof, with which every channel has an effect: behind idle ones no mistake shows."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph.attributes import Attributes, Convolution, Linear, Normalization
from prunekit.core.graph.operators import Operator, OperatorGraph
from prunekit.core.graph.weight_paths import WeightPaths

Arrays = dict[str, NDArray[Any]]


def lively_values(operators: OperatorGraph, seed: int) -> Arrays:
    """Values for what layers and normalizations own, by name.

    Weights give outputs of less variance than their inputs, shifts are positive, so that most channels pass a ReLU;
    gains, shifts and statistics differ from channel to channel. All else that is nearly zero gets values around one.
    Weights that do so already are left as they are.
    """
    found = idle_values(operators, seed)
    shapes = {tensor.name: tensor.shape for tensor in operators.tensors if tensor.name is not None}
    block = np.tile(np.random.default_rng(seed).random(_PERIOD, dtype=np.float32), 2)
    for name, (low, high) in _ranges(operators).items():
        if name in found or not _speaks(operators.magnitudes.get(name), shapes[name], high):
            start, size = zlib.crc32(name.encode()) % _PERIOD, prod(shapes[name])
            drawn = np.resize(block[start : start + min(size, _PERIOD)], shapes[name])
            found[name] = drawn * (high - low) + low
    return found


_PERIOD = 65537
"""Random numbers are drawn so many at a time: a prime, so that no two channels get the same."""


def _speaks(magnitudes: Mapping[int, NDArray[Any]] | None, shape: tuple[int, ...], bound: float) -> bool:
    """Whether every slice of a weight is of a size that neither drowns nor is drowned."""
    if not magnitudes:
        return False
    usual = bound / 2 * prod(shape)  # the sum over all of a weight whose values lie evenly between the bounds
    return all(0.3 < float(norms.min()) * norms.size / usual < 5 for norms in map(np.asarray, magnitudes.values()))


def idle_values(operators: OperatorGraph, seed: int) -> Arrays:
    """Values for parameters that are nearly zero, as some are at initialisation."""
    rng = np.random.default_rng(seed)
    return {name: rng.uniform(0.5, 1.0, operators.parameter_shapes[name]) for name in operators.near_zero}


def _ranges(operators: OperatorGraph) -> dict[str, tuple[float, float]]:
    """For each parameter or statistic that a layer or a normalization uses, where its values shall lie."""
    name_of = WeightPaths(operators).names
    own = {tensor.id: tensor.name for tensor in operators.tensors if tensor.name is not None}
    found = dict[str, tuple[float, float]]()

    def say(tensor: int, low: float, high: float, names: dict[int, str]) -> None:
        if tensor in names:
            found.setdefault(names[tensor], (low, high))

    for operator in operators.operators:
        inputs, attributes = operator.inputs, operator.attributes
        if isinstance(attributes, (Convolution, Linear)):
            bound = (0.75 / _fan_in(operators.tensors[inputs[1]].shape, attributes)) ** 0.5
            if name_of.get(inputs[1]) in operators.parameter_shapes:  # others are fixed filters
                say(inputs[1], -bound, bound, name_of)
            for bias in inputs[2:]:
                say(bias, *_SHIFT, own)
        elif isinstance(attributes, Normalization):
            for tensor, bounds in _of_norm(operator, attributes):
                say(tensor, *bounds, own)
    return found


_SHIFT, _GAIN, _MEAN = (0.75, 1.75), (0.5, 1.5), (-0.3, 0.3)


def _of_norm(operator: Operator[Attributes], attributes: Normalization) -> list[tuple[int, tuple[float, float]]]:
    """Gain and shift, then running mean and variance, as far as there are any."""
    vectors = list(operator.inputs[1:])
    if attributes.mean not in vectors:
        return list(zip(vectors, (_GAIN, _SHIFT), strict=False))
    mean = vectors.index(attributes.mean)
    affine = list(zip(vectors[:mean], (_GAIN, _SHIFT), strict=False))
    return [*affine, *zip(vectors[mean:], (_MEAN, _GAIN), strict=False)]


def _fan_in(shape: tuple[int, ...], attributes: Convolution | Linear) -> int:
    if isinstance(attributes, Linear):
        return max(shape[0], 1)
    if attributes.transposed:
        return max(prod(shape) // max(shape[1], 1) // attributes.groups, 1)
    return max(prod(shape[1:]), 1)
