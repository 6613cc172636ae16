"""Whole parts or positions within every part: what goes, and what the modules hold afterwards."""

from __future__ import annotations

import pytest
import torch
from nets_of_attention import TimmBlock
from small_nets import CASES
from torch import nn

from prunekit import PrunePlan, prune
from prunekit.core.parsing.parse import parse
from prunekit.core.testing import assert_exact
from prunekit.plugins.backends.pytorch.backend import PytorchBackend


def first_kept(graph, count):
    """A plan that keeps the first units of every group."""
    keep = {g.id: tuple(range(min(count, g.size))) for g in graph.groups}
    return PrunePlan(keep, {g.id: g.size for g in graph.groups}, graph.signature)


def test_width_goes_and_heads_stay(traced):
    network, _, graph = traced("TimmFused")
    small = prune(network, graph, first_kept(graph, 2)).block
    assert (small.num_heads, small.head_dim, small.attn_dim, small.scale) == (3, 2, 6, 0.5)
    assert [(c.name, sorted(c.groups), c.whole) for c in graph.choices] == [("block#0", [1], False)]
    rows = torch.arange(36).reshape(3, 3, 4)[:, :, :2].flatten()
    wanted = network.block.qkv.weight[rows][:, :2].clone()
    wanted[:6] *= 0.5**0.5  # the queries make up for the larger factor 1 / sqrt(width)
    assert torch.allclose(small.qkv.weight, wanted)


def test_the_scale_stays_where_it_was_built(traced):
    network, _, graph = traced("TimmExplicitScale")
    small = prune(network, graph, first_kept(graph, 2)).block
    rows = torch.arange(36).reshape(3, 3, 4)[:, :, :2].flatten()
    assert torch.equal(small.qkv.weight, network.block.qkv.weight[rows][:, :2])
    assert small.scale == network.block.scale


@pytest.mark.parametrize(("name", "what"), [("TimmFused", "positions within every part"), ("TimmWholeHeads", "whole")])
def test_the_table_tells_what_goes(traced, name, what):
    _, _, graph = traced(name)
    (told,) = [line for line in graph.table().splitlines() if line.startswith("block: ")]
    assert told.startswith(f"block: {what}") and ("networkparser.whole_parts" in told) == (name == "TimmFused")


@pytest.mark.parametrize("name", ["TimmWholeHeads", "TimmNormedWholeHeads"])
def test_heads_go_and_width_stays(traced, name):
    network, _, graph = traced(name)
    small = prune(network, graph, first_kept(graph, 2)).block
    assert (small.num_heads, small.head_dim, small.attn_dim) == (2, 4, 8)
    assert [(c.name, sorted(c.groups), c.whole) for c in graph.choices] == [("block#0", [1], True)]
    rows = torch.arange(36).reshape(3, 3, 4)[:, :2].flatten()
    assert torch.equal(small.qkv.weight, network.block.qkv.weight[rows][:, :2])
    assert graph.whole_parts == ("block#0",)


def test_groups_of_a_normalization(traced):
    network, _, graph = traced("NormWholeGroups")
    small = prune(network, graph, first_kept(graph, 3))
    assert (small.norm.num_groups, small.norm.num_channels) == (3, 9)
    network, _, graph = traced("NormGroups")
    small = prune(network, graph, first_kept(graph, 2))
    assert (small.norm.num_groups, small.norm.num_channels) == (4, 8)
    network, _, graph = traced("NormEachChannel")
    small = prune(network, graph, first_kept(graph, 5))
    assert (small.norm.num_groups, small.norm.num_channels) == (5, 5)


def test_sizes_in_tuples(traced):
    network, _, graph = traced("AttributesInSplit")
    sizes = prune(network, graph, first_kept(graph, 4)).sizes
    assert type(sizes) is tuple and [type(size) for size in sizes] == [int, int]
    assert sum(sizes) == 6  # four units and the channels that always stay
    assert network.sizes == (3, 4)


class Blocks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Linear(5, 12), nn.Linear(12, 3)
        self.blocks = nn.ModuleList(nn.ModuleDict({"attn": TimmBlock()}) for _ in range(2))

    def forward(self, x):
        x = self.embed(x)
        for block in self.blocks:
            x = x + block["attn"](x)
        return self.head(x.mean(1))


@pytest.mark.parametrize(
    ("patterns", "sizes"),
    [
        ([], [4, 4]),
        (["*attn*"], [3, 3]),
        (["blocks.1.*"], [4, 3]),
        (["blocks.0.attn"], [3, 4]),
        (["blocks.0.attn#0"], [3, 4]),
        (["blocks.0.attn#1", "nothing"], [4, 4]),
    ],
)
def test_patterns(patterns, sizes):
    network, x = Blocks().double().eval(), torch.randn(2, 6, 5, dtype=torch.float64)
    graph = parse(PytorchBackend(), network, x, whole_parts=patterns)
    assert [g.size for g in graph.groups[1:]] == sizes
    assert [c.name for c in graph.choices] == ["blocks.0.attn#0", "blocks.1.attn#0"]
    assert [c.whole for c in graph.choices] == [size == 3 for size in sizes]
    assert_exact(network, x, graph=graph)
    other = parse(PytorchBackend(), network, x, whole_parts=["*"])
    assert (other.signature == graph.signature) == (sizes == [3, 3])


@pytest.mark.parametrize("name", CASES)
def test_every_choice_can_be_made_both_ways(traced, name):
    network, inputs, graph = traced(name)
    names = [c.name for c in graph.choices if not c.whole]
    if names:
        other = parse(PytorchBackend(), network, inputs, whole_parts=names)
        assert not other.frozen
        assert all(c.whole for c in other.choices if c.name in names)
        assert_exact(network, inputs, graph=other, seed=1)
