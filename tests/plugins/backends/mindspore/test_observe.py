"""Weights that the forward computes, as they are observed, pruned and compensated; moments in half precision."""

from __future__ import annotations

import mindspore
import numpy as np
import pytest
from mindspore import Parameter, Tensor, nn, ops

import prunekit
from prunekit import PrunePlan
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend

BACKEND = MindsporeBackend()
X = np.random.default_rng(1).standard_normal((8, 3, 12, 12)).astype(np.float32)


class Normed(nn.Conv2d):
    """Weight normalization: a direction and a length."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs, 3, pad_mode="valid", has_bias=True)
        rng = np.random.default_rng(outputs)
        self.weight.set_data(Tensor(rng.standard_normal(self.weight.shape).astype(np.float32)))
        self.bias.set_data(Tensor(rng.standard_normal(outputs).astype(np.float32)))
        self.gain = Parameter(Tensor((rng.random((outputs, 1, 1, 1)) + 0.5).astype(np.float32)), name="gain")

    def applied(self):
        rows = self.weight.reshape(self.weight.shape[0], -1)
        return self.gain * ops.L2Normalize(axis=1)(rows).reshape(self.weight.shape)

    def construct(self, x):
        return ops.conv2d(x, self.applied(), self.bias)


class Masked(Normed):
    """The mask comes first, as in pruning libraries."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        mask = np.ones(self.weight.shape, np.float32)
        mask[::2] = 0
        self.mask = Tensor(mask)

    def applied(self):
        return self.mask * self.weight


class Scaled(Normed):
    def applied(self):
        return self.gain * (self.weight * 0.1)


def nets(kind):
    """A network that computes its weights, and one that has them."""
    kinds = [kind(3, 16), kind(16, 24), kind(24, 12)]
    plain = [nn.Conv2d(k.in_channels, k.out_channels, 3, pad_mode="valid", has_bias=True) for k in kinds]
    for mine, other in zip(kinds, plain, strict=True):
        other.weight.set_data(Tensor(mine.applied().asnumpy()))
        other.bias.set_data(Tensor(mine.bias.asnumpy()))
    head = nn.Dense(12, 5)
    parts = [nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head]
    return [nn.SequentialCell(a, nn.ReLU(), b, nn.ReLU(), c, *parts).set_train(False) for a, b, c in (kinds, plain)]


def far(a, b):
    return abs(a - b).max() / abs(b).max()


@pytest.mark.parametrize("kind", [Normed, Masked, Scaled])
def test_computed_weights_are_those_that_are_applied(kind):
    """What stays computes what it did; ranks and compensation are those of plain weights."""
    network, plain = nets(kind)
    graph, other = prunekit.trace(network, X), prunekit.trace(plain, X)
    assert not any("compensation" in note for note in graph.notes)
    assert graph.signature == other.signature
    scores, wanted = (prunekit.core.pruning.magnitude_scores(g) for g in (graph, other))
    for gid in wanted:
        np.testing.assert_allclose(scores[gid], wanted[gid], rtol=1e-5)
    rng, batches = np.random.default_rng(1), [(X, np.zeros(8))]
    plan = PrunePlan.uniform(graph, 0.5, {g.id: rng.random(g.size) for g in graph.groups})
    small, small_plain = prunekit.prune(network, graph, plan), prunekit.prune(plain, other, plan)
    outputs = [net(Tensor(X)).asnumpy() for net in (small, small_plain, network)]
    assert far(outputs[0], outputs[1]) < 1e-5 < far(outputs[0], outputs[2])
    got = prunekit.compensate(network, small, graph, plan, batches)(Tensor(X)).asnumpy()
    expected = prunekit.compensate(plain, small_plain, other, plan, batches)(Tensor(X)).asnumpy()
    assert far(got, expected) < 1e-4 < far(got, outputs[0])


def test_moments_of_half_precision_are_finite():
    """Squares of what layers read are above 65,504, which ends float16."""
    network = nn.SequentialCell(nn.Dense(6, 8), nn.ReLU(), nn.Dense(8, 4)).set_train(False)
    x = np.random.default_rng(0).random((64, 6)).astype(np.float32) * 400
    graph = prunekit.trace(network, x)
    wanted = BACKEND.observe(network, graph, [(x, 0)])
    got = BACKEND.observe(network.to_float(mindspore.float16), graph, [(x.astype(np.float16), 0)])
    for name, matrix in wanted.matrices.items():
        np.testing.assert_allclose(got.matrices[name], matrix, rtol=0.01, atol=0.01 * abs(matrix).max())
