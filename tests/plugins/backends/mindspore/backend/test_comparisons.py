"""Code that compares sizes: whatever a plan asks for, the network takes the branch that it took."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mindspore import nn, ops

from prunekit import PrunePlan, prune
from prunekit.core.parsing.parse import parse
from prunekit.core.pruning import Ranking
from prunekit.core.pruning.plan import PlanError
from prunekit.core.testing import assert_exact
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend


def shortcut(m, x):
    y = m.f(x)
    if x.shape[1] != y.shape[1]:
        x = m.proj(x)
    return x + y


def by_operator(m, x):
    y = m.f(x)
    if ops.shape(x)[1] != ops.shape(y)[1]:
        x = m.proj(x)
    return x + y


def of_layers(m, x):
    y = m.f(x)
    if m.proj.in_channels != m.f.out_channels:
        x = m.proj(x)
    return x + y


def of_attributes(m, x):
    y = m.f(x).reshape(len(x), m.o, -1).reshape(len(x), m.o, *x.shape[2:])
    if m.i != m.o:
        x = m.proj(x)
    return x + y


def bounded(m, x):
    return m.f(ops.relu(x) if x.shape[1] > 10 else x)


def bounded_layer(m, x):
    return m.f(ops.relu(x) if m.first.out_channels >= 10 else x)


def bounded_norm(m, x):
    return m.f(ops.relu(m.norm(x)) if m.norm.num_features > 10 else x)


def bounded_dense(m, x):
    y = m.dense(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    return m.f(ops.relu(y) if m.dense.in_channels >= 10 else y)


def multiple(m, x):
    return m.f(ops.relu(x) if x.shape[1] % 4 == 0 else x)


def one_of_a_set(m, x):
    return m.f(ops.relu(x) if x.shape[1] in {6, 8} else x)


def one_of_keys(m, x):
    return m.f(ops.relu(x) if x.shape[1] in frozenset((8, 12)) else x)


def ratio(m, x):
    return m.f(ops.relu(x) if x.shape[1] / 8 > 1.4 and x.shape[1] > 10.5 else x)


def rooted(m, x):
    return m.f(ops.relu(x) if math.log2(x.shape[1]) >= 3.5 and np.int64(10) < x.shape[1] else x)


def converted(m, x):
    return m.f(ops.relu(x) if int(float(x.shape[1])) > 10 else x)


def insisting(m, x):
    assert x.shape[1] == m.i, "another width"
    return m.f(x)


BODIES = (
    shortcut, by_operator, of_layers, of_attributes, bounded, bounded_layer, bounded_norm, bounded_dense, multiple,
    one_of_a_set, one_of_keys, ratio, rooted, converted, insisting,
)  # fmt: skip


class Compares(nn.Cell):
    def __init__(self, body, first=16, second=24):
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, first, 3, has_bias=True), nn.BatchNorm2d(first)
        self.f, self.proj = (nn.Conv2d(first, second, k, has_bias=True) for k in (3, 1))
        self.dense, self.last, self.body = nn.Dense(first, first), nn.Conv2d(second, 4, 1), body
        self.i, self.o = first, second

    def construct(self, x):
        return self.last(self.body(self, self.first(x)))


def traced(body):
    network = Compares(body).set_train(False)
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 6)).astype(np.float32)
    return network, x, parse(MindsporeBackend(), network, x, proof=False)


@pytest.mark.parametrize("body", BODIES)
def test_no_ratio_makes_another_function(body):
    network, x, graph = traced(body)
    assert [g.size for g in graph.groups][::2] in ([16], [16, 24]) and not any(
        layer.protected for layer in graph.layers[:-1]
    )
    for share in (0.0, 0.5, 0.66):
        assert assert_exact(network, x, graph=graph, plan=PrunePlan.uniform(graph, share)).error < 1e-5
    first = PrunePlan.from_ratios(graph, {0: 0.75, graph.groups[-1].id: 0.5})  # 12 and 12
    assert assert_exact(network, x, graph=graph, plan=first).error < 1e-5


def test_a_plan_of_counts_is_refused():
    network, _, graph = traced(shortcut)
    rankings = {g.id: Ranking(np.arange(g.size), np.zeros(g.size + 1)) for g in graph.groups}
    told = r"test_comparisons.py:\d+: x.shape\[1\] != y.shape\[1\] .*16 != 24 is True, 12 != 12 would be False"
    with pytest.raises(PlanError, match=told):
        prune(network, graph, PrunePlan.from_counts(graph, [12, 12], rankings))


def test_checks_of_the_framework_cost_nothing():
    class Attends(nn.Cell):
        def __init__(self):
            super().__init__()
            self.embed, self.attention, self.head = nn.Dense(5, 24), nn.MultiheadAttention(24, 4), nn.Dense(24, 3)

        def construct(self, x):
            x = self.embed(x)
            return self.head(self.attention(x, x, x)[0])

    network = Attends().set_train(False)
    x = np.random.default_rng(0).standard_normal((7, 2, 5)).astype(np.float32)
    graph = parse(MindsporeBackend(), network, x, proof=False)
    assert graph.groups and graph.operators.compared and not graph.comparisons
    assert assert_exact(network, x, graph=graph).error < 1e-5
