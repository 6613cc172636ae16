"""Sizes on their way through a network's code, and where cells hold them: found, adapted, and nothing else changed."""

from __future__ import annotations

import math
from functools import partial
from types import SimpleNamespace

import mindspore
import numpy as np
import pytest
from mindspore import Tensor, nn, ops

from prunekit import PrunePlan, trace
from prunekit.core.testing import assert_exact

UNKNOWN = "where that number comes from is not known"
X = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)

HALVES = {
    "int": lambda x: int(x.shape[1]) // 2,
    "int of a quotient": lambda x: int(x.shape[1] / 2),
    "shift": lambda x: x.shape[1] >> 1,
    "round": lambda x: round(x.shape[1] * 0.5),
    "np.prod": lambda x: int(np.prod(x.shape[1:2])) // 2,
    "numel": lambda x: x[0].numel() // (2 * x.shape[2] * x.shape[3]),
    "size": lambda x: x.size // (2 * x.shape[0] * x.shape[2] * x.shape[3]),
    "ops.numel": lambda x: ops.numel(x[0]) // (2 * x.shape[2] * x.shape[3]),
    "ops.size": lambda x: int(ops.size(x) / (2 * x.shape[0] * x.shape[2] * x.shape[3])),
    "len": lambda x: len(x[0]) // 2,
    "ops.shape": lambda x: ops.shape(x)[1] // 2,
}


class Halves(nn.Cell):
    """Channels as two halves, each of a size that some code computes."""

    def __init__(self, half):
        super().__init__()
        self.a, self.b, self.c, self.half = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 6, 1), nn.Conv2d(6, 4, 1), half

    def construct(self, x):
        x = self.a(x)
        n, _, h, w = x.shape
        halves = x.reshape(n, 2, self.half(x), h, w).transpose(0, 2, 1, 3, 4)
        return self.c(ops.relu(self.b(halves.reshape(n, -1, h, w))))


def exact(network, x, graph, groups):
    """These groups, nothing that the proof had to find out, and half of them goes exactly."""
    assert (len(graph.groups), graph.frozen) == (groups, ())
    return assert_exact(network, x, graph=graph, plan=PrunePlan.uniform(graph, 0.5), tolerance=1e-4)


@pytest.mark.parametrize("name", HALVES)
def test_halves(name):
    network = Halves(HALVES[name])
    graph = trace(network, X)
    assert [(g.size, g.per_unit) for g in graph.groups] == [(8, 2), (6, 1)]
    exact(network, X, graph, 2)


def test_a_size_that_is_computed_otherwise_is_told_as_such():
    graph = trace(Halves(lambda x: math.gcd(x.shape[1], x.shape[2])), X)
    assert ["computes its size" in reason for reason, _ in graph.layers[0].protected] == [True]


def test_a_lost_origin_is_told_as_unknown():
    graph = trace(Halves(lambda x: int(str(x.shape[1])) // 2), X)
    assert [f"{UNKNOWN}" in reason for reason, _ in graph.layers[0].protected] == [True]


def cut(x, width):
    return ops.split(x, width, 1)


def enclosing(width):
    return lambda x: ops.split(x, width, 1)


HELD = {
    "dict": lambda cell, x: ops.split(x, **cell.settings),
    "namespace": lambda cell, x: cut(x, cell.space.width),
    "nested": lambda cell, x: cut(x, cell.nested["a"][0]),
    "property": lambda cell, x: cut(x, cell.read),
    "class": lambda cell, x: cut(x, cell.inherited),
    "partial of ours": lambda cell, x: cell.part(x),
    "partial of theirs": lambda cell, x: cell.split(x),
    "function of theirs": lambda cell, x: cell.function(x, cell.space.width, 1),
    "closure": lambda cell, x: cell.closure(x),
    "int": lambda cell, x: cut(x, int(cell.space.width)),
}


class Parent(nn.Cell):
    inherited = 16


class Holder(Parent):
    """A size of 16 in every place, of which the forward uses one."""

    def __init__(self, how):
        super().__init__()
        self.how, self._width, self.nested, self.space = how, 16, {"a": [16]}, SimpleNamespace(width=16)
        self.settings = {"split_size_or_sections": 16, "axis": 1}
        self.part, self.closure, self.function = partial(cut, width=16), enclosing(16), ops.split
        self.split = partial(ops.split, split_size_or_sections=16, axis=1)
        self.a, self.b, self.c = nn.Conv2d(3, 32, 3), nn.Conv2d(16, 16, 3), nn.Conv2d(32, 8, 1)

    @property
    def read(self):
        return self._width

    def construct(self, x):
        u, v = HELD[self.how](self, self.a(x))
        return self.c(ops.concat((u, self.b(v)), 1))


def held(cell):
    parts = cell.split.keywords, cell.part.keywords, cell.settings, cell.nested, vars(cell.space)
    found = [(key, type(value), value) for part in parts for key, value in part.items()]
    return found, cell._width, "inherited" in vars(cell)


@pytest.mark.parametrize("how", HELD)
def test_held(how):
    network = Holder(how)
    before, functions = held(network), (network.function, network.split.func, network.closure)
    graph = trace(network, X)
    exact(network, X, graph, 2)
    assert held(network) == before and Parent.inherited == 16 and network.nested["a"] == [16]
    assert (network.function, network.split.func, network.closure) == functions


@pytest.mark.parametrize(
    "made",
    [
        lambda n, c: Tensor(np.ones((n, 1, c))),
        lambda n, c: Tensor(np.zeros((n, 1, c)).astype(np.float32)),
        lambda n, c: Tensor.from_numpy(np.full((n, 1, c), 2, np.float32)),
        lambda n, c: ops.ones((n, 1, c), mindspore.float32),
    ],
)
def test_tensors_of_arrays_that_are_made_of_sizes(made):
    class Net(nn.Cell):
        def __init__(self):
            super().__init__()
            self.p, self.q = nn.Dense(8, 16), nn.Dense(16, 4)
            self.t = mindspore.Parameter(Tensor(np.ones((1, 1, 16), np.float32)), name="t")

        def construct(self, x):
            x = self.p(x)
            t = self.t.expand_as(made(x.shape[0], self.t.shape[2]))
            return self.q(ops.concat((t, x), 1))

    x = X.reshape(2, 24, 8)
    network = Net()
    exact(network, x, trace(network, x), 1)
    assert type(np.ones((2, 2))) is np.ndarray
