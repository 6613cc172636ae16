"""Whatever a network's modules hold, it is traced and pruned: what they hold is looked through without asking it."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from prunekit import PrunePlan, prune, trace


def raising(self, *_):
    raise RuntimeError("not for you")


def of(base=object, **methods):
    """An object of a class some of whose methods raise."""
    return type("Odd", (base,), methods)(*([[16]] if base is list else ()))


def holds_itself():
    found = [16, 8]
    found.append({"list": found})
    return found


def mutual():
    one, other = SimpleNamespace(size=16), SimpleNamespace(size=8)
    one.other, other.other = other, one
    return one


def deep(depth=3000):
    found = [torch.zeros(2)]
    for _ in range(depth):
        found = [found]
    return found


HELD = {
    "a list in itself": holds_itself,
    "objects that refer to each other": mutual,
    "very deep": deep,
    "a key that cannot be compared": lambda: {of(__eq__=raising, __hash__=lambda _: 1): 16, "n": 8},
    "a lock": threading.Lock,
    "a generator": lambda: (k for k in range(3)),
    **{name: lambda name=name: of(**{name: raising}) for name in (
        "__eq__", "__len__", "__getattr__", "__getattribute__", "__repr__", "__hash__", "__bool__", "__deepcopy__",
    )},
    **{f"a list's {name}": lambda name=name: of(list, **{name: raising}) for name in (
        "__len__", "__iter__", "__eq__", "__getitem__",
    )},
    **{f"a dict's {name}": lambda name=name: of(dict, **{name: raising}) for name in (
        "__len__", "__iter__", "items", "values",
    )},
    "a class that is not told": lambda: of(__class__=property(raising)),
}  # fmt: skip


class Holding(nn.Module):
    def __init__(self, held):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 4, 1)
        vars(self)["held"] = held

    def forward(self, x):
        return self.b(self.a(x).relu())


@pytest.mark.parametrize("name", HELD)
def test_it_is_traced_and_pruned(name):
    network = Holding(HELD[name]()).eval()
    held = network.held
    graph = trace(network, torch.zeros(1, 3, 6, 6))
    assert [group.size for group in graph.groups] == [16] and network.held is held
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert small.a.out_channels == 8 and small.b is not network.b


def test_what_cannot_be_copied_is_shared_and_nothing_else():
    network = Holding(threading.Lock())
    network.more = [network.held, torch.zeros(2)]
    small = prune(network, graph := trace(network, torch.zeros(1, 3, 6, 6)), PrunePlan.uniform(graph, 0.5))
    assert small.held is network.held and small.a is not network.a and small.a.bias.shape == (8,)
