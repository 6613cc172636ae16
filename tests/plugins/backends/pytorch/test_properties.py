"""Random networks, random plans: the oracle always holds."""

from __future__ import annotations

import json

import numpy as np
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import check, random_plan
from torch import nn
from torch.nn import functional

from prunekit import PrunePlan, trace
from prunekit.core.pruning import Ranking


def unit(a, b, k=3, **kwargs):
    return nn.Sequential(nn.Conv2d(a, b, k, padding=k // 2, **kwargs), nn.BatchNorm2d(b), nn.ReLU())


class Block(nn.Module):
    """One block of a random network on ``width`` channels (a multiple of 4)."""

    def __init__(self, kind: str, width: int, hidden: int) -> None:
        super().__init__()
        self.kind, self.out = kind, width + hidden if kind == "concat" else width
        a, b = {
            "residual": (unit(width, hidden), unit(hidden, width)),
            "plain": (unit(width, hidden), unit(hidden, width)),
            "concat": (unit(width, hidden), nn.Identity()),
            "depthwise": (unit(width, width, groups=width), unit(width, width, 1)),
            "inverted": (
                unit(width, 2 * width, 1),
                nn.Sequential(unit(2 * width, 2 * width, groups=2 * width), unit(2 * width, width, 1)),
            ),
            "grouped": (unit(width, width, groups=2), unit(width, width, groups=4)),
            "chunk": (unit(width // 2, hidden), unit(hidden, width // 2)),
            "gate": (unit(width, 2 * width), nn.Identity()),
            "excite": (nn.Conv2d(width, hidden, 1), nn.Conv2d(hidden, width, 1)),
            "shuffle": (unit(width, width, 1, groups=2), unit(width, width, groups=2)),
            "inplace": (unit(width, hidden), unit(hidden, width)),
        }[kind]  # fmt: skip
        self.a, self.b = a, b

    def forward(self, x):
        if self.kind in ("residual", "inverted"):
            return x + self.b(self.a(x))
        if self.kind == "concat":
            return torch.cat([self.a(x), x], 1)
        if self.kind == "chunk":
            left, right = x.chunk(2, 1)
            return torch.cat([right, self.b(self.a(left))], 1)
        if self.kind == "gate":
            return functional.glu(self.a(x), 1) + x
        if self.kind == "excite":
            return x * self.b(self.a(x.mean([2, 3], keepdim=True)).relu()).sigmoid()
        if self.kind == "shuffle":
            x = self.a(x)
            n, c, h, w = x.shape
            return self.b(x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w))
        if self.kind == "inplace":
            x = x * 1
            x += self.b(self.a(x))
            return x
        return self.b(self.a(x))


KINDS = [
    "residual",
    "plain",
    "concat",
    "depthwise",
    "inverted",
    "grouped",
    "chunk",
    "gate",
    "excite",
    "shuffle",
    "inplace",
]


class Net(nn.Module):
    def __init__(self, blocks, width, flat) -> None:
        super().__init__()
        self.stem, self.blocks, self.flat = unit(3, width), nn.ModuleList(), flat
        for kind, hidden in blocks:
            self.blocks.append(Block(kind, width, hidden))
            width = self.blocks[-1].out
        self.head = nn.Linear(width * 9 if flat else width, 3)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        x = functional.adaptive_avg_pool2d(x, 3 if self.flat else 1)
        return self.head(torch.flatten(x, 1))


class Crossed(nn.Module):
    """The code takes a size from a tensor that has nothing else to do with the one that it shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = unit(3, 8), unit(8, 8), unit(8, 6), nn.Linear(6, 3)

    def forward(self, x):
        x = self.a(x)
        n, c, h, w = x.shape
        return self.head(self.c(self.b(x).view(n, 2, c // 2, h, w).flatten(1, 2)).mean([2, 3]))


def test_sizes_that_only_the_code_ties_are_found():
    graph = trace(Crossed().double(), torch.randn(2, 3, 6, 6, dtype=torch.float64))
    assert [group.name for group in graph.groups] == ["c.0"]


nets = st.tuples(
    st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from([4, 8])), min_size=1, max_size=4),
    st.sampled_from([8, 12]),
    st.booleans(),
    st.integers(0, 2**16),
)


def build(blocks, width, flat, seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Net(blocks, width, flat).double().eval()
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.uniform_(module.bias, -0.5, 0.5)
                module.running_mean.uniform_(-0.3, 0.3)
        return network, torch.randn(2, 3, 6, 6, dtype=torch.float64)


@settings(derandomize=True, max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(nets)
def test_oracle(net):
    network, inputs = build(*net)
    graph = trace(network, inputs)
    rng = np.random.default_rng(net[3])
    assert not any("proof failed" in reason for layer in graph.layers for reason, _ in layer.protected)
    assert all(layer.group is not None for layer in graph.layers[:-1])  # everything but the head can go
    ratios = {g.id: float(rng.random()) for g in graph.groups}
    counts = [int(rng.integers(1, g.size + 1)) for g in graph.groups]
    rankings = {g.id: Ranking.of_scores(rng.random(g.size)) for g in graph.groups}
    plans = [
        random_plan(graph, rng),
        PrunePlan.from_ratios(graph, ratios),
        PrunePlan.from_counts(graph, counts, rankings),
        PrunePlan.uniform(graph, float(rng.random()), round_to=2),
    ]
    for plan in plans:
        again = PrunePlan.from_json(json.loads(json.dumps(plan.to_json())))
        assert again == plan
        check(network, graph, again, inputs)
