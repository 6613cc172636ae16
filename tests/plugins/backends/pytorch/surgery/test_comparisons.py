"""Code that compares sizes: whatever a plan asks for, the network takes the branch that it took."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from prunekit import PrunePlan, prune, trace
from prunekit.core.cost import price
from prunekit.core.parsing.parse import parse
from prunekit.core.pruning import Ranking
from prunekit.core.pruning.plan import PlanError
from prunekit.core.testing import assert_exact
from prunekit.plugins.backends.pytorch.backend import PytorchBackend

SIZES = {8, 16}


def shortcut(m, x):
    y = m.f(x)
    if x.shape[1] != y.shape[1]:
        x = m.proj(x)
    return x + y


def of_layers(m, x):
    y = m.f(x)
    if m.proj.in_channels != m.f.out_channels:
        x = m.proj(x)
    return x + y


def of_attributes(m, x):
    """Hiera: one of the two is adapted, as the code uses it as a size."""
    y = m.f(x).reshape(len(x), m.o, -1).view(len(x), m.o, *x.shape[2:])
    if m.i != m.o:
        x = m.proj(x)
    return x + y


def equal_attributes(m, x):
    """The other one follows."""
    y = m.g(x).reshape(len(x), m.i, -1).view(len(x), m.i, *x.shape[2:])
    return m.f(x + y if m.i == m.j else y)


def layers_that_agree(m, x):
    y = m.g(x)
    return m.f(x + y if m.g.in_channels == m.g.out_channels else y)


def bounded(m, x):
    return m.f(torch.relu(x) if x.shape[1] > 10 else x)


def bounded_layer(m, x):
    return m.f(torch.relu(x) if m.first.out_channels >= 10 else x)


def bounded_norm(m, x):
    return m.f(torch.relu(m.norm(x)) if m.norm.num_features > 10 else x)


def multiple(m, x):
    return m.f(torch.relu(x) if x.shape[1] % 4 == 0 else x)


def odd(m, x):
    return m.f(torch.relu(x) if x.shape[1] % 2 else x)


def one_of(m, x):
    return m.f(torch.relu(x) if x.shape[1] in (6, 8) else x)


def one_of_a_set(m, x):
    return m.f(torch.relu(x) if x.shape[1] in {6, 8} else x)


def one_of_a_held_set(m, x):
    return m.f(torch.relu(x) if x.shape[1] in m.widths else x)


def table(m, x):
    return m.f({8: torch.relu, 6: torch.tanh}.get(x.shape[1], torch.sigmoid)(x))


def one_of_shapes(m, x):
    return m.f(torch.relu(x) if tuple(x.shape) in {(2, 8, 4, 4), (2, 12, 4, 4)} else x)


def one_of_keys(m, x):
    return m.f(torch.relu(x) if x.shape[1] in {6: 1} or x.shape[1] in frozenset((8, 12)) else x)


def not_in_a_table(m, x):
    try:
        return m.f(x * {8: 3.0}[x.shape[1]])
    except KeyError:
        return m.f(x)


def squared(m, x):
    return m.f(torch.relu(x) if x.shape[1] ** 2 > 100 else x)


def apart(m, x):
    y = m.f(x)
    return torch.relu(y) if abs(x.shape[1] - y.shape[1]) < 9 else y


def ratio(m, x):
    return m.f(torch.relu(x) if x.shape[1] / 8 > 1.5 and x.shape[1] > 10.5 else x)


def whole(m, x):
    return m.f(torch.relu(x) if (x.shape[1] / 4).is_integer() else x)


def rooted(m, x):
    return m.f(torch.relu(x) if math.sqrt(x.shape[1]) > 3.5 else x)


def power_of_two(m, x):
    return m.f(torch.relu(x) if math.log2(x.shape[1]).is_integer() and x.shape[1] & (x.shape[1] - 1) == 0 else x)


def common(m, x):
    return m.f(torch.relu(x) if math.gcd(x.shape[1], 12) == 4 else x)


def of_numpy(m, x):
    return m.f(torch.relu(x) if np.int64(10) < x.shape[1] > np.float32(3) and np.mod(x.shape[1], 2) == 0 else x)


def converted(m, x):
    return m.f(torch.relu(x) if int(float(x.shape[1])) > 10 else x)


def matched(m, x):
    match x.shape[1]:
        case 8:
            return m.f(torch.tanh(x))
        case _:
            return m.f(x)


def smallest(m, x):
    return m.f(x / min(x.shape[1] // 4, 2))


def largest(m, x):
    y = m.f(x)
    return y * (2 if max(x.shape[1], y.shape[1]) == y.shape[1] else 1)


def together(m, x):
    y = m.f(x)
    return y * (2 if x.shape[1] + y.shape[1] >= 20 else 1)


def shapes(m, x):
    y = m.g(x)
    if x.shape == y.shape:
        x = x * y
    return m.f(x)


def insisting(m, x):
    assert x.shape[1] == m.i, "another width"
    return m.f(x)


def heads(m, x):
    n, c, h, w = x.shape
    assert c % m.heads == 0 and c // m.heads * m.heads == m.i
    return m.f(x.view(n, m.heads, c // m.heads, h, w).softmax(2).reshape(n, c, h, w))


def cached(m, x):
    """Two layers of the same width share an entry of a cache, and nothing else."""
    y = m.g(x)
    for tensor in (x, y):
        if tensor.shape[1] not in m.cache:
            m.cache[tensor.shape[1]] = 2.0
    return m.f(y)


BODIES = {
    body.__name__: (body, groups)
    for groups, bodies in {
        ((0, 16), (1, 24)): [
            shortcut, of_layers, of_attributes, bounded, bounded_layer, bounded_norm, multiple, one_of, one_of_a_set,
            one_of_a_held_set, one_of_shapes, one_of_keys, not_in_a_table, table, smallest, largest, together,
            insisting, squared, apart, ratio, whole, rooted, power_of_two, common, of_numpy, converted, matched,
        ],
        ((0, 16), (2, 24)): [equal_attributes, layers_that_agree, shapes],
        ((0, 4), (1, 24)): [heads],
        ((0, 16), (1, 16), (2, 24)): [cached],
    }.items()
    for body in bodies
}  # fmt: skip
"""What is computed between two layers, and the groups of channels by id and size."""


class Compares(nn.Module):
    def __init__(self, body, first=16, second=24):
        super().__init__()
        self.first, self.norm, self.last = nn.Conv2d(3, first, 3), nn.BatchNorm2d(first), nn.Conv2d(second, 4, 1)
        self.f, self.g = nn.Conv2d(first, second, 3, padding=1), nn.Conv2d(first, first, 1)
        self.proj, self.body, self.widths, self.cache = nn.Conv2d(first, second, 1), body, {6, 8}, {}
        self.i, self.j, self.o, self.heads = first, first, second, 4

    def forward(self, x):
        return self.last(self.body(self, self.first(x)))


def traced(body, **sizes):
    network = Compares(body, **sizes).double().eval()
    x = torch.randn(2, 3, 6, 6, dtype=torch.float64)
    return network, x, parse(PytorchBackend(), network, x, proof=False)


@pytest.mark.parametrize("name", BODIES)
def test_no_ratio_makes_another_function(name):
    body, groups = BODIES[name]
    network, x, graph = traced(body)
    assert [(g.id, g.size) for g in graph.groups] == list(groups)
    rng = np.random.default_rng(0)
    for share in (0.0, 0.25, 0.5, 0.66, *rng.random(6)):
        ratios = {g.id: share if share in (0.0, 0.25, 0.5, 0.66) else rng.random() for g in graph.groups}
        plan = PrunePlan.from_ratios(graph, ratios, {g.id: rng.random(g.size) for g in graph.groups})
        assert assert_exact(network, x, graph=graph, plan=plan).error < 1e-12
    assert price(graph, PrunePlan.uniform(graph, 0.5)).macs < 0.6 * price(graph).macs


def test_every_plan_that_is_not_refused_is_right():
    """All counts of two layers around a projection that is skipped where they are the same."""
    network, x, graph = traced(shortcut, first=5, second=6)
    rankings = {g.id: Ranking(np.arange(g.size), np.zeros(g.size + 1)) for g in graph.groups}
    for one in range(1, 6):
        for other in range(1, 7):
            plan = PrunePlan.from_counts(graph, [one, other], rankings)
            if one == other:
                with pytest.raises(PlanError, match=rf"5 != 6 is True, {one} != {one} would be False"):
                    prune(network, graph, plan)
            else:
                assert assert_exact(network, x, graph=graph, plan=plan).error < 1e-12


def test_what_is_refused_says_where_and_what_to_do():
    network, _, graph = traced(shortcut)
    ranking = {g.id: Ranking(np.arange(g.size), np.zeros(g.size + 1)) for g in graph.groups}
    with pytest.raises(PlanError) as refused:
        prune(network, graph, PrunePlan.from_counts(graph, [12, 12], ranking))
    lines = Path(__file__).read_text().splitlines()
    line = next(k for k, text in enumerate(lines, 1) if "if x.shape[1] != y.shape[1]" in text)
    assert str(refused.value) == (
        "the plan changes what comes of a comparison in the network: "
        f"test_comparisons.py:{line}: x.shape[1] != y.shape[1] (in the network): 16 != 24 is True,"
        " 12 != 12 would be False; keep another number of units of group 0 (first) or group 1 (f);"
        " PrunePlan.nearest finds one"
    )


def test_a_plan_that_was_moved_tells_so():
    _, _, graph = traced(shortcut)
    plan = PrunePlan.from_ratios(graph, {0: 0.75, 1: 0.5})
    assert plan.counts(graph) == (13, 12) and plan == PrunePlan.from_ratios(graph, {0: 0.75, 1: 0.5})
    (note,) = plan.notes
    assert note.startswith("group 0 (first) keeps 13 units, not 12: test_comparisons.py:")
    assert PrunePlan.from_ratios(graph, {1: 2 / 3}).counts(graph) == (16, 17)  # the other was to stay whole
    assert PrunePlan.from_ratios(graph, {0: 0.75, 1: 0.5}, round_to=4).counts(graph) == (16, 12)
    assert not PrunePlan.from_ratios(graph, {0: 0.5, 1: 0.5}).notes


@pytest.mark.parametrize(
    ("body", "wanted", "kept"),
    [(bounded, 0.5, 11), (bounded, 0.75, 12), (multiple, 0.4, 8), (multiple, 0.6, 12), (one_of, 0.5, 9), (odd, 0.3, 6)],
)
def test_the_nearest_count_is_taken(body, wanted, kept):
    _, _, graph = traced(body)
    assert PrunePlan.from_ratios(graph, {0: wanted}).counts(graph) == (kept, 24)


def test_what_can_never_go_stays_and_says_why():
    network, x, graph = traced(lambda m, x: m.f(torch.relu(x) if x.shape[1] == 16 else x))
    assert [g.id for g in graph.groups] == [1]
    ((reason, count),) = graph.layers[0].protected
    assert reason.startswith("cannot go without another outcome of test_comparisons.py:") and count == 16
    assert reason.endswith(": x.shape[1] == 16")
    assert assert_exact(network, x, graph=graph).error < 1e-12


@pytest.mark.parametrize("body", [shortcut, bounded])
def test_the_proof_asks_for_no_plan_that_is_refused(body):
    network, x, _ = traced(body)
    graph = trace(network, x)
    assert [g.id for g in graph.groups] == [0, 1] and not graph.frozen


class Encoder(nn.Module):
    """torch's own layers, which check sizes and choose a fast way by them."""

    def __init__(self, dim=24, heads=4):
        super().__init__()
        self.embed, self.head = nn.Linear(5, dim), nn.Linear(dim, 3)
        self.encoder = nn.TransformerEncoderLayer(dim, heads, 32, batch_first=True)
        self.decoder = nn.TransformerDecoderLayer(dim, heads, 32, batch_first=True)

    def forward(self, x):
        x = self.embed(x)
        return self.head(self.decoder(x, self.encoder(x)))


class Windows(nn.Module):
    """Pads what its windows do not divide, and normalizes in groups."""

    def __init__(self, dim=24, window=4):
        super().__init__()
        self.embed, self.norm, self.window = nn.Conv2d(3, dim, 1), nn.GroupNorm(4, dim), window
        self.mix, self.head = nn.Conv2d(dim, dim, 1), nn.Conv2d(dim, 3, 1)

    def forward(self, x):
        x = self.norm(self.embed(x))
        n, c, h, w = x.shape
        if h % self.window or w % self.window:
            x = nn.functional.pad(x, (0, -w % self.window, 0, -h % self.window))
        s = self.window
        tall, wide = x.shape[2] // s, x.shape[3] // s
        y = x.view(n, c, tall, s, wide, s).permute(0, 2, 4, 1, 3, 5).reshape(-1, c, s, s)
        y = self.mix(y).view(n, tall, wide, c, s, s).permute(0, 3, 1, 4, 2, 5).reshape(n, c, tall * s, wide * s)
        return self.head((x + y)[:, :, :h, :w])


@pytest.mark.parametrize(("network", "shape"), [(Encoder(), (7, 5)), (Windows(), (3, 6, 6))])
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.5, 0.9])
def test_checks_of_the_framework_and_of_places_cost_nothing(network, shape, keep):
    network, x = network.double().eval(), torch.randn(2, *shape, dtype=torch.float64)
    graph = parse(PytorchBackend(), network, x, proof=False)
    assert graph.operators.compared and not graph.comparisons
    plan = PrunePlan.uniform(graph, keep)
    assert not plan.notes and assert_exact(network, x, graph=graph, plan=plan).error < 1e-12


def test_the_table_tells_what_plans_keep():
    _, _, graph = traced(shortcut)
    assert "plans keep what comes of test_comparisons.py:" in graph.table()
    _, _, graph = traced(insisting)
    assert "plans keep" not in graph.table()


class Remembering(nn.Module):
    """It holds a tensor that the code compares and that no operator reads, as ConViT its relative places."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.places = nn.Linear(4, 8), nn.Linear(8, 3), torch.zeros(8, 3)

    def forward(self, x):
        x = self.a(x)
        if self.places.shape[0] != x.shape[-1]:
            raise ValueError("other places")
        return self.b(x)


def test_a_tensor_that_is_only_compared_follows():
    network, x = Remembering().double().eval(), torch.rand(2, 4, dtype=torch.float64)
    graph = trace(network, x)
    assert [group.size for group in graph.groups] == [8] and not graph.frozen
    small = prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert small.places.shape == (4, 3) and small(x).shape == (2, 3)
