"""Factors that the code computes from a size: however it writes them, what is left computes what it did."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from prunekit import PrunePlan, prune, trace
from prunekit.core.parsing.parse import parse
from prunekit.core.testing import assert_exact
from prunekit.plugins.backends.pytorch.backend import PytorchBackend


def by_hand(q, k, v, scaled):
    return scaled(q @ k.transpose(-2, -1)).softmax(-1) @ v


def batched(m, q, k, v, alpha, **named):
    n, heads, length, _ = q.shape
    mask = torch.ones(1, length, length, dtype=q.dtype).tril()
    scores = torch.baddbmm(mask, q.flatten(0, 1), k.flatten(0, 1).transpose(1, 2), alpha=alpha, **named)
    return scores.view(n, heads, length, length).softmax(-1) @ v


FOLLOWED = {
    "sdpa": lambda m, q, k, v: scaled_dot_product_attention(q, k, v, scale=1 / math.sqrt(m.head)),
    "sdpa, power": lambda m, q, k, v: scaled_dot_product_attention(q, k, v, scale=m.head**-0.5),
    "sdpa, of a shape": lambda m, q, k, v: scaled_dot_product_attention(q, k, v, scale=q.shape[-1] ** -0.5),
    "sdpa, masked": lambda m, q, k, v: scaled_dot_product_attention(
        q, k, v, torch.ones(7, 7, dtype=torch.bool).tril(), scale=m.head**-0.5
    ),
    "sdpa, three axes": lambda m, q, k, v: scaled_dot_product_attention(
        q.flatten(0, 1), k.flatten(0, 1), v.flatten(0, 1), scale=m.head**-0.5
    ).view(q.shape),
    "baddbmm": lambda m, q, k, v: batched(m, q, k, v, 1 / math.sqrt(m.head)),
    "baddbmm, beta": lambda m, q, k, v: batched(m, q, k, v, m.head**-0.5, beta=0),
    "add": lambda m, q, k, v: by_hand(
        q, k, v, lambda s: torch.add(torch.ones(7, 7, dtype=s.dtype).tril(), s, alpha=m.head**-0.5)
    ),
    "np.sqrt": lambda m, q, k, v: by_hand(q, k, v, lambda s: s / np.sqrt(m.head)),
    "np.power": lambda m, q, k, v: by_hand(q, k, v, lambda s: s * np.power(float(m.head), -0.5)),
    "full": lambda m, q, k, v: by_hand(q, k, v, lambda s: s / torch.full([], v.size(-1) ** 0.5, dtype=v.dtype)),
    "tensor": lambda m, q, k, v: by_hand(q, k, v, lambda s: s / torch.sqrt(torch.tensor(m.head, dtype=s.dtype))),
    "rsqrt": lambda m, q, k, v: by_hand(q, k, v, lambda s: s * torch.tensor(m.head).to(s.dtype).rsqrt()),
    "pow": lambda m, q, k, v: by_hand(q, k, v, lambda s: s * torch.tensor(float(m.head), dtype=s.dtype) ** -0.5),
    "reciprocal": lambda m, q, k, v: by_hand(q, k, v, lambda s: s * (1 / s.new_tensor(m.head).sqrt())),
    "multiple": lambda m, q, k, v: by_hand(
        q, k, v, lambda s: s / torch.sqrt(torch.tensor(q.size(-1), dtype=s.dtype) * 3)
    ),
    "a real number on the left": lambda m, q, k, v: by_hand(q, k, v, lambda s: s * (0.5 * m.head) ** -0.5),
    "divided on the left": lambda m, q, k, v: by_hand(q, k, v, lambda s: s * (2.0 / m.head)),
    "an integer": lambda m, q, k, v: by_hand(q, k, v, lambda s: s / m.head),
    "a multiple of a power": lambda m, q, k, v: by_hand(q, k, v, lambda s: s * -(2 * m.head**-0.5)),
    "a power of a power": lambda m, q, k, v: by_hand(q, k, v, lambda s: s * (m.head**-0.5) ** 2),
    "a root of a root": lambda m, q, k, v: by_hand(q, k, v, lambda s: s / math.sqrt(math.sqrt(m.head))),
    "exp and log": lambda m, q, k, v: by_hand(q, k, v, lambda s: s * math.exp(-0.5 * math.log(m.head))),
    "one more": lambda m, q, k, v: by_hand(q, k, v, lambda s: s / math.sqrt(m.head + 1)),
    "a whole root": lambda m, q, k, v: by_hand(q, k, v, lambda s: s / math.isqrt(m.head)),
    "of a copy": lambda m, q, k, v: by_hand(q, k, v, lambda s: s.clone() * m.head**-0.5),
    "of places": lambda m, q, k, v: by_hand(
        q, k, v, lambda s: s.gather(-1, torch.arange(6, -1, -1).expand(s.shape)) / math.sqrt(m.head)
    ),
    "root of a root": lambda m, q, k, v: by_hand(
        q / math.sqrt(math.sqrt(m.head)), k * (1 / math.sqrt(math.sqrt(q.shape[-1]))), v, lambda s: s
    ),
    "in single precision": lambda m, q, k, v: by_hand(
        q, k, v, lambda s: s / torch.sqrt(torch.tensor(q.size(-1), dtype=torch.float32)).to(s.dtype)
    ),
    "in place": lambda m, q, k, v: scaled_dot_product_attention(q.clone().mul_(m.head**-0.5), k, v, scale=1.0),
}
"""Scales that the pruned network computes anew."""

BUILT = {
    "held": lambda m, q, k, v: scaled_dot_product_attention(q, k, v, scale=m.scale),
    "held, by hand": lambda m, q, k, v: by_hand(q, k, v, lambda s: s * m.scale),
    "literal": lambda m, q, k, v: scaled_dot_product_attention(q, k, v, scale=0.25),
}
"""Scales that stay what they are."""


class Heads(nn.Module):
    """Two heads of width 16, and other things that hold a quarter, which is 1 / sqrt(16)."""

    def __init__(self, attend):
        super().__init__()
        self.head, self.attend, self.scale, self.drop = 16, attend, 16**-0.5, nn.Dropout(0.25)
        self.q, self.k, self.v, self.out = (nn.Linear(32, 32) for _ in range(4))

    def forward(self, x):
        shape = (*x.shape[:-1], -1, self.head)
        q, k, v = (layer(x).view(shape).transpose(1, 2) for layer in (self.q, self.k, self.v))
        y = self.attend(self, q, k, v)
        return self.out(self.drop(y.transpose(1, 2).flatten(2)))


def traced(attend, gain=1.0):
    network, x = Heads(attend).double().eval(), torch.randn(2, 7, 32, dtype=torch.float64)
    with torch.no_grad():
        for layer in (network.q, network.k):
            layer.weight.mul_(gain)
    return network, x, parse(PytorchBackend(), network, x, proof=False)


@pytest.mark.parametrize("gain", [0.3, 3.0])
@pytest.mark.parametrize("how", [*FOLLOWED, *BUILT])
def test_a_scale_is_made_up_for(how, gain):
    network, x, graph = traced({**FOLLOWED, **BUILT}[how], gain)
    assert [(g.mids, g.size) for g in graph.groups] == [((0, 1, 2), 16)]
    found = assert_exact(network, x, graph=graph, plan=PrunePlan.uniform(graph, 0.5))
    assert found.error < 1e-12 and found.effect > 1e-3
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert (small.head, small.scale) == (8, 0.25)


class Crossed(nn.Module):
    """torch's own attention to another sequence: it cuts its weight into parts, by multiples of the width."""

    def __init__(self, values):
        super().__init__()
        self.a, self.b, self.norm, self.out = nn.Linear(8, 32), nn.Linear(8, 32), nn.LayerNorm(32), nn.Linear(32, 5)
        self.attention, self.values = nn.MultiheadAttention(32, 4, batch_first=True), values

    def forward(self, x, y):
        x, y = self.a(x), self.b(y)
        return self.out(x + self.attention(self.norm(x), y, self.values(y))[0])


@pytest.mark.parametrize("values", [nn.Identity(), nn.ReLU()], ids=["keys are values", "all differ"])
def test_attention_to_another_sequence(values):
    network, x = Crossed(values).double().eval(), [torch.randn(1, n, 8, dtype=torch.float64) for n in (6, 7)]
    graph = trace(network, tuple(x))
    assert not graph.frozen and [layer.name for layer in graph.layers if layer.protected] == ["out"]
    assert len(graph.proven) == len(graph.groups) > 0
    found = assert_exact(network, tuple(x), graph=graph)
    assert found.error < 1e-12 and found.macs < 0.35 and found.effect > 1e-3


class Rearranged(nn.Module):
    """Queries are divided by the number of heads and keys by their width, which einops multiplies up from 1."""

    def __init__(self):
        super().__init__()
        self.heads, self.width = 4, 8
        self.q, self.k, self.out = nn.Linear(8, 32), nn.Linear(8, 32), nn.Linear(8, 5)

    def forward(self, x):
        q, k = self.q(x), self.k(x)
        q = q.reshape(*q.shape[:2], self.heads, q.shape[2] // (1 * self.heads)).transpose(1, 2)
        k = k.reshape(*k.shape[:2], k.shape[2] // (1 * self.width), self.width).transpose(1, 2)
        return self.out((q @ k.mT).softmax(-1).mean(1) @ x)


def test_heads_of_which_the_code_holds_the_width():
    network, x = Rearranged().double().eval(), torch.randn(2, 7, 8, dtype=torch.float64)
    graph = trace(network, x)
    assert [(g.mids, g.size) for g in graph.groups] == [((0, 1), 8)] and graph.proven == {0}
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert (small.heads, small.width, small.q.out_features, small.k.out_features) == (4, 4, 16, 16)
    assert assert_exact(network, x, graph=graph).error < 1e-12


class Disentangled(nn.Module):
    """DeBERTa: two products with the same keys, each divided by the root of its own operand's width."""

    def __init__(self):
        super().__init__()
        self.head = 16
        self.q, self.p, self.k, self.out = (nn.Linear(32, 32) for _ in range(4))

    def forward(self, x):
        q, p, k = (f(x).unflatten(-1, (-1, self.head)).transpose(1, 2) for f in (self.q, self.p, self.k))
        scores = q @ (k.mT / torch.tensor(q.size(-1), dtype=x.dtype).sqrt())
        scores = scores + (p @ k.mT) / torch.tensor(k.size(-1), dtype=x.dtype).sqrt()
        return self.out((scores.softmax(-1) @ x.unsqueeze(1)).mean(1))


def test_products_that_share_a_factor():
    network, x = Disentangled().double().eval(), torch.randn(2, 7, 32, dtype=torch.float64)
    graph = parse(PytorchBackend(), network, x, proof=False)
    assert [(g.mids, g.size) for g in graph.groups] == [((0, 1, 2), 16)]
    assert {rescale.parameter for rescale in graph.rescales} == {"k.weight", "k.bias"}
    assert assert_exact(network, x, graph=graph).error < 1e-12


class Mha(nn.Module):
    """torch's own attention, whose forward computes the scale."""

    def __init__(self, dim, heads, extra):
        super().__init__()
        self.a, self.norm, self.b, self.extra = nn.Linear(3, dim), nn.LayerNorm(dim), nn.Linear(dim, 4), extra
        self.attention = nn.MultiheadAttention(dim, heads, batch_first=True)

    def forward(self, x):
        x = self.a(x)
        y = self.norm(x)
        return self.b(self.extra((x + self.attention(y, y, y)[0]).mT).mT)


@pytest.mark.parametrize(
    ("dim", "heads", "extra"),
    [(64, 4, nn.Dropout(0.25)), (32, 8, nn.Dropout(0.5)), (200, 2, nn.BatchNorm1d(200)), (64, 4, nn.Dropout(0.3))],
)
def test_a_number_that_another_module_holds_is_not_meant(dim, heads, extra):
    """0.25 is 1 / sqrt(16), 0.5 is 1 / sqrt(4), and 0.1, the momentum, is 1 / sqrt(100)."""
    network, x = Mha(dim, heads, extra).double().eval(), torch.randn(2, 7, 3, dtype=torch.float64)
    graph = trace(network, x)
    assert not graph.frozen and [layer.name for layer in graph.layers if layer.protected] == ["b"]
    assert assert_exact(network, x, graph=graph).error < 1e-12


def correlated(first, second):
    return first.flatten(2).mT @ second.flatten(2) / torch.sqrt(torch.tensor(first.shape[1]))


SHARED = {
    "with itself": lambda m, x: (f := m.a(x)).mT @ f / math.sqrt(f.shape[-2]),
    "halves of the batch": lambda m, x: correlated(*m.a(torch.cat([x, x.flip(0)])).chunk(2)),
    "two calls": lambda m, x: correlated(m.a(x), m.a(x.flip(-1))),
    "sdpa": lambda m, x: scaled_dot_product_attention(f := m.a(x).mT, f, x.mT),
    "sdpa, scaled": lambda m, x: scaled_dot_product_attention(f := m.a(x).mT, f, x.mT, scale=f.shape[-1] ** -0.5),
    "a layer's own size": lambda m, x: m.a(x).mT @ m.b(x) / math.sqrt(m.a.out_channels),
    "a part of it": lambda m, x: (f := m.a(x)).mT @ f * (m.a.weight.shape[0] // 2) ** -0.5,
    "beside a quotient": lambda m, x: m.a(x).mT @ (m.one / m.b(x).exp()) / math.sqrt(m.a.out_channels),
}
"""Correlations of what one layer makes with itself: its rows are a factor of the result twice."""

OTHERWISE = {
    "divided by": lambda m, x: (m.a(x).exp() + 1).mT @ (x.new_ones(1) / m.b(x)) / math.sqrt(m.a.out_channels),
    "one side first": lambda m, x: (f := m.a(x)).mT @ (f * f.shape[1] ** -0.5),
    "and another": lambda m, x: (f := m.a(x)).mT @ f / math.sqrt(f.shape[1]) + f.mT @ m.b(x) / math.sqrt(f.shape[1]),
    "a square": lambda m, x: (m.a(x).exp() + 1).mT @ ((f := m.b(x)) * f) / math.sqrt(f.shape[1]),
    "a square, turned": lambda m, x: (m.a(x).exp() + 1).mT @ ((f := m.b(x)) * f.view(f.shape)) / math.sqrt(f.shape[1]),
    "a square, in two steps": lambda m, x: (m.a(x).exp() + 1).mT @ ((f := m.b(x)) * m.one * f) / math.sqrt(f.shape[1]),
    "distances": lambda m, x: torch.cdist(m.a(x).mT, m.b(x).mT) / math.sqrt(m.a.out_channels),
    "twice in a row": lambda m, x: m.a(x).mT @ m.c(m.c(m.b(x))) / math.sqrt(m.a.out_channels),
}
"""What is no multiple of the rows of a layer, or not once."""


class Correlated(nn.Module):
    """A correlation volume, divided by the root of the number of channels."""

    def __init__(self, correlate):
        super().__init__()
        self.correlate, self.one = correlate, nn.Parameter(torch.ones(1))
        self.a, self.b, self.c, self.out = (
            nn.Conv1d(3, 16, 1),
            nn.Conv1d(3, 16, 1),
            nn.Conv1d(16, 16, 1),
            nn.Linear(6, 4),
        )

    def forward(self, x):
        y = self.correlate(self, x)
        return self.out(y) if y.shape[-1] == 6 else y


@pytest.mark.parametrize("how", [*SHARED, *OTHERWISE])
def test_how_often_a_layer_is_a_factor(how):
    torch.manual_seed(0)
    network, x = Correlated({**SHARED, **OTHERWISE}[how]).double().eval(), torch.rand(2, 3, 6, dtype=torch.float64)
    graph = parse(PytorchBackend(), network, x, proof=False)
    assert bool(graph.groups) or how in OTHERWISE
    if graph.groups:
        assert assert_exact(network, x, graph=graph, plan=PrunePlan.uniform(graph, 0.5)).error < 1e-12
