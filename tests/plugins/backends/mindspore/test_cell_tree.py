"""Cells and what they hold are found whatever a network calls its attributes."""

from __future__ import annotations

import numpy as np
import pytest
from mindspore import Parameter, Tensor, nn
from mindspore_cases import Scaled

from prunekit import PrunePlan, prune, recalibrate, trace
from prunekit.core.testing import assert_exact
from prunekit.core.weights import read_weights
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend
from prunekit.plugins.backends.mindspore.recorder import named_tensors

BACKEND = MindsporeBackend()
X = np.random.default_rng(0).random((2, 3, 6, 6), np.float32)
NAMES = [
    "cells",
    "name_cells",
    "set_train",
    "named_buffers",
    "buffers",
    "parameters_dict",
    "trainable_params",
    "children",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_network_may_use_the_names_of_mindspores_methods(name, tmp_path):
    network, plain = BACKEND.build(Scaled, {}, 0), BACKEND.build(Scaled, {}, 0)
    held = [network.a, network.b]
    setattr(network, name, held)
    graph = trace(network, X)
    assert graph.signature == trace(plain, X).signature and [group.size for group in graph.groups] == [8]
    plan = PrunePlan.uniform(graph, 0.5)
    small = recalibrate(prune(network, graph, plan), [(X, 0)])
    BACKEND.save(small, tmp_path / "w.ckpt")
    BACKEND.load(small, read_weights(tmp_path / "w.ckpt", BACKEND))
    assert np.array_equal(small(Tensor(X)).asnumpy(), prune(plain, graph, plan)(Tensor(X)).asnumpy())
    assert getattr(network, name) is held


class Tables(Scaled):
    """Tensors with one number for each channel, in collections."""

    def __init__(self) -> None:
        super().__init__()
        ones = np.arange(1, 9, dtype=np.float32).reshape(-1, 1, 1)
        self.shifts, self.by_name = [Tensor(ones), 1, "text"], {"x": (Tensor(ones + 3),)}
        self.learned = [Parameter(Tensor(ones), name="learned")]

    def construct(self, x):
        return self.b((self.a(x) + self.shifts[0]) * self.by_name["x"][0] * self.learned[0])


def test_tensors_in_collections_go_with_their_channels():
    network = BACKEND.build(Tables, {}, 0)
    names = [name for name, _ in named_tensors(network)]
    assert {"shifts[0]", "by_name['x'][0]", "learned[0]"} <= set(names)
    graph = trace(network, X)
    assert [group.size for group in graph.groups] == [8] and not graph.frozen
    assert assert_exact(network, X, graph=graph).error < 1e-5
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5, {0: np.arange(8.0)}))
    assert small.shifts[0].asnumpy().flatten().tolist() == [5, 6, 7, 8] and small.shifts[1:3] == [1, "text"]
    assert network.shifts[0].shape == (8, 1, 1)
    assert isinstance(small.learned[0], Parameter) and small.learned[0].shape == (4, 1, 1)


class Keeping(nn.Cell):
    """Keeps its activations, and adds what it kept from the call before."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 3)
        self.features, self.stash, self.before = None, {}, None

    def construct(self, x):
        x = self.a(x) if self.before is None else self.a(x) + self.before
        self.features, self.stash["x"] = x, x
        self.before = x.mean((0, 2, 3), keep_dims=True)
        return self.b(x)


def test_kept_activations_do_not_stand_in_the_way():
    network = BACKEND.build(Keeping, {}, 0)
    network(Tensor(X))
    graph = trace(network, X)
    assert [group.size for group in graph.groups] == [8]
    plan = PrunePlan.uniform(graph, 0.5)
    network(Tensor(np.concatenate([X, X])))  # other sizes than when it was traced
    assert prune(network, graph, plan).before.shape == (1, 4, 1, 1)
    fresh = prune(BACKEND.build(Keeping, {}, 0), graph, plan)
    assert fresh.before is None and fresh(Tensor(X)).shape == (2, 4, 6, 6)
