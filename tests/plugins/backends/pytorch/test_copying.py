"""Copies of networks that forwards left something in."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import weight_norm

from prunekit import PrunePlan, prune, recalibrate, shrink, trace
from prunekit.core.pruning import PlanError
from prunekit.plugins.backends.pytorch.backend import PytorchBackend
from prunekit.plugins.backends.pytorch.copying import copied


class Keeping(nn.Module):
    """Keeps activations wherever one can: an attribute, a dict, a list in an object of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1)
        self.features, self.stash, self.log = None, {}, type("Log", (), {})()

    def forward(self, x):
        self.features = torch.relu(self.a(x))
        self.stash["out"] = self.b(self.features)
        self.log.seen = [self.features, (self.stash["out"],)]
        return self.stash["out"].mean((2, 3))


def normed() -> nn.Module:
    return nn.Sequential(weight_norm(nn.Conv2d(3, 8, 3)), nn.ReLU(), weight_norm(nn.Conv2d(8, 4, 3)), nn.Flatten())


X = torch.rand(2, 3, 5, 5)


def train_step(network: nn.Module) -> None:
    network.train()
    network(X).square().mean().backward()
    network.eval()


def other_batch(network: nn.Module) -> None:
    network(torch.rand(5, 3, 5, 5))


@pytest.mark.parametrize("between", [train_step, other_batch])
@pytest.mark.parametrize("make", [Keeping, normed])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_forwards_between_trace_and_prune(make, between):
    network = make().eval()
    graph = trace(network, X)
    between(network)
    features = getattr(network, "features", None)
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    small(X).square().mean().backward()  # through its own weights alone
    assert all(p.grad is not None for p in small.parameters())
    assert getattr(network, "features", None) is features
    batches = [(X.numpy(), 0)] * 2
    assert recalibrate(network, batches)(X).shape == PytorchBackend().to_float64(network)(X.double()).shape
    assert shrink(network, X, 0.7, batches)(X).shape == network(X).shape


@pytest.mark.parametrize("make", [Keeping, normed])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_plan_fits_a_network_that_has_not_run(make):
    network = make().eval()
    train_step(network)
    graph = trace(network, X)
    plan = PrunePlan.from_json(PrunePlan.uniform(graph, 0.5).to_json())
    fresh = make().eval()
    assert prune(fresh, graph, plan)(X).shape == fresh(X).shape


def test_a_computed_tensor_is_copied_once_and_cut_off_from_its_past():
    network = Keeping()
    network(X)
    other = copied(network)
    assert other.features.is_leaf and not other.features.requires_grad
    assert other.log.seen[0] is not network.log.seen[0]  # of an object's own as well
    assert other.log.seen[0] is other.features and other.log.seen[1][0] is other.stash["out"]
    assert torch.equal(other.features, network.features) and network.features.grad_fn is not None


class Momentum(nn.Module):
    """Adds what it kept from the call before: state that a plain attribute holds."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.before = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 4, 1), None

    def forward(self, x):
        x = self.a(x) if self.before is None else self.a(x) + self.before
        self.before = x.detach().mean((0, 2, 3), keepdim=True)
        return self.b(x)


def test_what_a_forward_left_behind_is_cut_where_it_is_there():
    network = Momentum().eval()
    network(X)
    graph = trace(network, X)
    assert [group.size for group in graph.groups] == [8]
    plan = PrunePlan.uniform(graph, 0.5)
    assert prune(network, graph, plan).before.shape == (1, 4, 1, 1)
    assert prune(Momentum().eval(), graph, plan).before is None


def test_a_buffer_has_to_be_there_with_its_shape():
    class Shifted(Momentum):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.register_buffer("shift", torch.zeros(channels))

        def forward(self, x):
            return self.b(self.a(x) + self.shift.view(-1, 1, 1))

    graph = trace(Shifted(8), X)
    with pytest.raises(PlanError, match=r"of another network: shift has 8 along axis 0 there, here it is \(1,\)"):
        prune(Shifted(1), graph, PrunePlan.uniform(graph, 0.5))
    assert np.prod(prune(Shifted(8), graph, PrunePlan.uniform(graph, 0.5)).shift.shape) == 4
