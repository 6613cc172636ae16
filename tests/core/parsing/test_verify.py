"""What a recording cannot see is found out by values and protected; nothing else is."""

from __future__ import annotations

import pytest
import torch
from nets_of_sizes import Unseen
from torch import nn

from prunekit import PrunePlan, prune, trace
from prunekit.core.parsing.parse import parse
from prunekit.core.pruning.plan import PlanError
from prunekit.core.testing import assert_exact
from prunekit.plugins.backends.pytorch.backend import PytorchBackend


class Insisting(nn.Module):
    """The code refuses what it gets, and does not say so in sizes."""

    def __init__(self, least: int) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(5, 8), nn.Linear(5, 8), nn.Linear(5, 8)
        self.outs, self.least = nn.ModuleList(nn.Linear(8, 2) for _ in range(3)), least

    def forward(self, x):
        a, b, c = self.a(x), self.b(x), self.c(x)
        if len(a[0].tolist()) + len(b[0].tolist()) <= self.least:
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


class Routed(nn.Module):
    """Decides by one number of a vector."""

    def __init__(self, wide=8):
        super().__init__()
        self.a, self.b = nn.Linear(5, wide), nn.Linear(wide, 2)

    def forward(self, x):
        h = self.a(x)
        return self.b(h if (h[:, 0] > 0).any() else h * 2)


class Nothing(Routed):
    def forward(self, x):
        return super().forward(x) * float("nan")


def test_vectors_are_reduced():
    graph = trace(Routed(), torch.randn(4, 5))
    assert [group.size for group in graph.groups] == [7]


def test_outputs_that_tell_nothing_prove_nothing():
    assert trace(Nothing(), torch.randn(4, 5)).notes[-1].startswith("not proven: it runs")


@pytest.mark.parametrize(
    ("other", "said"), [(Routed(16), r"a.weight is \(8, 5\) there"), (nn.Linear(5, 2), "has no a.weight")]
)
def test_the_graph_of_another_network(other, said):
    graph = trace(Routed(), torch.randn(4, 5))
    with pytest.raises(PlanError, match=said):
        prune(other, graph, PrunePlan.uniform(graph, 0.5))


def test_scripted_modules_train_after_pruning():
    network = nn.Sequential(nn.Linear(5, 8), torch.jit.script(nn.Linear(8, 8)), nn.Linear(8, 6), nn.Linear(6, 2))
    graph = trace(network, torch.randn(2, 5))
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert all(p.is_leaf and p.requires_grad for p in small.parameters())
    assert small[2].out_features == 3


def test_padded_tokens_do_not_hide_a_transformer():
    layer = nn.TransformerEncoderLayer(12, 2, 16, batch_first=True)
    encoder, padding = nn.TransformerEncoder(layer, 1), torch.zeros(2, 6, dtype=torch.bool)
    padding[1, 4:] = True
    graph = trace(encoder.eval(), {"src": torch.randn(2, 6, 12), "src_key_padding_mask": padding})
    assert not graph.frozen and graph.layers[2].group is not None


def test_what_a_module_may_be_as_a_whole():
    with pytest.raises(ValueError, match="say convolution or normalization"):
        trace(Routed(), torch.randn(4, 5), leaf_modules={"Routed": "norm"})
