"""Networks get copies: what they write into their inputs and targets stays with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mindspore
import numpy as np
from mindspore import Tensor, nn, ops

from prunekit import recalibrate, shrink, trace
from prunekit.core.testing import assert_exact
from prunekit.plugins.backends.mindspore.backend import MindsporeBackend
from prunekit.plugins.backends.mindspore.forward import handed_over
from prunekit.plugins.cost_estimators.latency_mindspore import MeasuredLatency
from prunekit.plugins.trainers.mindspore.trainer import Trainer

BACKEND = MindsporeBackend()
ARRAY = np.random.default_rng(0).random((4, 3, 8, 8), np.float32)


class InPlace(nn.Cell):
    """Writes into its input, and into its targets."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm, self.b = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 4, 3)
        self.mean = Tensor(np.full((1, 3, 1, 1), 0.5, np.float32))

    def construct(self, x):
        x.sub_(self.mean)
        x[:, 1] = 2 * x[:, 0]
        return ops.mean(self.b(ops.relu(self.norm(self.a(x)))), (2, 3))

    def loss(self, outputs, target):
        target[:] = 1
        return (outputs * target.reshape(-1, 1)).mean()


class OutOfPlace(InPlace):
    def construct(self, x):
        return super().construct(x.copy())


def pair() -> list[nn.Cell]:
    return [BACKEND.build(kind, {}, 0) for kind in (InPlace, OutOfPlace)]


def test_a_forward_that_writes_into_its_input_is_followed():
    network, plain = pair()
    x = Tensor(ARRAY)
    graph = trace(network, x)
    assert [group.size for group in graph.groups] == [8] and not graph.frozen
    assert graph.signature == trace(plain, x).signature
    assert assert_exact(network, x, graph=graph).error < 1e-5
    assert np.array_equal(x.asnumpy(), ARRAY)


def test_nobodys_tensors_are_written_into():
    network, plain = pair()
    x, labels = Tensor(ARRAY), Tensor(np.zeros(4, np.float32))
    batches = [(x, labels), (ARRAY.copy(), labels)] * 2
    found = recalibrate(network, batches), shrink(network, x, 0.7, batches)
    BACKEND.train_once(pair()[0], x)
    MeasuredLatency(warmup=0, repeats=1).compare({"one": network}, x, "CPU")
    first, *_, last = (outputs for outputs, _ in BACKEND.run(network, batches))
    Trainer(epochs=2).fit(pair()[0], lambda epoch: [(x, labels)])
    assert np.array_equal(x.asnumpy(), ARRAY) and not labels.asnumpy().any() and np.array_equal(first, last)
    wanted = recalibrate(plain, batches), shrink(plain, x, 0.7, batches)
    for one, other in zip(found, wanted, strict=True):
        assert np.array_equal(one.norm.moving_mean.asnumpy(), other.norm.moving_mean.asnumpy())


def test_one_tensor_in_two_places_is_one_copy():
    x, y = Tensor(np.zeros(3, np.float32)), Tensor(np.zeros(2), mindspore.bfloat16)
    given = handed_over(({"a": x, "b": [x]}, y, 3))
    assert given[0]["a"] is given[0]["b"][0] is not x and given[1].dtype == mindspore.bfloat16 and given[2] == 3
    given[0]["a"][0] = 1
    assert not x.asnumpy().any()


@dataclass
class Batch:
    images: Any
    sizes: list[Any]


def test_dataclasses_are_handed_over_and_returned():
    class Net(InPlace):
        def construct(self, batch):
            return Batch(super().construct(batch.images), [batch.sizes[0] + 1])

    batch = Batch(Tensor(ARRAY), [np.ones(1, np.float32)])
    network = BACKEND.build(Net, {}, 0)
    graph = trace(network, (batch,))
    assert [group.size for group in graph.groups] == [8] and graph.operators.output_names == ["images", "sizes.0"]
    ((outputs, _),) = BACKEND.run(network, [((batch,), 0)])
    assert type(outputs) is Batch and outputs.images.shape == (4, 4) and outputs.sizes[0].tolist() == [2]
    assert np.array_equal(batch.images.asnumpy(), ARRAY)
