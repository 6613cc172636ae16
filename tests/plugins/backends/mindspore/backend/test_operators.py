"""What MindSpore's users write beside the networks that have a twin in PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from mindspore import nn, ops
from mindspore_cases import Case, Head, conv

from prunekit import PrunePlan
from prunekit.core.testing import assert_exact, random_plan


class Between(nn.Cell):
    """Something between two convolutions that leaves ``left`` channels."""

    def __init__(self, left: int = 8) -> None:
        super().__init__()
        self.a, self.b, self.head, self.kept = conv(3, 8), conv(left, 6), Head(6), 5

    def construct(self, x):
        return self.head(self.b(self.between(self.a(x))))


class SliceByAttribute(Between):
    def __init__(self) -> None:
        super().__init__(5)
        self.slice = ops.StridedSlice()

    def between(self, x):
        n, _, h, w = x.shape
        return self.slice(x, (0, 0, 0, 0), (n, self.kept, h, w), (1, 1, 1, 1))


class SliceInCode(Between):
    def __init__(self) -> None:
        super().__init__(5)

    def between(self, x):
        n, _, h, w = x.shape
        return ops.strided_slice(x, (0, 0, 0, 0), (n, 5, h, w), (1, 1, 1, 1))


class Halves(Between):
    def __init__(self) -> None:
        super().__init__(4)
        self.slice = ops.Slice()

    def between(self, x):
        half = x.shape[1] // 2
        return ops.slice(x, (0, 0, 0, 0), (-1, half, -1, -1)) * self.slice(x, (0, half, 0, 0), (-1, half, -1, -1))


class Deviations(Between):
    """Over the channels, each of them by another way."""

    def between(self, x):
        x = x - x.mean(1, keep_dims=True)
        return x / (x.var(1, keepdims=True) + ops.std(x, 1, keepdims=True) + x.std(1, keepdims=True) + 1)


class Dropped(Between):
    """A primitive that MindSpore itself cannot copy."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = ops.Dropout2D(0.5)

    def between(self, x):
        return self.drop(x)[0] if self.training else x


CHANNELS = {SliceByAttribute: (7, 1), SliceInCode: (3, 5), Halves: (4, 0), Deviations: (8, 0), Dropped: (8, 0)}
"""Units of the first convolution that may go, and channels of it that stay."""


@pytest.mark.parametrize("network", CHANNELS)
def test_exact(network):
    built, inputs, graph = Case(shape=(3, 8, 8), groups=[], network=network).traced()
    assert [(g.size, g.fixed) for g in graph.groups] == [CHANNELS[network], (6, 0)]
    assert not graph.frozen
    for plan in [PrunePlan.uniform(graph, 0.5), random_plan(graph, np.random.default_rng(0))]:
        assert_exact(built, inputs, graph=graph, plan=plan, tolerance=1e-4)
