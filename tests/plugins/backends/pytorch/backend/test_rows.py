"""Every layer that computes with a parameter has its row; what has no mid comes last and changes nothing else."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from prunekit import PrunePlan, prune, trace


class Octave(nn.Module):
    """One convolution's weight used in slices."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.o, self.b = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.Conv2d(16, 4, 1)

    def forward(self, x):
        x, w = self.a(x), self.o.weight
        parts = [
            functional.conv2d(x[:, :8], w[k : k + 8, :8], padding=1)
            + functional.conv2d(x[:, 8:], w[k : k + 8, 8:], padding=1)
            for k in (0, 8)
        ]
        return self.b(torch.cat(parts, 1))


class Words(nn.Module):
    """Two tables: what is added to one is produced by a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(20, 8), nn.Embedding(6, 8)
        self.up, self.down, self.head = nn.Linear(8, 12), nn.Linear(12, 8), nn.Linear(8, 5)

    def forward(self, x):
        y = self.words(x) + self.places(torch.arange(6))
        return self.head(y + self.down(self.up(y).relu()))


def between(layer):
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), layer, nn.ReLU(), nn.Conv2d(6, 1, 1))


def rows(network, x):
    graph = trace(network.eval(), x)
    assert [layer.mid for layer in graph.numbered] == list(range(len(graph.numbered)))
    assert graph.layers[: len(graph.numbered)] == graph.numbered
    return graph, {layer.name: layer for layer in graph.layers}


def test_a_weight_used_in_slices():
    graph, found = rows(Octave(), torch.randn(1, 3, 8, 8))
    assert (found["o"].mid, found["o"].kind, found["o"].params) == (-1, "convolution", 16 * 16 * 9)
    assert found["o"].macs == 16 * 16 * 9 * 36
    assert [layer.name for layer in graph.numbered] == ["a", "b"]
    assert sum(count for _, count in found["o"].protected) == 16
    line = next(line for line in graph.table().splitlines() if " o " in line)
    assert line.split()[:2] == ["-", "o"] and "in no layer above" not in graph.table()


@pytest.mark.parametrize("norm", [parametrizations.spectral_norm, parametrizations.orthogonal])
def test_parametrized_layers_are_named_as_modules(norm):
    _, found = rows(between(norm(nn.Conv2d(8, 6, 3))), torch.randn(1, 3, 8, 8))
    assert found["2"].out_channels == 6
    assert found["2"].group is not None or found["2"].protected


def test_a_single_channel_has_its_reason():
    _, found = rows(between(nn.Conv2d(8, 6, 3)), torch.randn(1, 3, 8, 8))
    assert (found["4"].mid, found["4"].protected) == (-1, (("is its only one", 1),))


def test_tables_have_the_group_of_what_is_added():
    network, x = Words(), torch.randint(0, 20, (1, 6), generator=torch.Generator().manual_seed(0))
    graph, found = rows(network, x)
    assert [(layer.name, layer.mid, layer.group) for layer in graph.layers] == [
        ("up", 0, 0), ("down", 1, 1), ("head", 2, None), ("words", -1, 1), ("places", -1, 1),
    ]  # fmt: skip
    assert found["words"].out_channels == 8 and not found["words"].protected
    assert prune(network, graph, PrunePlan.uniform(graph, 0.5)).words.weight.shape == (20, 4)


def test_repr_is_a_line():
    graph, _ = rows(between(nn.Conv2d(8, 6, 3)), torch.randn(1, 3, 8, 8))
    assert repr(graph) == (
        "<ChannelGraph: 3 layers, 2 groups, 14 of 15 channels prunable;"
        " proven by values: a random part of every group removed>"
    )
