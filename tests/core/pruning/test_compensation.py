"""Compensation, elimination and calibration held against least squares by brute force."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracle import BACKEND, call, snapshot
from small_nets import CASES, conv
from torch import nn
from torch.nn import functional

from prunekit import PrunePlan, compensate, prune, recalibrate, trace
from prunekit.core.pruning import compensation


@pytest.fixture(autouse=True)
def as_measured(monkeypatch):
    """Least squares by brute force knows no shrinkage; only what keeps the inverse finite is left."""

    def barely_steadied(matrices, samples):
        steady = np.eye(matrices.shape[1]) * 1e-13 * np.trace(matrices[:, :-1, :-1], axis1=1, axis2=2)[:, None, None]
        steady[:, -1, -1] = 0
        return matrices + steady / max(1, matrices.shape[1] - 1)

    monkeypatch.setattr(compensation, "shrunk", barely_steadied)


def batches(shape, count=3, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return [(torch.randn(16, *shape, generator=generator, dtype=torch.float64), np.zeros(16)) for _ in range(count)]


def inputs_of(network, module, data):
    """What a module reads, over all batches, channels last: [positions, channels]."""
    seen = []
    handle = module.register_forward_pre_hook(lambda m, args: seen.append(args[0].detach()))
    with torch.no_grad():
        for x, _ in data:
            call(network, x)
    handle.remove()
    return torch.cat(seen).movedim(1, -1).flatten(0, -2).numpy()


def plan_for(graph, group_id, keep):
    rest = {g.id: tuple(range(g.size)) for g in graph.groups}
    return PrunePlan(rest | {group_id: tuple(keep)}, {g.id: g.size for g in graph.groups}, graph.signature)


def least_squares(x, kept, gone, constant):
    """Coefficients [kept (+ 1), gone] of the channels that go on those that stay."""
    left = x[:, kept]
    if constant:
        left = np.concatenate([left, np.ones((len(x), 1))], 1)
    return np.linalg.lstsq(left, x[:, gone], rcond=None)[0]


class Mlp(nn.Module):
    def __init__(self, bias: bool, norm: bool) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(5, 9), nn.Linear(9, 4, bias=bias)
        self.norm = nn.BatchNorm1d(4) if norm else nn.Identity()
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        return self.out(self.norm(self.b(self.a(x).relu())).relu())


def made(network):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return network().double().eval()


@pytest.mark.parametrize(("bias", "norm"), [(True, False), (True, True), (False, True), (False, False)])
def test_linear(bias, norm):
    network, data, keep = made(lambda: Mlp(bias, norm)), batches((5,)), [0, 2, 3, 6, 8]
    graph = trace(network, data[0][0])
    plan = plan_for(graph, 0, keep)
    small = compensate(network, prune(network, graph, plan), graph, plan, data)
    x = inputs_of(network, network.b, data)
    wanted = x @ network.b.weight.detach().numpy().T  # least squares of the outputs themselves
    left = np.concatenate([x[:, keep], np.ones((len(x), 1))], 1) if bias or norm else x[:, keep]
    best = np.linalg.lstsq(left, wanted, rcond=None)[0]
    assert np.allclose(small.b.weight.detach().numpy(), best[: len(keep)].T, atol=1e-8)
    if bias:
        assert np.allclose((small.b.bias - network.b.bias).detach().numpy(), best[-1], atol=1e-8)
    elif norm:
        assert np.allclose((network.norm.running_mean - small.norm.running_mean).numpy(), best[-1], atol=1e-8)
    if norm and bias:
        assert torch.equal(small.norm.running_mean, network.norm.running_mean)


def test_elimination_is_brute_force():
    network, data = made(lambda: Mlp(True, False)), batches((5,))
    graph = trace(network, data[0][0])
    ranking = compensation.rank(graph, BACKEND.observe(network, graph, data), BACKEND.state_arrays(network))[0]
    x, weight = inputs_of(network, network.b, data), network.b.weight.detach().numpy().T
    wanted = x @ weight
    power = ((wanted - wanted.mean(0)) ** 2).sum()

    def error(gone):
        left = np.concatenate([np.delete(x, gone, 1), np.ones((len(x), 1))], 1)
        best = np.linalg.lstsq(left, wanted, rcond=None)[0]
        return ((wanted - left @ best) ** 2).sum() / power

    gone: list[int] = []
    for k, unit in enumerate(ranking.order):
        costs = {other: error([*gone, other]) for other in range(9) if other not in gone}
        assert costs[int(unit)] == pytest.approx(min(costs.values()), rel=1e-6, abs=1e-9)  # greedy
        gone.append(int(unit))
        assert ranking.error[k + 1] == pytest.approx(costs[int(unit)], rel=1e-6, abs=1e-9)
    assert ranking.error[0] == 0
    assert (np.diff(ranking.error) >= 0).all()
    assert sorted(ranking.order) == list(range(9))


@pytest.mark.parametrize(
    "name", ["Grouped", "Transposed", "TransposedGrouped", "Sppf", "Flatten", "FlattenChannelsLast"]
)
def test_removed_channels_are_regressed(name):
    """Whatever the layer, its weight gains the removed channels' share in those that stay."""
    network, data = (
        CASES[name].build(),
        batches(CASES[name].shape, count=200 if len(CASES[name].shape) == 3 and "Last" in name else 4),
    )
    graph = trace(network, data[0][0])
    first = graph.groups[0]
    plan = plan_for(graph, first.id, range(1, first.size - 1))
    moments = BACKEND.observe(network, graph, data)
    reader = next(r for r in graph.readers if (r.units >= 0).any())
    new = compensation.compensated(graph, plan, moments, BACKEND.state_arrays(network))[reader.weight]
    module = network.get_submodule(reader.weight.removesuffix(".weight"))
    x, old = inputs_of(network, module, data), module.weight.detach().numpy()
    if reader.in_axis == 0:
        old, new = (w.reshape(reader.groups, -1, *w.shape[1:]).swapaxes(1, 2) for w in (old, new))
    else:
        old, new = (w.reshape(reader.groups, -1, *w.shape[1:]) for w in (old, new))
    if reader.block > 1:  # positions of the map count as further data
        x = x.reshape(len(x), -1, reader.block).swapaxes(1, 2).reshape(-1, x.shape[1] // reader.block)
        old, new = (w.reshape(1, len(w[0]), -1, reader.block) for w in (old, new))
    keep = plan.flags(graph)[reader.units]
    for q, part in enumerate(np.split(x, reader.groups, 1)):
        kept, gone = np.flatnonzero(keep), np.flatnonzero(~keep)
        share = least_squares(part, kept, gone, constant=reader.shift is not None)[: len(kept)]
        wanted = old[q][:, kept] + np.einsum("kg,og...->ok...", share, old[q][:, gone])
        assert np.allclose(new[q], wanted, atol=1e-5)


def test_blocks_and_columns():
    graphs = {
        name: trace(CASES[name].build(), CASES[name].inputs()) for name in ("Flatten", "Sppf", "TransposedGrouped")
    }
    readers = {name: next(r for r in g.readers if (r.units >= 0).any()) for name, g in graphs.items()}
    assert (readers["Flatten"].block, readers["Flatten"].units.tolist()) == (49, list(range(6)))
    assert (readers["Sppf"].block, readers["Sppf"].units.tolist()) == (1, list(range(6)) * 4)
    assert (readers["TransposedGrouped"].groups, readers["TransposedGrouped"].units.tolist()) == (2, list(range(4)))


class Redundant(nn.Module):
    """Channel 5 is 2 times channel 0 minus channel 3 plus a constant, whatever the input."""

    def __init__(self, last: nn.Module) -> None:
        super().__init__()
        self.a, self.last, self.head = nn.Conv2d(3, 8, 3), last, nn.Linear(6, 2)
        with torch.no_grad():
            self.a.weight[5] = 2 * self.a.weight[0] - self.a.weight[3]
            self.a.bias[5] = 0.7

    def forward(self, x):
        x = self.a(x)
        return self.head(self.last(x).relu().mean([2, 3]))


@pytest.mark.parametrize(
    "last",
    [
        lambda: nn.Conv2d(8, 6, 3),
        lambda: nn.Sequential(nn.Conv2d(8, 6, 3, bias=False), nn.BatchNorm2d(6)),
        lambda: nn.ConvTranspose2d(8, 6, 3, padding=2),
    ],
)
def test_linear_combinations_are_restored(last):
    network, data = made(lambda: Redundant(last())), batches((3, 8, 8))
    graph = trace(network, data[0][0])
    group = graph.group_of(0)
    ranking = compensation.rank(graph, BACKEND.observe(network, graph, data), BACKEND.state_arrays(network))[group.id]
    assert ranking.order[0] in (0, 3, 5)
    assert ranking.error[1] < 1e-9
    plan = plan_for(graph, group.id, [u for u in range(group.size) if u != 5])
    small = prune(network, graph, plan)
    assert (small(data[0][0]) - network(data[0][0])).abs().max() > 1e-3
    assert (compensate(network, small, graph, plan, data)(data[0][0]) - network(data[0][0])).abs().max() < 1e-8


def test_shared_layers_take_no_shift_of_their_own():
    """Two normalizations behind two calls of one convolution: neither alone may take up its shift."""

    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.shared = conv(3, 6), nn.Conv2d(6, 6, 3, padding=1, bias=False)
            self.n1, self.n2, self.head = nn.BatchNorm2d(6), nn.BatchNorm2d(6), nn.Linear(6, 2)

        def forward(self, x):
            x = self.n1(self.shared(self.stem(x))).relu()
            return self.head(self.n2(self.shared(x)).relu().mean([2, 3]))

    graph = trace(made(Twice), torch.randn(2, 3, 6, 6, dtype=torch.float64))
    assert {r.weight: r.shift for r in graph.readers} == {
        "stem.0.weight": ("stem.0.bias", 1), "shared.weight": None, "head.weight": ("head.bias", 1),
    }  # fmt: skip


def test_bias_of_a_linear_on_strided_input():
    graph = trace(CASES["ConvNext"].build(), CASES["ConvNext"].inputs())
    assert {r.weight: r.shift for r in graph.readers if "up" in r.weight or "down" in r.weight} == {
        "up.weight": ("up.bias", 1), "down.weight": ("down.bias", 1),
    }  # fmt: skip


def test_observe_is_brute_force():
    network, data = CASES["Grouped"].build(), batches((3, 8, 8))
    graph = trace(network, data[0][0])
    moments = BACKEND.observe(network, graph, data)
    assert moments.samples == {"g.0.weight": 480.0, "b.0.weight": 480.0, "head.linear.weight": 48.0}
    assert set(moments.matrices) == {"g.0.weight", "b.0.weight", "head.linear.weight"}
    x = inputs_of(network, network.g[0], data)
    for q, part in enumerate(np.split(x, 4, 1)):
        one = np.concatenate([part, np.ones((len(part), 1))], 1)
        assert np.allclose(moments.matrices["g.0.weight"][q], one.T @ one / len(one))


def test_recalibration_is_by_hand():
    network, data = CASES["Depthwise"].build(), batches((3, 8, 8), count=4)
    before = snapshot(network)
    other = recalibrate(network, data)
    assert snapshot(network) == before
    assert not any(module.training for module in other.modules())
    with torch.no_grad():
        outs = [network.a[0](x) for x, _ in data]
    mean = torch.stack([o.mean([0, 2, 3]) for o in outs]).mean(0)
    variance = torch.stack([o.transpose(0, 1).flatten(1).var(1) for o in outs]).mean(0)
    assert torch.allclose(other.a[1].running_mean, mean)
    assert torch.allclose(other.a[1].running_var, variance)
    assert other.a[1].momentum == network.a[1].momentum
    with torch.no_grad():  # the next one is calibrated on what the first, recalibrated by batch, lets through
        hidden = [
            functional.relu(functional.batch_norm(o, None, None, network.a[1].weight, network.a[1].bias, True))
            for o in outs
        ]
    assert torch.allclose(
        other.d[1].running_mean, torch.stack([network.d[0](h).mean([0, 2, 3]) for h in hidden]).mean(0)
    )


def test_inputs_are_left_alone():
    network, data = CASES["Grouped"].build(), batches((3, 8, 8))
    graph = trace(network, data[0][0])
    plan = PrunePlan.uniform(graph, 0.5)
    small = prune(network, graph, plan)
    before = snapshot(network), snapshot(small)
    better = compensate(network, small, graph, plan, data)
    assert (snapshot(network), snapshot(small)) == before
    assert not torch.equal(better.g[0].weight, small.g[0].weight)
    assert {id(p) for p in better.parameters()}.isdisjoint(id(p) for p in small.parameters())


def test_groups_that_no_weight_reads_are_ranked_by_magnitude():
    class Product(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q, self.k, self.out = nn.Linear(4, 6), nn.Linear(4, 6), nn.Linear(3, 2)

        def forward(self, x):
            return self.out(self.q(x) @ self.k(x).transpose(1, 2))

    network, data = made(Product), [(torch.randn(4, 3, 4, dtype=torch.float64), np.zeros(4))]
    graph = trace(network, data[0][0])
    ranking = compensation.rank(graph, BACKEND.observe(network, graph, data), BACKEND.state_arrays(network))[0]
    assert ranking.error[-1] == pytest.approx(1)
    assert (np.diff(ranking.error) > 0).all()
