"""What training returns and evaluation does not, and outputs that do not matter."""

from __future__ import annotations

import numpy as np
import pytest
from mindspore import Tensor, nn, ops

from prunekit import PrunePlan, prune, trace
from prunekit.core.graph.outputs import OutputError
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend

BACKEND = MindsporeBackend()
X = np.random.default_rng(0).random((1, 3, 8, 8), np.float32)


class Heads(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.head, self.aux = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 5, 1), nn.Conv2d(8, 5, 1)
        self.large = nn.Conv2d(8, 5, 9, pad_mode="valid")


class Dropped(Heads):
    """Evaluation computes both and returns one."""

    def construct(self, x):
        x = ops.relu(self.a(x))
        out, aux = self.head(x), self.aux(x)
        return (out, aux) if self.training else out


class TooLarge(Heads):
    """Training runs a head that the example is too small for."""

    def construct(self, x):
        x = ops.relu(self.a(x))
        out, _ = self.head(x), self.aux(x)
        return (out, self.large(x)) if self.training else out


class Several(Heads):
    def construct(self, x):
        x = ops.relu(self.a(x))
        return self.head(x), (x, self.aux(x))


def test_a_head_that_evaluation_drops_keeps_its_classes():
    network = BACKEND.build(Dropped, {}, 0)
    graph = trace(network, X)
    assert [group.size for group in graph.groups] == [8] and not graph.frozen
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5)).set_train(True)
    assert [part.shape[1] for part in small(Tensor(np.concatenate([X, X])))] == [5, 5]


def test_a_training_forward_that_fails_is_told_as_that():
    graph = trace(BACKEND.build(TooLarge, {}, 0), X)
    (note,) = [note for note in graph.notes if "large" in note]
    assert note.startswith(
        "not read in evaluation: large.weight; whether training reads them is not known, for its forward fails on the"
        " example inputs (ValueError: For 'Conv2d', input shape's h and w"
    )
    kept = {layer.name: [reason for reason, _ in layer.protected] for layer in graph.layers}
    assert kept["aux"] == ["is computed and not returned, so what reads it is not known"] and not kept["a"]


def test_outputs_that_do_not_matter():
    network = BACKEND.build(Several, {}, 0)
    assert [group.size for group in trace(network, X).groups] == []
    graph = trace(network, X, outputs=[0, "1.1"])
    assert [group.size for group in graph.groups] == [8] and not graph.frozen
    assert "proven by values: a random part of every group removed" in graph.notes
    with pytest.raises(OutputError, match=r"returns no '2', but 0, 1\.0, 1\.1"):
        trace(network, X, outputs=[2])
