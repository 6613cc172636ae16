"""Shortcuts padded with channels of zeros: as many go as the code will pad with fewer."""

from __future__ import annotations

import numpy as np
import pytest
from mindspore import nn, ops
from mindspore_cases import Case, conv2d

from prunekit import PrunePlan, trace
from prunekit.core.cost import price
from prunekit.core.testing import assert_exact


class ByCell(nn.Cell):
    def __init__(self, missing: int) -> None:
        super().__init__()
        self.pool, self.pad = nn.MaxPool2d(1, 2), nn.Pad(((0, 0), (missing, missing), (0, 0), (0, 0)))

    def construct(self, x):
        return self.pad(self.pool(x))


class ByHeldNumber(nn.Cell):
    def __init__(self, missing: int) -> None:
        super().__init__()
        self.missing = missing

    def construct(self, x):
        return ops.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.missing, self.missing))


class ByWhatIsMissing(ByHeldNumber):
    def construct(self, x):
        return ops.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, 2 * self.missing))


class JoinedWithZeros(ByHeldNumber):
    def __init__(self, missing: int) -> None:
        super().__init__(missing)
        self.planes = 8 + 2 * missing

    def construct(self, x):
        x = x[:, :, ::2, ::2]
        n, c, h, w = x.shape
        return ops.cat((x, ops.zeros((n, self.planes - c, h, w), x.dtype)), 1)


class ByPrimitive(nn.Cell):
    def __init__(self, missing: int) -> None:
        super().__init__()
        self.pool, self.zeros = nn.MaxPool2d(1, 2), ops.Pad(((0, 0), (missing, missing), (0, 0), (0, 0)))

    def construct(self, x):
        return self.zeros(self.pool(x))


def network(shortcut: type[nn.Cell]) -> type[nn.Cell]:
    class Network(nn.Cell):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.a, self.b, self.head = conv2d(3, 8), conv2d(8, 16, 3, 2), conv2d(16, 16), nn.Dense(16, 4)
            self.shortcut = shortcut(4)

        def construct(self, x):
            x = ops.relu(self.stem(x))
            x = ops.relu(self.b(ops.relu(self.a(x))) + self.shortcut(x))
            return self.head(ops.mean(x, (2, 3)))

    return Network


def studied(shortcut):
    built, inputs, graph = Case(shape=(3, 8, 8), groups=[], network=network(shortcut)).traced()
    assert not graph.frozen
    for keep in (0.5, 0.0):
        plan = PrunePlan.uniform(graph, keep)
        assert_exact(built, inputs, graph=graph, plan=plan, tolerance=1e-4)
    return graph, price(graph, PrunePlan.uniform(graph, 0.5)).macs / price(graph).macs


@pytest.mark.parametrize("shortcut", [ByCell, ByHeldNumber, ByWhatIsMissing, JoinedWithZeros])
def test_padded_channels_go(shortcut):
    graph, kept = studied(shortcut)
    assert graph.groups[0].size + graph.groups[0].fixed >= 11
    assert sum(count for _, count in graph.layers[2].protected) <= 1
    assert kept < 0.4


def test_a_pad_whose_size_is_in_a_primitive_stays():
    graph, _ = studied(ByPrimitive)
    assert dict(graph.layers[2].protected) == {"Pad in shortcut adds a fixed number of channels": 8}


class Squeezed(nn.Cell):
    def __init__(self, axes) -> None:
        super().__init__()
        self.a, self.b, self.c, self.axes = conv2d(3, 8, 3), conv2d(8, 12, 3), nn.Dense(12, 5), axes

    def construct(self, x):
        x = ops.adaptive_avg_pool2d(ops.relu(self.b(ops.relu(self.a(x)))), 1)
        return self.c(x.squeeze() if self.axes is None else ops.squeeze(x, self.axes))


@pytest.mark.parametrize(("axes", "stay"), [(None, [1]), ((1, 2, 3), [1]), ((2, 3), [])])
def test_of_channels_that_squeeze_would_take_two_stay(axes, stay):
    network, x = Squeezed(axes), np.random.default_rng(0).random((2, 3, 9, 9), dtype=np.float32)
    graph = trace(network, x)
    assert not graph.frozen and len(graph.groups) == 2
    assert list(dict(graph.layers[1].protected).values()) == stay
    least = PrunePlan.uniform(graph, 0.0)
    assert assert_exact(network, x, graph=graph, plan=least).error < 1e-4
