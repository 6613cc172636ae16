"""What a recording cannot see is found out by values and protected; nothing else is."""

from __future__ import annotations

import pytest
import torch
from nets_of_sizes import Unseen
from torch import nn

from prunekit import trace
from prunekit.core.pruning.proof import parse
from prunekit.core.testing import assert_exact
from prunekit.plugins.backends.pytorch.backend import PytorchBackend


class Insisting(nn.Module):
    """The code refuses what it gets, and does not say so in sizes that are compared for equality."""

    def __init__(self, least: int) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(5, 8), nn.Linear(5, 8), nn.Linear(5, 8)
        self.outs, self.least = nn.ModuleList(nn.Linear(8, 2) for _ in range(3)), least

    def forward(self, x):
        a, b, c = self.a(x), self.b(x), self.c(x)
        if a.shape[-1] + b.shape[-1] <= self.least:
            raise ValueError("too narrow")
        return sum(out(y) for out, y in zip(self.outs, (a, b, c), strict=True))


def inputs():
    return torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("gamma", [1.0, 0.0])
def test_only_what_is_wrong_is_protected(gamma):
    """Also behind a branch that starts at zero, which hides every mistake unless the proof wakes it up."""
    network = Unseen(gamma).double().eval()
    graph = trace(network, inputs())
    assert [(g.mids, g.size) for g in graph.groups] == [((0, 2), 8)]
    ((reason, count),) = graph.layers[1].protected
    assert reason.startswith("the proof failed: values differ by") and count == 6
    assert graph.frozen == ((1, reason),)
    assert graph.notes == ["proven by values: a random part of every group removed"]
    assert assert_exact(network, inputs(), graph=graph).groups == 1


def test_without_proof_nothing_is_found_out():
    network = Unseen().double().eval()
    graph = parse(PytorchBackend(), network, inputs(), proof=False)
    assert [g.mids for g in graph.groups] == [(0, 2), (1,)]
    assert graph.notes == []
    with pytest.raises(AssertionError, match=r"the output differs by .* of its largest value; 1e-09 is allowed"):
        assert_exact(network, inputs())


@pytest.mark.parametrize(("least", "kept"), [(15, [(2,)]), (10, [(2,)]), (2, [(0,), (1,), (2,)])])
def test_groups_that_fail_alone_or_only_together(least, kept):
    """Below 16 each fails alone; at 10 one may shrink without the other, and both are kept."""
    graph = trace(Insisting(least).double(), torch.randn(2, 5, dtype=torch.float64))
    assert [g.mids for g in graph.groups] == kept
    for layer in graph.layers[:3]:
        told = [reason for reason, _ in layer.protected]
        assert told == ([] if (layer.mid,) in kept else ["the proof failed: ValueError: too narrow"])


def test_the_same_seed_finds_the_same():
    backend, network = PytorchBackend(), Unseen().double().eval()
    first, second = (parse(backend, network, inputs(), seed=3) for _ in range(2))
    assert first.frozen == second.frozen
    assert first.signature == second.signature
