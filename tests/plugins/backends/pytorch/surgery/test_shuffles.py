"""Channel shuffles one after the other, at every width and depth: what stays computes what it did, in another order."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from nets_that_move_channels import DealtStep
from oracle import BACKEND, call, check, error
from torch import nn

from prunekit import PrunePlan, compensate, prune, trace
from prunekit.core.cost import price
from prunekit.core.parsing.parse import parse
from prunekit.core.pruning import Ranking
from prunekit.core.testing import assert_exact


class Unit(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.worked = nn.Conv2d(channels // 2, channels // 2, 1)

    def forward(self, x):
        a, b = x.chunk(2, 1)
        x = torch.cat([a, self.worked(b).tanh()], 1)
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


class Halved(nn.Module):
    """A stage's first unit: two branches of halves, of which one begins with each channel by itself."""

    def __init__(self, before: int, channels: int) -> None:
        super().__init__()
        depthwise = nn.Conv2d(before, before, 3, 2, 1, groups=before, bias=False)
        self.left = nn.Sequential(depthwise, nn.BatchNorm2d(before), nn.Conv2d(before, channels // 2, 1))
        self.right = nn.Sequential(nn.Conv2d(before, channels // 2, 1), nn.BatchNorm2d(channels // 2), nn.MaxPool2d(2))

    def forward(self, x):
        x = torch.cat([self.left(x), self.right(x)], 1)
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


def stages(*widths: int, depth: int) -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(0)
    layers, before = [nn.Conv2d(3, widths[0], 1)], widths[0]
    for number, channels in enumerate(widths):
        layers += [Halved(before, channels)] * (number > 0) + [Unit(channels) for _ in range(depth)]
        before = channels
    network = nn.Sequential(*layers, nn.Conv2d(before, 4, 1)).double().eval()
    return network, torch.randn(1, 3, 4, 4, dtype=torch.float64)


def scored(graph, keep, seed=0):
    rng = np.random.default_rng(seed)
    return PrunePlan.uniform(graph, keep, {group.id: rng.random(group.size) for group in graph.groups})


@pytest.mark.parametrize("channels", [32, 58, 116, 176, 232])
@pytest.mark.parametrize("depth", [2, 3, 8, 16])
def test_every_width_and_depth(channels, depth):
    network, inputs = stages(channels, depth=depth)
    graph = parse(BACKEND, network, inputs, proof=False)
    for keep in (0.25, 0.5, 0.75):
        check(network, graph, scored(graph, keep), inputs)
    assert price(graph, PrunePlan.uniform(graph, 0.5)).macs < 0.40 * price(graph).macs


def test_stages_one_behind_the_other_are_proven():
    network, inputs = stages(24, 58, 116, depth=3)
    graph = trace(network, inputs)
    assert not graph.frozen and sum(group.quotas is not None for group in graph.groups) == 3
    for seed, keep in enumerate((0.0, 0.3, 0.5, 0.7)):
        check(network, graph, scored(graph, keep, seed), inputs)


@pytest.mark.parametrize("count", range(1, 15))
def test_batches_folded_with_channels(count):
    """The authors' own form, with an example of three: a reshape of batch and channels together."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 28, 1), *[DealtStep(14) for _ in range(3)], nn.Conv2d(28, 4, 1)]
    network, inputs = nn.Sequential(*layers).double().eval(), torch.randn(3, 3, 4, 4, dtype=torch.float64)
    graph = parse(BACKEND, network, inputs, proof=False)
    ranking = {group.id: Ranking.of_scores(np.random.default_rng(count).random(group.size)) for group in graph.groups}
    plan = PrunePlan.from_counts(graph, [max(1, round(g.size * count / 14)) for g in graph.groups], ranking)
    small = check(network, graph, plan, inputs)
    assert count == 14 or sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in network.parameters())


def test_compensation_follows_the_new_order():
    network, inputs = stages(28, depth=4)
    graph = parse(BACKEND, network, inputs, proof=False)
    torch.manual_seed(1)
    mixed = torch.randn(3, 3, dtype=torch.float64)
    batches = [
        (np.einsum("nchw,cd->ndhw", np.random.default_rng(k).normal(size=(64, 3, 4, 4)), mixed), 0) for k in (0, 1)
    ]
    for keep in (0.4, 0.7):
        plan = scored(graph, keep)
        small = prune(network, graph, plan)
        repaired = compensate(network, small, graph, plan, batches)
        x = torch.from_numpy(batches[0][0])
        with torch.no_grad():
            wanted = call(network, x)
            before, after = ((call(net, x) - wanted).square().mean() for net in (small, repaired))
        assert after < 0.2 * before
    assert error(network, network, inputs) == 0


class Odd(Unit):
    """Something happens to the channels while they lie in two rows, or around the shuffle."""

    def __init__(self, channels: int, kind: str) -> None:
        super().__init__(channels)
        self.kind, self.gain = kind, nn.Parameter(torch.randn(1, 2, 1, 1, 1) + 2)
        self.own = nn.Parameter(torch.randn(channels // 2, 1, 1))

    def forward(self, x):
        a, b = x.chunk(2, 1)
        whole = torch.cat([a, self.worked(b).tanh()], 1)
        n, c, h, w = whole.shape
        rows = whole.view(n, 2, c // 2, h, w)
        if self.kind == "a gain for each row":
            rows = rows * self.gain
        if self.kind == "a gain for each position":
            rows = rows * self.own
        if self.kind == "rows are summed":
            rows = rows + rows.sum(1, keepdim=True)
        if self.kind == "a fixed place":
            rows = rows + rows[:, :, :1].tanh()
        if self.kind == "turned round":
            rows = rows.flip(1)
        if self.kind == "positions turned round":
            rows = rows.flip(2)
        if self.kind == "a softmax over positions":
            rows = rows.softmax(2)
        if self.kind == "a softmax over rows":
            rows = rows.softmax(1)
        dealt = rows.transpose(1, 2).reshape(n, c, h, w)
        if self.kind == "a shortcut around the shuffle":
            dealt = dealt + whole
        if self.kind == "a shortcut around the unit":
            dealt = dealt + x
        if self.kind == "statistics over channels":
            dealt = dealt / dealt.square().mean(1, keepdim=True).sqrt()
        return dealt


KINDS = (
    "a gain for each row", "a gain for each position", "rows are summed", "a fixed place", "turned round",
    "positions turned round", "a softmax over positions", "a softmax over rows", "a shortcut around the shuffle",
    "a shortcut around the unit", "statistics over channels",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [24, 28, 32])
def test_what_else_is_done_to_them(kind, channels):
    """Whatever can go then, or cannot because positions are tied: the structure alone is right."""
    torch.manual_seed(0)
    units = [Odd(channels, kind) if k % 2 else Unit(channels) for k in range(4)]
    network = nn.Sequential(nn.Conv2d(3, channels, 1), *units, nn.Conv2d(channels, 4, 1)).double().eval()
    inputs = torch.randn(1, 3, 4, 4, dtype=torch.float64)
    graph = parse(BACKEND, network, inputs, proof=False)
    for keep in (0.0, 0.3, 0.5, 0.75):
        found = assert_exact(network, inputs, graph=graph, plan=scored(graph, keep))
        assert found.error < 1e-12
    if kind in ("turned round", "statistics over channels"):  # that ties no positions
        assert price(graph, PrunePlan.uniform(graph, 0.5)).macs < 0.35 * price(graph).macs
