"""Sizes on their way through a network's code, and where modules hold them: found, adapted, nothing else changed."""

from __future__ import annotations

import copy
import functools
import gc
import math
import operator
from argparse import Namespace
from collections import namedtuple
from dataclasses import dataclass
from functools import lru_cache, partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from oracle import check
from torch import nn
from torch.nn import functional

from prunekit import PrunePlan, prune, trace
from prunekit.core.graph.symbolic_integers import SymInt
from prunekit.core.graph.tracked_quotients import SymFloat

UNKNOWN = "where that number comes from is not known"


@lru_cache
def remembered(shape):
    return shape[1] // 2


HALVES = {
    "plain": lambda x: x.shape[1] // 2,
    "int": lambda x: int(x.shape[1]) // 2,
    "int of a quotient": lambda x: int(x.shape[1] / 2),
    "int of a share": lambda x: int(x.size(1) * 0.5),
    "int of all": lambda x: list(map(int, x.shape))[1] // 2,
    "floor of a float": lambda x: int(x.shape[1] // 2.0),
    "shift": lambda x: x.shape[1] >> 1,
    "divmod": lambda x: divmod(x.shape[1], 2)[0],
    "max": lambda x: max(x.shape[1] // 2, 1),
    "math.floor": lambda x: math.floor(x.shape[1] / 2),
    "math.ceil": lambda x: math.ceil(x.shape[1] / 2),
    "round": lambda x: round(x.shape[1] / 2),
    "rounded up": lambda x: -(-x.shape[1] // 2),
    "the rest": lambda x: x.shape[1] - x.shape[1] // 2,
    "np.prod": lambda x: int(np.prod(x.shape[1:2])) // 2,
    "np.floor": lambda x: np.floor(x.shape[1] / 2).astype(int),
    "math.prod": lambda x: math.prod(x.shape[1:2]) // 2,
    "reduce": lambda x: functools.reduce(operator.mul, x.shape[1:2], 1) // 2,
    "numel": lambda x: x[0].numel() // (2 * x.shape[2] * x.shape[3]),
    "nelement by floats": lambda x: int(x.nelement() / (2 * x.shape[0] * x.shape[2] * x.shape[3])),
    "numel of a size": lambda x: x.shape[1:2].numel() // 2,
    "len": lambda x: len(x[0]) // 2,
    "list": lambda x: list(x.shape)[1] // 2,
    "data": lambda x: x.data.size(1) // 2,
    "sizes added": lambda x: (x.shape[:1] + torch.Size([4]) + x.shape[1:])[2] // 2,
    "cached": lambda x: remembered(tuple(x.shape)),
}


class Halves(nn.Module):
    """Channels as two halves, each of a size that some code computes."""

    def __init__(self, half):
        super().__init__()
        self.a, self.b, self.c, self.half = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 6, 1), nn.Conv2d(6, 4, 1), half

    def forward(self, x):
        x = self.a(x)
        n, _, h, w = x.shape
        halves = x.view(n, 2, self.half(x), h, w)
        return self.c(torch.relu(self.b(halves.transpose(1, 2).reshape(n, -1, h, w))))


class Flat(nn.Module):
    """A map of channels as one row, of a size that some code computes."""

    def __init__(self, rows):
        super().__init__()
        self.a, self.b, self.c, self.rows = nn.Conv2d(1, 8, 3), nn.Linear(8 * 6 * 6, 10), nn.Linear(10, 3), rows

    def forward(self, x):
        x = torch.relu(self.a(x))
        return self.c(torch.relu(self.b(x.view(*self.rows(x)))))


ROWS = {
    "quotient": lambda x: (-1, int(x.nelement() / x.shape[0])),
    "np.prod": lambda x: (-1, int(np.prod(x.shape[1:]))),
    "math.prod": lambda x: (len(x), math.prod(x.shape[1:])),
    "numel": lambda x: (x.shape[0], x[0].numel()),
    "size": lambda x: (x.shape[0], x.shape[1:].numel()),
    "int": lambda x: (x.size(0), int(x.size(1)) * int(x.size(2)) * int(x.size(3))),
    "last first": lambda x: (x.size(0), x.size(3) * x.size(2) * x.size(1)),
}


def traced(network, *shape):
    network, x = network.double().eval(), torch.randn(*shape, dtype=torch.float64)
    return network, x, trace(network, x)


def exact(network, x, graph, groups):
    """These groups, nothing that the proof had to find out, and half of them goes exactly."""
    assert (len(graph.groups), graph.frozen) == (groups, ())
    return check(network, graph, PrunePlan.uniform(graph, 0.5), x)


@pytest.mark.parametrize("name", HALVES)
def test_halves(name):
    remembered((1, 16, 6, 6))  # what it returned then has no origin
    network, x, graph = traced(Halves(HALVES[name]), 1, 3, 8, 8)
    assert [(g.size, g.per_unit) for g in graph.groups] == [(8, 2), (6, 1)]
    exact(network, x, graph, 2)


@pytest.mark.parametrize("name", ROWS)
def test_rows(name):
    network, x, graph = traced(Flat(ROWS[name]), 2, 1, 8, 8)
    exact(network, x, graph, 2)


def test_a_literal_is_told_as_one():
    _, _, graph = traced(Flat(lambda x: (-1, 8 * 6 * 6)), 2, 1, 8, 8)
    assert graph.layers[0].protected == (("view in the network has its size 288 in the network's code", 8),)


def test_a_size_that_is_computed_otherwise_is_told_as_such():
    _, _, graph = traced(Flat(lambda x: (-1, math.gcd(x.numel(), x[0].numel()))), 2, 1, 8, 8)
    assert graph.layers[0].protected == (("view in the network computes its size 288 in another way", 8),)


@pytest.mark.parametrize("rows", [lambda x: (-1, int(torch.tensor(x.shape[1:]).prod()))])
def test_a_lost_origin_is_told_as_unknown(rows):
    _, _, graph = traced(Flat(rows), 2, 1, 8, 8)
    assert graph.layers[0].protected == ((f"view in the network is given the size 288, and {UNKNOWN}", 8),)


def test_code_that_asks_for_the_very_type_int_is_recorded_all_the_same():
    network = Halves(lambda x: int(x.shape[1]) // 2 + int(torch.zeros(1, dtype=int)))
    _, _, graph = traced(network, 1, 3, 8, 8)
    assert [r for layer in graph.layers for r, _ in layer.protected if UNKNOWN in r]
    assert any(f"int() of sizes is not followed in {__name__}: TypeError" in note for note in graph.notes)


def test_layer_norm_over_a_plain_integer():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3, 16), nn.Linear(16, 4)

        def forward(self, x):
            x = self.a(x)
            return self.b(functional.layer_norm(x, [int(x.shape[-1])]))

    _, _, graph = traced(Net(), 2, 3)
    assert [g.size for g in graph.groups] == [16]


@dataclass
class Config:
    width: int = 16


@dataclass(frozen=True, slots=True)
class Fixed:
    width: int = 16


Widths = namedtuple("Widths", "width")
SHARED = {"table": {"width": 16}}


class Hidden(nn.Module):
    def __init__(self):
        super().__init__()
        self.width = 16

    def forward(self, x):
        return x.view(len(x), 2, self.width)


def enclosing(width):
    return lambda x: x.view(len(x), 2, width)


def halves_of(x, width):
    return x.view(len(x), 2, width)


class Parent(nn.Module):
    inherited = 16
    table = SHARED["table"]


HELD = {
    "attribute": lambda net, x: halves_of(x, net.width),
    "property": lambda net, x: halves_of(x, net.read),
    "list": lambda net, x: halves_of(x, net.two[0]),
    "dict": lambda net, x: halves_of(x, net.settings["width"]),
    "nested": lambda net, x: halves_of(x, net.nested["a"][0]["width"]),
    "namespace": lambda net, x: halves_of(x, net.space.width),
    "arguments": lambda net, x: halves_of(x, vars(net.arguments)["width"]),
    "dataclass": lambda net, x: halves_of(x, net.config.width),
    "frozen": lambda net, x: halves_of(x, net.fixed.width),
    "named tuple": lambda net, x: halves_of(x, net.widths.width),
    "class": lambda net, x: halves_of(x, net.inherited),
    "class's dict": lambda net, x: halves_of(x, net.table["width"]),
    "partial": lambda net, x: net.part(x),
    "split": lambda net, x: torch.stack(net.split(x), 1),
    "closure": lambda net, x: net.closure(x),
    "default": lambda net, x: net.default(x),
    "hidden module": lambda net, x: net.hidden[0](x),
    "layer": lambda net, x: halves_of(x, net.b.in_features),
    "weight": lambda net, x: halves_of(x, len(net.b.weight[0])),
    "int": lambda net, x: halves_of(x, int(net.space.width)),
}


class Holder(Parent):
    """A size of 16 in every place, of which the forward uses one."""

    def __init__(self, how):
        super().__init__()
        self.how, self.width, self._width, self.two = how, 16, 16, [16, 8]
        self.settings, self.nested, self.space = {"width": 16}, {"a": [{"width": 16}]}, SimpleNamespace(width=16)
        self.arguments, self.config, self.fixed, self.widths = Namespace(width=16), Config(), Fixed(), Widths(16)
        self.part, self.closure = partial(halves_of, width=16), enclosing(16)
        self.split = partial(torch.split, split_size_or_sections=16, dim=1)
        self.default, self.hidden = lambda x, width=16: x.view(len(x), 2, width), [Hidden()]
        self.a, self.b = nn.Linear(3, 32), nn.Linear(16, 4)

    @property
    def read(self):
        return self._width

    def forward(self, x):
        return self.b(HELD[self.how](self, self.a(x)).sum(1))


def held(value):
    """What a value holds, nested, and of everything that is no container its type and itself."""
    if isinstance(value, torch.Tensor):
        return "tensor"
    if isinstance(value, (dict, list, tuple)):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        return type(value), [(key, held(part)) for key, part in parts]
    if isinstance(value, partial):
        return held([value.args, value.keywords])
    if isinstance(value, (nn.Module, SimpleNamespace, Namespace, Config)):
        return type(value), held(vars(value))
    return type(value), value


@pytest.mark.parametrize("how", HELD)
def test_held(how):
    network = Holder(how).double().eval()
    before = held(network)
    network, x, graph = traced(network, 3, 3)
    assert held(network) == before
    small = exact(network, x, graph, 1)
    assert held(network) == before and Parent.inherited == 16 and SHARED == {"table": {"width": 16}}
    assert small.a.out_features == 16
    again = copy.deepcopy(small)
    assert torch.equal(again(x), small(x))


def test_a_configuration_that_all_modules_share_is_adapted_once():
    class Block(nn.Module):
        def __init__(self, config):
            super().__init__()
            self.config, self.up, self.down = config, nn.Linear(8, 2 * config.width), nn.Linear(config.width, 8)

        def forward(self, x):
            return x + self.down(self.up(x).view(len(x), 2, self.config.width).sum(1))

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.config = Config()
            self.blocks, self.out = nn.Sequential(*[Block(self.config) for _ in range(3)]), nn.Linear(8, 2)

        def forward(self, x):
            return self.out(self.blocks(x))

    network, x, graph = traced(Net(), 3, 8)
    assert [(h.module, str(h.path[1])) for h in graph.held_sizes] == [("", ".width")]
    small = exact(network, x, graph, 1)
    assert (small.config.width, network.config.width) == (8, 16)
    assert all(block.config is small.config for block in small.blocks)


def test_a_size_that_the_class_is_asked_for_stays():
    class Net(Parent):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3, 32), nn.Linear(16, 4)

        def forward(self, x):
            return self.b(halves_of(self.a(x), type(self).inherited).sum(1))

    _, _, graph = traced(Net(), 3, 3)
    assert [reason for reason, _ in graph.layers[0].protected] == [
        f"view in the network is given the size 16, and {UNKNOWN}"
    ]


def test_what_the_forward_stores_is_plain():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.config, self.seen = nn.Linear(3, 8), nn.Linear(8, 4), Config(), []

        def forward(self, x):
            x = self.a(x)
            self.last, self.kept = x.shape, {"half": x.shape[1] / 2, "sizes": [x.size(), (x.size(1),)]}
            self.config.last, self.here = x.shape[1], Hidden()
            self.here.width = x.shape[1]
            self.seen.append(len(x))
            return self.b(x)

    network, _, graph = traced(Net(), 2, 3)
    prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert type(network.last) is torch.Size and [type(size) for size in network.last] == [int, int]
    assert type(network.kept["sizes"][0]) is torch.Size and type(network.kept["half"]) is float
    gc.collect()
    assert [found for found in gc.get_objects() if type(found) in (SymInt, SymFloat)] == []
