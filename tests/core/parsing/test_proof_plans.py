from __future__ import annotations

import torch
from torch import nn

from prunekit.core.parsing.parse import parse
from prunekit.core.parsing.proof_plans import KINDS, mixed_part
from prunekit.plugins.backends.pytorch.backend import PytorchBackend


def graph_of(sizes):
    layers = [nn.Linear(a, b) for a, b in zip([4, *sizes], [*sizes, 3], strict=True)]
    return parse(PytorchBackend(), nn.Sequential(*layers), torch.rand(2, 4), proof=False)


def test_every_group_is_tried_in_every_way():
    """One unit left, one unit gone, and two random parts; what is not asked for stays."""
    graph = graph_of([16] * 6)
    tried = [mixed_part(graph, graph.groups, 0, turn).counts(graph) for turn in range(KINDS)]
    for counts in zip(*tried, strict=True):
        assert {1, 15} < set(counts) and all(4 <= count <= 12 for count in set(counts) - {1, 15})
    assert all(len(set(counts)) > 2 for counts in tried)
    assert mixed_part(graph, graph.groups[2:3], 0).counts(graph)[:2] == (16, 16)


def test_small_groups_keep_a_unit_and_lose_one():
    graph = graph_of([2, 3, 2, 5])
    for turn in range(KINDS):
        kept = mixed_part(graph, graph.groups, 0, turn).counts(graph)
        assert all(1 <= count < group.size for count, group in zip(kept, graph.groups, strict=True))


def test_the_seed_decides():
    graph = graph_of([16] * 4)
    assert mixed_part(graph, graph.groups, 1) == mixed_part(graph, graph.groups, 1)
    assert mixed_part(graph, graph.groups, 1) != mixed_part(graph, graph.groups, 2)
