"""Factors that the code computes from a size: however it writes them, what is left computes what it did."""

from __future__ import annotations

import math

import mindspore
import numpy as np
import pytest
from mindspore import Tensor, mint, nn, ops

from prunekit import PrunePlan, prune
from prunekit.core.parsing.parse import parse
from prunekit.core.testing import assert_exact
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend


def by_hand(q, k, v, scaled):
    return ops.matmul(ops.softmax(scaled(ops.matmul(q, k.swapaxes(-1, -2))), -1), v)


def batched(m, q, k, v):
    n, heads, length, _ = q.shape
    a, b = (t.reshape(n * heads, length, -1) for t in (q, k))
    mask = ops.ones((1, length, length), q.dtype)
    scores = ops.baddbmm(mask, a, b.swapaxes(1, 2), beta=1.0, alpha=1 / math.sqrt(m.head))
    return ops.matmul(ops.softmax(scores.reshape(n, heads, length, length), -1), v)


FOLLOWED = {
    "by hand": lambda m, q, k, v: by_hand(q, k, v, lambda s: s / math.sqrt(m.head)),
    "power": lambda m, q, k, v: by_hand(q, k, v, lambda s: s * m.head**-0.5),
    "np.sqrt": lambda m, q, k, v: by_hand(q, k, v, lambda s: s / np.sqrt(m.head)),
    "mint": lambda m, q, k, v: by_hand(q, k, v, lambda s: mint.div(s, math.sqrt(m.head))),
    "primitive": lambda m, q, k, v: by_hand(q, k, v, lambda s: ops.Mul()(s, m.head**-0.5)),
    "quotient": lambda m, q, k, v: by_hand(q, k, v, lambda s: ops.RealDiv()(s, math.sqrt(m.head))),
    "tensor": lambda m, q, k, v: by_hand(q, k, v, lambda s: s / ops.sqrt(Tensor(m.head, mindspore.float32))),
    "tensor of a power": lambda m, q, k, v: by_hand(q, k, v, lambda s: s * Tensor(m.head**-0.5, mindspore.float32)),
    "add": lambda m, q, k, v: by_hand(q, k, v, lambda s: mint.add(ops.ones((7, 7), s.dtype), s, alpha=m.head**-0.5)),
    "baddbmm": batched,
    "root of a root": lambda m, q, k, v: by_hand(
        q / math.sqrt(math.sqrt(m.head)), k * (1 / math.sqrt(math.sqrt(m.head))), v, lambda s: s
    ),
}
"""Scales that the pruned network computes anew."""

BUILT = {"held": lambda m, q, k, v: by_hand(q, k, v, lambda s: s * m.scale)}
"""Scales that stay what they are."""


class Heads(nn.Cell):
    """Two heads of width 16, and other things that hold a quarter, which is 1 / sqrt(16)."""

    def __init__(self, attend):
        super().__init__()
        self.head, self.attend, self.scale, self.drop = 16, attend, 16**-0.5, nn.Dropout(p=0.25)
        self.q, self.k, self.v, self.out = (nn.Dense(32, 32) for _ in range(4))

    def construct(self, x):
        shape = (x.shape[0], x.shape[1], -1, self.head)
        q, k, v = (layer(x).reshape(shape).swapaxes(1, 2) for layer in (self.q, self.k, self.v))
        y = self.attend(self, q, k, v)
        return self.out(self.drop(y.swapaxes(1, 2).reshape(x.shape[0], x.shape[1], -1)))


@pytest.mark.parametrize("how", [*FOLLOWED, *BUILT])
def test_a_scale_is_made_up_for(how):
    network = Heads({**FOLLOWED, **BUILT}[how]).set_train(False)
    x = np.random.default_rng(0).standard_normal((2, 7, 32)).astype(np.float32)
    graph = parse(MindsporeBackend(), network, x, proof=False)
    assert [(g.mids, g.size) for g in graph.groups] == [((0, 1, 2), 16)]
    plan = PrunePlan.uniform(graph, 0.5)
    found = assert_exact(network, x, graph=graph, plan=plan)
    assert found.error < 1e-5 and found.effect > 1e-2
    small = prune(network, graph, plan)
    assert (small.head, small.scale) == (8, 0.25)


class Mha(nn.Cell):
    """MindSpore's own attention, whose forward computes the scale."""

    def __init__(self, dim, heads, extra):
        super().__init__()
        self.a, self.norm, self.b, self.extra = nn.Dense(3, dim), nn.LayerNorm((dim,)), nn.Dense(dim, 4), extra
        self.attention = nn.MultiheadAttention(dim, heads, batch_first=True)

    def construct(self, x):
        x = self.a(x)
        y = self.norm(x)
        return self.b(self.extra((x + self.attention(y, y, y)[0]).swapaxes(1, 2)).swapaxes(1, 2))


@pytest.mark.parametrize(
    ("dim", "heads", "extra"), [(64, 4, lambda: nn.Dropout(p=0.25)), (200, 2, lambda: nn.BatchNorm1d(200))]
)
def test_a_number_that_another_cell_holds_is_not_meant(dim, heads, extra):
    """0.25 is 1 / sqrt(16), and 0.1, the momentum, is 1 / sqrt(100)."""
    network = Mha(dim, heads, extra()).set_train(False)
    x = np.random.default_rng(0).standard_normal((2, 7, 3)).astype(np.float32)
    graph = parse(MindsporeBackend(), network, x, proof=False)
    assert [layer.name for layer in graph.layers if layer.protected] == ["b"]
    assert assert_exact(network, x, graph=graph).error < 1e-5


def turned(x):
    return x.swapaxes(1, 2)


SHARED = {
    "with itself": lambda m, x: ops.matmul(turned(f := m.a(x)), f) / math.sqrt(f.shape[1]),
    "halves of the batch": lambda m, x: (
        ops.matmul(turned((f := m.a(ops.cat((x, 2 * x))))[:2]), f[2:]) / f.shape[1] ** 0.5
    ),
    "two calls": lambda m, x: ops.matmul(turned(m.a(x)), m.a(2 * x)) / math.sqrt(m.a.out_channels),
    "a layer's own size": lambda m, x: ops.matmul(turned(m.a(x)), m.b(x)) / math.sqrt(m.a.out_channels),
}
"""Correlations of what one layer makes with itself: its rows are a factor of the result twice."""

OTHERWISE = {
    "divided by": lambda m, x: ops.matmul(turned(ops.exp(m.a(x))), ops.ones((1,)) / m.b(x)) / m.a.out_channels**0.5,
    "a square": lambda m, x: ops.matmul(turned(ops.exp(m.a(x))), (f := m.b(x)) * f) / math.sqrt(f.shape[1]),
    "distances": lambda m, x: ops.cdist(turned(m.a(x)), turned(m.b(x))) / math.sqrt(m.a.out_channels),
}
"""What is no multiple of the rows of a layer, or not once."""


class Correlated(nn.Cell):
    """A correlation volume, divided by the root of the number of channels."""

    def __init__(self, correlate):
        super().__init__()
        self.correlate = correlate
        self.a, self.b = (nn.Conv1d(3, 16, 1, has_bias=True) for _ in range(2))
        self.out = nn.Dense(6, 4)

    def construct(self, x):
        return self.out(self.correlate(self, x))


@pytest.mark.parametrize("how", [*SHARED, *OTHERWISE])
def test_how_often_a_layer_is_a_factor(how):
    network = Correlated({**SHARED, **OTHERWISE}[how]).set_train(False)
    x = np.random.default_rng(0).random((2, 3, 6)).astype(np.float32)
    graph = parse(MindsporeBackend(), network, x, proof=False)
    assert bool(graph.groups) or how in OTHERWISE
    if graph.groups:
        assert assert_exact(network, x, graph=graph, plan=PrunePlan.uniform(graph, 0.5)).error < 1e-4
