"""Modules, parameters and buffers are found whatever else a network calls its attributes."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from prunekit import PrunePlan, prune, recalibrate, shrink, trace
from prunekit.core.testing import assert_exact
from prunekit.core.weights import read_weights
from prunekit.plugins.backends.pytorch import module_tree
from prunekit.plugins.backends.pytorch.backend import PytorchBackend

BACKEND = PytorchBackend()
NAMES = [
    "modules", "named_modules", "parameters", "named_parameters", "buffers", "named_buffers", "children",
    "named_children", "train", "eval", "state_dict", "load_state_dict", "to", "double", "apply",
]  # fmt: skip


class Inner(nn.Module):
    def __init__(self, name: str | None, of_class: bool = False) -> None:
        super().__init__()
        self.a, self.b, self.norm = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1), nn.BatchNorm2d(8)
        self.register_buffer("shift", torch.ones(8, 1, 1), persistent=False)
        if name is not None and not of_class:
            setattr(self, name, [self.a, self.b])

    def forward(self, x):
        return self.b(self.norm(self.a(x)) + self.shift).mean((2, 3))


def shadowed(name: str | None, of_class: bool) -> nn.Module:
    """A network whose attribute, or that of its class, has the name of a method of torch's."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        inner = Inner(name, of_class)
    if name is not None and of_class:
        inner.__class__ = type("Shadowed", (Inner,), {name: ["of the class"]})
    return nn.Sequential(inner, nn.Flatten())


@pytest.mark.parametrize("of_class", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_network_may_use_the_names_of_torchs_methods(name, of_class, tmp_path):
    network, plain = shadowed(name, of_class), shadowed(None, False)
    x, batches = torch.rand(1, 3, 6, 6), [(np.random.default_rng(0).random((8, 3, 6, 6), np.float32), 0)] * 2
    held = getattr(network[0], name)
    graph, wanted = trace(network, x), trace(plain, x)
    assert graph.signature == wanted.signature and [g.size for g in graph.groups] == [8]
    assert graph.operators.parameter_shapes == wanted.operators.parameter_shapes
    plan = PrunePlan.uniform(graph, 0.5)
    small = BACKEND.recalibrate(prune(network, graph, plan), batches)
    other = recalibrate(prune(plain, wanted, plan), batches)
    BACKEND.save(other, tmp_path / "w.pth")
    BACKEND.load(small, read_weights(tmp_path / "w.pth", BACKEND))
    BACKEND.train_once(copy.deepcopy(small), batches[0][0])
    assert torch.equal(small(x), other(x))
    assert shrink(network, x, 0.6, batches)(x).shape == (1, 4)
    assert assert_exact(BACKEND.to_float64(network), x.double()).error < 1e-12
    assert getattr(network[0], name) is held and network[0].training and network[0].a.training


def test_what_is_found_is_what_torch_finds():
    shared = nn.Linear(2, 2)
    network = nn.ModuleDict({"a": nn.Sequential(shared, nn.BatchNorm1d(2)), "b": shared, "none": nn.Identity()})
    network["a"][0].extra, network.again = shared.weight, shared.weight
    network["none"].part = None
    assert list(module_tree.named_modules(network)) == list(network.named_modules())
    assert list(module_tree.named_parameters(network)) == list(network.named_parameters())
    assert [n for n, _ in module_tree.named_buffers(network)] == [n for n, _ in network.named_buffers()]
    assert module_tree.kept_names(network["a"]) == set(network["a"].state_dict())
    network["a"][1].register_buffer("table", torch.ones(1), persistent=False)
    assert module_tree.kept_names(network["a"]) == set(network["a"].state_dict())


def test_overridden_methods_are_called():
    class Frozen(nn.BatchNorm2d):
        def train(self, mode=True):
            self.told = mode
            return super().train(False)

    network = nn.Sequential(nn.Conv2d(3, 4, 1), Frozen(4))
    network[0].children = ["a list"]
    module_tree.set_training(network, True)
    assert network[1].told and not network[1].training and network[0].training
    module_tree.set_training(network, False)
    assert not network[1].told and not network[0].training and network[0].children == ["a list"]


class Tables(nn.Module):
    """Tensors with one number for each channel, in collections."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 4, 1)
        ones = torch.arange(1.0, 9).view(-1, 1, 1)
        self.gains, self._shifts = [ones, 1, "text"], ({"deep": [2 * ones]},)
        self._shifts[0]["itself"] = self._shifts
        self.by_name = {"x": ones + 3, 7: [ones]}  # the second is that of `gains`

    def forward(self, x):
        x = self.a(x) * self.gains[0] + self._shifts[0]["deep"][0]
        return self.b(x * self.by_name["x"] * self.by_name[7][0])


def test_tensors_in_collections_go_with_their_channels():
    network, x = Tables().double(), torch.rand(1, 3, 4, 4, dtype=torch.float64)
    names = [name for name, _ in module_tree.named_tensors(network)][4:]
    assert names == ["gains[0]", "_shifts[0]['deep'][0]", "by_name['x']", "by_name[7][0]"]
    graph = trace(network, x)
    assert [group.size for group in graph.groups] == [8] and not graph.frozen
    assert assert_exact(network, x, graph=graph).error < 1e-12
    plan = PrunePlan.uniform(graph, 0.5, {0: np.arange(8.0)})
    small = prune(network, graph, plan)
    assert small.gains[0].flatten().tolist() == [5, 6, 7, 8] and small.gains[1:] == [1, "text"]
    assert small.by_name[7][0] is small.gains[0] and small._shifts[0]["itself"] is small._shifts
    assert network.gains[0].shape == (8, 1, 1)
