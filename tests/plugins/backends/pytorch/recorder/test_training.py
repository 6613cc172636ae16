"""What training returns and evaluation does not: heads that it drops, or never runs."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import nn

from prunekit import PrunePlan, prune, trace

X = torch.rand(1, 3, 8, 8)
DROPPED = "is computed and not returned, so what reads it is not known"


class Heads(nn.Module):
    """A body, a head, and auxiliary heads that a subclass says what to do with."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.head, self.wide = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 5, 1), nn.Conv2d(8, 6, 1)
        self.aux, self.stash = nn.ModuleList([nn.Conv2d(6, 5, 1), nn.Conv2d(8, 5, 1)]), []

    def heads(self, x):
        return [self.aux[0](torch.relu(self.wide(x))), self.aux[1](x)]


class Computed(Heads):
    """Evaluation computes all and returns one (MONAI's DynUNet)."""

    def forward(self, x):
        x = torch.relu(self.a(x))
        out, heads = self.head(x), self.heads(x)
        return torch.stack([out, *heads], 1) if self.training else out


class NeverRun(Heads):
    def forward(self, x):
        x = torch.relu(self.a(x))
        return (self.head(x), *self.heads(x)) if self.training else self.head(x)


class Stashed(Heads):
    """A loss reads them where they were left, in both modes."""

    def forward(self, x):
        x = torch.relu(self.a(x))
        self.stash = self.heads(x)
        return self.head(x)


class NeedsTargets(Heads):
    """Training needs more than the example, as detectors do."""

    def forward(self, x, targets=None):
        x = torch.relu(self.a(x))
        heads = self.heads(x)
        if self.training:
            return [(head - targets).square().mean() for head in heads]
        return self.head(x)


class InNumpy(Heads):
    """The last steps run outside torch, where nothing is followed."""

    def forward(self, x):
        x = torch.relu(self.a(x))
        heads = [self.head(x), *self.heads(x)]
        return heads if self.training else torch.from_numpy(np.maximum(heads[0].numpy(), 0))


def pruned(network: nn.Module):
    graph = trace(network.eval(), X)
    rng = np.random.default_rng(0)
    return graph, prune(network, graph, PrunePlan.uniform(graph, 0.5, {g.id: rng.random(g.size) for g in graph.groups}))


class Used(Heads):
    """Evaluation goes on with what training returns as well (OCRNet)."""

    def forward(self, x):
        x = torch.relu(self.a(x))
        heads = self.heads(x)
        found = self.head(x + torch.einsum("bkhw,bkij->bhw", *heads).unsqueeze(1))
        return (found, *heads) if self.training else found


def test_heads_that_evaluation_goes_on_with_keep_their_classes():
    graph, small = pruned(Used())
    assert sorted(group.size for group in graph.groups) == [6, 8] and not graph.frozen
    assert [part.shape[1] for part in small.train()(torch.rand(2, 3, 8, 8))] == [5, 5, 5]


def test_a_training_forward_that_returns_the_same_is_not_kept():
    class Same(Heads):
        def forward(self, x):
            x = torch.relu(self.a(x))
            if self.training:
                x = nn.functional.dropout(x)
            return self.head(x), *self.heads(x)

    assert pruned(Same())[0].operators.training_from is None


@pytest.mark.parametrize("kind", [Computed, NeverRun, InNumpy])
def test_heads_keep_their_classes_and_follow_the_body(kind):
    graph, small = pruned(kind())
    assert sorted(group.size for group in graph.groups) == [6, 8] and not graph.frozen
    assert small.a.out_channels == small.aux[1].in_channels == 4 and small.wide.out_channels == 3
    outputs = small.train()(torch.rand(2, 3, 8, 8))
    assert all(part.shape[1] == 5 for part in (outputs.unbind(1) if torch.is_tensor(outputs) else outputs))
    assert graph.operators.training_from is not None


@pytest.mark.parametrize("kind", [Stashed, NeedsTargets])
def test_what_nothing_recorded_reads_is_kept(kind):
    graph, small = pruned(kind())
    kept = {layer.name: [reason for reason, _ in layer.protected] for layer in graph.layers if layer.protected}
    assert kept == {"head": ["reaches the network's output"], "aux.0": [DROPPED], "aux.1": [DROPPED]}
    assert sorted(group.size for group in graph.groups) == [6, 8] and graph.operators.training_from is None
    assert [head.shape[1] for head in small.heads(torch.relu(small.a(X)))] == [5, 5]
    assert [note for note in graph.notes if "read" in note] == []


def test_a_training_forward_that_fails_tells_nothing_of_heads_that_only_it_runs():
    class TooSmall(NeverRun):
        def heads(self, x):
            return [nn.functional.conv2d(x, torch.ones(1, x.shape[1], 9, 9)), *super().heads(x)]

    graph, _ = pruned(TooSmall())
    (note,) = [note for note in graph.notes if "aux" in note]
    assert note.startswith(
        "not read in evaluation: wide.weight, wide.bias, aux.0.weight and 3 more; whether training reads them is not"
        " known, for its forward fails on the example inputs (RuntimeError: Calculated padded input size"
    )
    assert "does not read them" not in "".join(graph.notes)


def test_what_training_does_not_read_either_is_said():
    class Unused(Heads):
        def forward(self, x):
            return self.head(self.a(x))

    graph, _ = pruned(Unused())
    assert graph.notes[0].endswith("and 3 more; the training forward does not read them either")


def test_an_activation_that_is_kept_stays_prunable():
    class Kept(Heads):
        def forward(self, x):
            x = torch.relu(self.a(x))
            self.stash = [x, x.detach(), x.mean().item(), self.wide(x).shape]
            return self.head(x)

    graph, small = pruned(Kept())
    assert small.a.out_channels == 4 and graph.groups[0].size == 8


class Masks(nn.Module):
    """Training masks some of its features by NumPy's or Python's own numbers (wav2vec 2.0 does)."""

    def __init__(self, draw):
        super().__init__()
        self.a, self.b, self.c, self.draw = nn.Linear(3, 8), nn.Linear(8, 8), nn.Linear(8, 4), draw

    def forward(self, x):
        x = torch.relu(self.a(x))
        if self.training:
            x = x * torch.tensor([self.draw() > 0.5 for _ in range(x.shape[1])], dtype=x.dtype)[:, None]
        return self.c(torch.relu(self.b(x)))


@pytest.mark.parametrize("draw", [np.random.rand, random.random])
def test_training_that_draws_elsewhere_is_proven(draw):
    np.random.seed(5), random.seed(5)
    graph = trace(Masks(draw).eval(), torch.rand(2, 12, 3))
    after = draw()
    assert len(graph.proven) == len(graph.groups) == 2 and not graph.frozen
    np.random.seed(5), random.seed(5)
    assert after == draw()  # the caller's numbers go on as if nothing had been drawn
