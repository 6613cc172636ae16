"""Compiled networks: a cell that MindSpore compiles as it runs is recorded; a graph without its code is not."""

from __future__ import annotations

import mindspore
import numpy as np
import pytest
from mindspore import Tensor, nn, ops

from prunekit import trace
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend
from prunekit.registry import PrunekitError

BACKEND = MindsporeBackend()
X = np.random.default_rng(0).random((1, 3, 8, 8), np.float32)


class Plain(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 3)

    def construct(self, x):
        return self.b(ops.relu(self.a(x)))


class Jit(Plain):
    @mindspore.jit
    def construct(self, x):
        return self.b(ops.relu(self.a(x)))


def test_a_cell_that_is_compiled_as_it_runs():
    assert trace(BACKEND.build(Jit, {}, 0), X).signature == trace(BACKEND.build(Plain, {}, 0), X).signature


def test_a_graph_cell(tmp_path):
    file = str(tmp_path / "n.mindir")
    mindspore.export(BACKEND.build(Plain, {}, 0), Tensor(X), file_name=file, file_format="MINDIR")
    graph = nn.GraphCell(mindspore.load(file))
    for network in (graph, nn.SequentialCell(graph, nn.ReLU())):
        with pytest.raises(PrunekitError, match=r"is or holds a GraphCell, a compiled graph.*: pass the network that"):
            trace(network, X)
