from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from prunekit import prune, recalibrate, shrink, trace
from prunekit.core.cost import price
from prunekit.core.pruning.plan import PrunePlan
from prunekit.core.testing import assert_exact
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.backends.pytorch.forward import call, evaluating, handed_over, run, to_numpy
from prunekit.plugins.cost_estimators.latency_pytorch import compare_latency
from prunekit.plugins.trainers.pytorch.trainer import Trainer


class Recorder(nn.Module):
    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return args, kwargs


def test_call_follows_the_contract() -> None:
    one, two = np.zeros((2, 3), np.float64), np.ones((2,), np.int64)
    args, kwargs = call(Recorder(), one, "cpu")
    assert isinstance(args[0], Tensor) and args[0].dtype == torch.float64 and len(args) == 1 and not kwargs
    args, kwargs = call(Recorder(), (one, two), "cpu")
    assert [arg.dtype for arg in args] == [torch.float64, torch.int64]
    args, kwargs = call(Recorder(), {"x": one, "flag": True}, "cpu")
    assert not args and torch.equal(kwargs["x"], torch.zeros(2, 3, dtype=torch.float64)) and kwargs["flag"] is True
    args, kwargs = call(Recorder(), [one, torch.ones(1)], "cpu")
    assert len(args) == 1 and isinstance(args[0], list) and isinstance(args[0][0], Tensor)


def test_read_only_and_strided_arrays_are_taken() -> None:
    array = np.arange(6.0).reshape(2, 3)[:, ::-1]
    array.flags.writeable = False
    args, _ = call(Recorder(), array, "cpu")
    assert args[0].tolist() == [[2, 1, 0], [5, 4, 3]]
    args, _ = call(Recorder(), (np.float32(2), np.bool_(True)), "cpu")
    assert args[0].dtype == torch.float32 and args[1].dtype == torch.bool


def test_to_numpy_goes_into_structures() -> None:
    value = {"a": [torch.ones(2, requires_grad=True)], "b": (torch.ones(1, dtype=torch.bfloat16), 3)}
    found = to_numpy(value)
    assert isinstance(found["a"][0], np.ndarray) and found["b"][0].dtype == np.float32 and found["b"][1] == 3


def test_run_evaluates_without_gradients_and_restores_every_mode() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.9), nn.BatchNorm1d(2))
    network[2].eval()
    modes = [module.training for module in network.modules()]
    data = [(np.ones((4, 2), np.float32), np.arange(4))] * 2
    for outputs, target in run(network, data, "cpu"):
        assert isinstance(outputs, np.ndarray) and target.tolist() == [0, 1, 2, 3]
        assert not network[1].training and torch.is_grad_enabled()
    assert [module.training for module in network.modules()] == modes == [True, True, True, False]
    assert not network[2].num_batches_tracked


def test_modes_are_restored_after_an_error_and_after_closing() -> None:
    network = nn.Linear(2, 2)
    with pytest.raises(RuntimeError), evaluating(network):
        raise RuntimeError
    assert network.training
    stream = run(network, [(np.ones((1, 2), np.float32), 0)] * 3, "cpu")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert network.training


class InPlace(nn.Module):
    """Writes into its input, its mask and its targets."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm, self.b = nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.Conv2d(16, 16, 3)
        self.head = nn.Linear(16, 4)

    def forward(self, x):
        x -= 0.5
        x.clamp_(min=0.0)
        x[:, 1] = 2 * x[:, 0]
        return self.head(self.b(self.norm(self.a(x)).relu_()).mean((2, 3)))

    def loss(self, outputs, target):
        target.fill_(1)
        return nn.functional.cross_entropy(outputs, target)


class OutOfPlace(InPlace):
    def forward(self, x):
        return super().forward(x.clone())


def pair() -> tuple[nn.Module, nn.Module]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        one, other = InPlace().eval(), OutOfPlace().eval()
    other.load_state_dict(one.state_dict())
    return one, other


def test_a_forward_that_writes_into_its_input_is_followed():
    network, plain = (each.double() for each in pair())
    x = torch.rand(2, 3, 9, 9, dtype=torch.float64)
    before = x.clone()
    graph = trace(network, x)
    assert torch.equal(x, before)
    assert graph.signature == trace(plain, x).signature and not graph.frozen
    plan = PrunePlan.uniform(graph, 0.5)
    assert price(graph, plan).macs / price(graph).macs < 0.32
    assert assert_exact(network, x, graph=graph).error < 1e-12 and torch.equal(x, before)
    small, other = prune(network, graph, plan), prune(plain, graph, plan)
    assert torch.equal(small(x.clone()), other(x))


def test_nobodys_arrays_are_written_into(tmp_path):
    network, plain = pair()
    arrays = np.random.default_rng(0).random((8, 3, 9, 9), np.float32)
    labels, before = np.zeros(8, np.int64), arrays.copy()
    batches = [(arrays, labels), (torch.from_numpy(arrays), labels)] * 2
    found = recalibrate(network, batches), shrink(network, arrays[:1], 0.6, batches)
    PytorchBackend().train_once(pair()[0], arrays)
    compare_latency({"one": network}, arrays, warmup=0, repeats=1)
    first, *_, last = (outputs for outputs, _ in run(network, batches, "cpu"))
    assert np.array_equal(arrays, before) and np.array_equal(first, last)
    Trainer(epochs=2).fit(pair()[0], lambda epoch: batches[:1])
    assert np.array_equal(arrays, before) and not labels.any()
    wanted = recalibrate(plain, batches), shrink(plain, arrays[:1], 0.6, batches)
    for one, other in zip(found, wanted, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one.buffers(), other.buffers(), strict=True))


def test_one_array_in_two_places_is_one_copy():
    x, y = np.zeros(3), torch.zeros(2)
    given = handed_over(({"a": x, "b": [x]}, y, y.view(2), 3), "cpu")
    assert given[0]["a"] is given[0]["b"][0] and given[1] is not given[2] and given[3] == 3
    given[0]["a"][0], given[1][0] = 1, 1
    assert not x.any() and not y.any()


def test_gradients_of_a_users_tensor_stay_as_they_are():
    x = torch.ones(2, 3, 9, 9, requires_grad=True)
    PytorchBackend().train_once(OutOfPlace(), x)
    assert x.grad is None
    assert handed_over(x, "cpu").requires_grad and handed_over(x, "cpu").is_leaf
    assert not handed_over(2 * x, "cpu").requires_grad


@dataclass
class Batch:
    images: Any
    sizes: list[Any]


def test_dataclasses_are_handed_over_and_returned():
    class Net(InPlace):
        def forward(self, batch):
            return Batch(super().forward(batch.images), [batch.sizes[0].add_(1)])

    images, size = np.random.default_rng(0).random((2, 3, 9, 9), np.float32), np.ones(1, np.float32)
    before, batch = images.copy(), Batch(images, [size, "text"])
    network = Net().eval()
    graph = trace(network, (batch,))
    assert [group.size for group in graph.groups] == [16, 16]
    (outputs, _), *_ = run(network, [((batch,), 0)], "cpu")
    assert type(outputs) is Batch and outputs.images.shape == (2, 4) and outputs.sizes[0].tolist() == [2]
    assert np.array_equal(images, before) and size.tolist() == [1] and batch.images is images
    assert assert_exact(network.double(), (Batch(images.astype(np.float64), [size]),)).error < 1e-12
