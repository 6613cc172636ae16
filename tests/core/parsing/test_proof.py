"""The proof sees what is wrong and blames nothing else: whatever the weights, the precision, chance and decisions."""

from __future__ import annotations

import copy
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from prunekit import trace
from prunekit.core.parsing.verify import VERIFIED
from prunekit.plugins.backends.pytorch import surgery


class Deep(nn.Module):
    """Its signal fades with fresh weights: twelve layers, each followed by a normalization that was never trained."""

    def __init__(self, scale=1.0):
        super().__init__()
        wide = [3, *[12] * 12]
        self.body = nn.ModuleList(nn.Conv2d(a, b, 3, bias=False) for a, b in pairwise(wide))
        self.norms = nn.ModuleList(nn.BatchNorm2d(12) for _ in wide[1:])
        self.head = nn.Conv2d(12, 6, 1)
        with torch.no_grad():
            for convolution in self.body:
                convolution.weight.mul_(scale)

    def forward(self, x):
        for convolution, norm in zip(self.body, self.norms, strict=True):
            x = torch.relu(norm(convolution(x)))
        return self.head(x)


def deep(scale):
    torch.manual_seed(0)
    return Deep(scale).eval(), torch.rand(1, 3, 26, 26)


def plant(monkeypatch, where):
    """From now on what remains of one tensor is in another order after every removal."""
    real = surgery.prune

    def wrong(network, graph, plan):
        small = real(network, graph, plan)
        tensor = {**dict(small.named_parameters()), **dict(small.named_buffers())}[where]
        with torch.no_grad():
            tensor.copy_(tensor.flip(1 if tensor.ndim > 1 else 0))
        return small

    monkeypatch.setattr(surgery, "prune", wrong)


@pytest.mark.parametrize("scale", [1.0, 0.1, 0.0])
def test_a_sound_network_is_proven_whatever_its_weights(scale):
    network, x = deep(scale)
    before = copy.deepcopy(network.state_dict())
    graph = trace(network, x)
    assert graph.notes == [VERIFIED] and not graph.frozen and len(graph.groups) == 12
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


@pytest.mark.parametrize("scale", [1.0, 0.1])
@pytest.mark.parametrize(
    "where", ["body.0.weight", "body.6.weight", "head.weight", "norms.3.weight", "norms.7.bias", "norms.10.running_var"]
)
def test_a_planted_fault_is_seen(monkeypatch, where, scale):
    plant(monkeypatch, where)
    graph = trace(*deep(scale))
    assert VERIFIED not in graph.notes and graph.frozen
    assert all(reason.startswith("the proof failed: values differ") for _, reason in graph.frozen)


class Aux(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1), nn.Conv2d(8, 6, 1), nn.Conv2d(6, 4, 1)

    def forward(self, x):
        x = torch.relu(self.a(x))
        return (self.b(x), self.d(torch.relu(self.c(x)))) if self.training else self.b(x)


def test_what_only_training_runs_is_proven_as_well(monkeypatch):
    graph = trace(Aux().eval(), torch.rand(2, 3, 8, 8))
    assert graph.notes == [VERIFIED] and len(graph.groups) == 2
    plant(monkeypatch, "c.bias")
    graph = trace(Aux().eval(), torch.rand(2, 3, 8, 8))
    assert graph.frozen and VERIFIED not in graph.notes


class Chance(nn.Module):
    """Draws along channels in evaluation as well: noise, dropout that was left on, a sample."""

    def __init__(self, kind):
        super().__init__()
        self.a, self.b, self.c, self.kind = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 12, 3), nn.Conv2d(12, 2, 1), kind

    def forward(self, x):
        x = torch.relu(self.a(x))
        x = {
            "noise": lambda: x + torch.randn_like(x),
            "dropout": lambda: nn.functional.dropout(x, 0.5),
            "dropout of channels": lambda: nn.functional.dropout2d(x, 0.5),
            "in place": lambda: x * torch.empty_like(x).normal_(),
            "sample": lambda: x * torch.bernoulli(torch.sigmoid(x)),
            "NumPy": lambda: x * float(np.random.default_rng().random() + 1),
        }[self.kind]()
        return self.c(torch.relu(self.b(x)))


@pytest.mark.parametrize("kind", ["noise", "dropout", "dropout of channels", "in place", "sample"])
def test_both_runs_draw_the_same(kind):
    network, x, state = Chance(kind).eval(), torch.rand(1, 3, 9, 9), torch.get_rng_state()
    graph = trace(network, x)
    assert graph.notes == [VERIFIED] and not graph.frozen and len(graph.groups) == 2
    assert torch.equal(torch.get_rng_state(), state)


def test_a_network_that_is_not_the_same_twice_is_said_to_be_so():
    """And nobody is blamed for it."""
    graph = trace(Chance("NumPy").eval(), torch.rand(1, 3, 9, 9))
    assert not graph.frozen and len(graph.groups) == 2
    assert graph.notes == [
        "not proven from there on: its own output differs from run to run, first at mul in the network"
    ]


class Detector(nn.Module):
    """What it returns hinges on values that are alike: rounding decides which come first."""

    def __init__(self, kind):
        super().__init__()
        self.a, self.b, self.kind = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 16, 1), kind
        self.scores, self.boxes = nn.Conv2d(16, 1, 1), nn.Conv2d(16, 4, 1)

    def forward(self, x):
        x = torch.relu(self.b(torch.relu(self.a(x))))
        scores, boxes = (self.scores(x) * 1e-12 + 0.5).flatten(), self.boxes(x)[0].flatten(1).T
        return {
            "top": lambda: boxes[scores.topk(5).indices],
            "sorted": lambda: boxes[scores.argsort()][:5],
            "best": lambda: boxes[scores.argmax()],
            "kept": lambda: boxes[scores > scores.mean()],
            "placed": lambda: boxes[(scores > scores.mean()).nonzero()[:, 0]],
            "none": lambda: boxes[scores > 0.9],
            "branch": lambda: boxes if scores[0] > scores[1] else boxes * 2,
            "rounded": lambda: boxes * (scores * 1e12).long().sum(),
        }[self.kind]()


@pytest.mark.parametrize("kind", ["top", "sorted", "best", "kept", "placed", "none", "branch", "rounded"])
def test_ties_blame_nobody(kind):
    graph = trace(Detector(kind).eval(), torch.rand(1, 3, 9, 9))
    assert not graph.frozen and [group.size for group in graph.groups] == [16, 16]
    assert graph.notes == [VERIFIED]


class Cast(nn.Module):
    """Normalizes in single precision whatever its own is, as language and diffusion models do."""

    def __init__(self):
        super().__init__()
        self.a, self.gain, self.b, self.c = (
            nn.Linear(5, 24),
            nn.Parameter(torch.ones(24)),
            nn.Linear(24, 16),
            nn.Linear(16, 2),
        )

    def forward(self, x):
        x = self.a(x)
        y = x.float()
        y = (y * torch.rsqrt(y.square().mean(-1, keepdim=True) + 1e-6)).to(x.dtype) * self.gain
        return self.c(torch.relu(self.b(y)).to(torch.float32).to(x.dtype))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_casts_in_the_code_blame_nobody(dtype):
    graph = trace(Cast().to(dtype).eval(), torch.randn(3, 5, dtype=dtype))
    assert not graph.frozen and len(graph.groups) == 2 and graph.notes == [VERIFIED]


class Insists(nn.Module):
    """Refuses any precision but its own: it is proven in that, by its own rounding."""

    def __init__(self, dtype):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(5, 24), nn.Linear(24, 16), nn.Linear(16, 2)
        self.to(dtype)
        self.dtype = dtype

    def forward(self, x):
        if x.dtype != self.dtype:
            raise TypeError("another precision")
        return self.c(torch.relu(self.b(torch.relu(self.a(x)))))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_network_that_insists_on_its_precision(monkeypatch, dtype):
    graph = trace(Insists(dtype).eval(), torch.randn(3, 5, dtype=dtype))
    assert not graph.frozen and len(graph.groups) == 2 and graph.notes == [VERIFIED] and graph.proven == {0, 1}
    plant(monkeypatch, "b.bias")
    graph = trace(Insists(dtype).eval(), torch.randn(3, 5, dtype=dtype))
    assert VERIFIED not in graph.notes and graph.frozen


class Silent(nn.Module):
    """One layer is multiplied by zero, so that nothing shows whether its channels go rightly."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(5, 8), nn.Linear(8, 6), nn.Linear(6, 2)

    def forward(self, x):
        return self.c(self.b(self.a(x)) * 0)


def test_what_has_no_effect_is_not_proven():
    graph = trace(Silent().eval(), torch.randn(3, 5))
    assert graph.notes == [
        "not proven: nothing shows whether mid 1 (b) go rightly: what was removed of them has no effect"
    ]
    assert len(graph.groups) == 2 and graph.proven == {0}


class NeedsTwo(nn.Module):
    """Takes statistics over channels that a single one has none of, in a way that nobody sees."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(5, 8), nn.Linear(8, 6), nn.Linear(6, 2)

    def forward(self, x):
        x = self.b(self.a(x))
        if len(x.tolist()[0]) < 2:
            raise ValueError("no variance")
        return self.c(x)


def test_where_a_single_channel_fails_two_stay():
    graph = trace(NeedsTwo().eval(), torch.randn(3, 5))
    assert not graph.frozen and [group.size for group in graph.groups] == [8, 5]
    assert graph.layers[1].protected == (("stays, for with a single one the proof failed: ValueError: no variance", 1),)
    assert graph.notes == [VERIFIED]
