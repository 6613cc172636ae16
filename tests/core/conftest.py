from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from prunekit.core.graph import ChannelStructure, Operator, OperatorGraph, channel_structure
from prunekit.core.graph.attributes import (
    Attributes,
    Concat,
    Convolution,
    Elementwise,
    Linear,
    Normalization,
    Permute,
    Reduce,
    Reshape,
    Split,
)


class Script:
    """Writes down a forward by hand, as a front end would record it."""

    def __init__(self) -> None:
        self.graph = OperatorGraph()
        self.module = ""

    def input(self, *shape: int) -> int:
        self.graph.inputs.append(self.graph.tensor(shape))
        return self.graph.inputs[-1]

    def parameter(self, name: str, *shape: int) -> int:
        self.graph.parameter_shapes[name] = shape
        if len(shape) > 1:
            self.graph.magnitudes[name] = {axis: np.arange(1.0, shape[axis] + 1) for axis in (0, 1)}
        return self.graph.tensor(shape, name)

    def buffer(self, name: str, *shape: int) -> int:
        return self.graph.tensor(shape, name)

    def op(self, attributes: Attributes, name: str, inputs: list[int], *shapes: tuple[int, ...]) -> Any:
        outputs = [self.graph.tensor(shape) for shape in shapes]
        self.graph.operators.append(Operator(attributes, name, tuple(inputs), tuple(outputs), self.module))
        return outputs[0] if len(outputs) == 1 else outputs

    def conv(self, x: int, name: str, out: int, kernel: int = 3, groups: int = 1, bias: bool = False) -> int:
        n, c, h, w = self.graph.tensors[x].shape
        self.module = name
        weight = self.parameter(f"{name}.weight", out, c // groups, kernel, kernel)
        more = [self.parameter(f"{name}.bias", out)] if bias else []
        shape = (n, out, h, w)
        attributes = Convolution(groups=groups, transposed=False, stride=1)
        return self.op(attributes, "convolution", [x, weight, *more], shape)

    def norm(self, x: int, name: str) -> int:
        shape = self.graph.tensors[x].shape
        self.module = name
        affine = [self.parameter(f"{name}.{part}", shape[1]) for part in ("weight", "bias")]
        running = [self.buffer(f"{name}.running_{part}", shape[1]) for part in ("mean", "var")]
        attributes = Normalization(axis=1, pooled=(), mean=running[0])
        return self.op(attributes, "batch_norm", [x, *affine, *running], shape)

    def add(self, a: int, b: int) -> int:
        self.module = ""
        return self.op(Elementwise(), "add", [a, b], self.graph.tensors[a].shape)

    def linear(self, x: int, name: str, out: int) -> int:
        shape = self.graph.tensors[x].shape
        self.module = name
        weight, bias = self.parameter(f"{name}.weight", out, shape[-1]), self.parameter(f"{name}.bias", out)
        turned = self.op(Permute(order=(1, 0)), "t", [weight], (shape[-1], out))
        return self.op(Linear(), "addmm", [x, turned, bias], (*shape[:-1], out))

    def mean(self, x: int) -> int:
        self.module = ""
        shape = self.graph.tensors[x].shape[:2]
        return self.op(Reduce(axes=(2, 3), keepdim=False, over="mean"), "mean", [x], shape)

    def shuffles(self, x: int, units: int) -> int:
        """Units in which half of the channels pass and half are worked on; then both are dealt out in turn."""
        half = self.graph.tensors[x].shape[1] // 2
        part, whole = (1, half, 4, 4), (1, 2 * half, 4, 4)
        for number in range(units):
            a, b = self.op(Split(axis=1, sizes=(half, half)), "split", [x], part, part)
            x = self.op(Concat(axis=1), "cat", [a, self.conv(b, f"unit{number}", half, kernel=1)], whole)
            x = self.op(Reshape(), "view", [x], (1, 2, half, 4, 4))
            x = self.op(Permute(order=(0, 2, 1, 3, 4)), "transpose", [x], (1, half, 2, 4, 4))
            x = self.op(Reshape(), "view", [x], whole)
        return x

    def output(self, x: int) -> OperatorGraph:
        self.graph.outputs.append(x)
        return self.graph


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def residual(script: Script) -> OperatorGraph:
    """A stem, a block around which a shortcut leads, a chunk-free head: seven operators with two groups."""
    x = script.conv(script.input(2, 3, 8, 8), "stem", 6, bias=True)
    y = script.norm(script.conv(x, "block.conv1", 4), "block.bn")
    y = script.conv(y, "block.conv2", 6)
    return script.output(script.linear(script.mean(script.add(x, y)), "head", 5))


@pytest.fixture
def shuffle_stage(script: Script) -> ChannelStructure:
    """Four units of 14 channels each: one group with quotas; without them all channels would hang together."""
    x = script.shuffles(script.conv(script.input(1, 3, 4, 4), "stem", 28), 4)
    return channel_structure(script.output(script.linear(script.mean(x), "head", 5)))
