"""Weights that the forward computes: what stays computes what it did, and does so after compensation as well."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from oracle import BACKEND
from small_nets import CASES
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, parametrize, prune, weight_norm

import prunekit
from prunekit import PrunePlan
from prunekit.core.graph.structure import staying
from prunekit.core.testing import assert_exact

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm. is deprecated:FutureWarning")


class NormedByHand(nn.Conv2d):
    """Weight normalization written out, with the direction laid flat."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.g = nn.Parameter(torch.rand(self.out_channels, 1, 1, 1) + 0.5)

    def applied(self):
        return self.g * functional.normalize(self.weight.flatten(1), dim=1).view_as(self.weight)

    def forward(self, x):
        return self._conv_forward(x, self.applied(), self.bias)


class Scaled(NormedByHand):
    """An equalized learning rate: the weight times a number that stands in the code, and a gain."""

    def applied(self):
        return self.weight * 0.125 * self.g


class GainFirst(NormedByHand):
    def applied(self):
        return self.g * self.weight


class Halved(nn.Module):
    def forward(self, weight):
        return weight * 0.5


def masked(layer):
    """Every other filter at zero."""
    mask = torch.ones_like(layer.weight)
    mask[(slice(None),) * isinstance(layer, nn.ConvTranspose2d) + (slice(None, None, 2),)] = 0
    return prune.custom_from_mask(layer, "weight", mask)


def halved(layer):
    parametrize.register_parametrization(layer, "weight", Halved())
    return layer


def every(norm, **kwargs):
    return lambda: nn.Sequential(
        norm(nn.Conv2d(3, 16, 3), **kwargs), nn.LeakyReLU(0.1),
        norm(nn.Conv2d(16, 24, 3, groups=2), **kwargs), nn.ReLU(),
        norm(nn.ConvTranspose2d(24, 12, 3), **kwargs), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        norm(nn.Linear(12, 10), **kwargs), nn.ReLU(), norm(nn.Linear(10, 5), **kwargs),
    )  # fmt: skip


def by_hand(kind):
    return lambda: nn.Sequential(
        kind(3, 16, 3), nn.LeakyReLU(0.1), kind(16, 24, 3), nn.ReLU(), kind(24, 12, 3), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 5),
    )  # fmt: skip


NETS = {
    "old weight_norm": every(weight_norm),
    "weight_norm": every(parametrizations.weight_norm),
    "weight_norm of the second axis": every(parametrizations.weight_norm, dim=1),
    "weight_norm of the whole": every(parametrizations.weight_norm, dim=None),
    "masked": every(masked),
    "parametrized": every(halved),
    "normed by hand": by_hand(NormedByHand),
    "scaled": by_hand(Scaled),
    "gain first": by_hand(GainFirst),
}


@torch.enable_grad()
def folded(network: nn.Module) -> nn.Module:
    """The network with what it applies as plain weights; it is changed itself, as copies of parametrized ones share."""
    for name, layer in list(network.named_modules()):  # with gradients: else torch makes buffers
        if isinstance(layer, NormedByHand):
            made = nn.Conv2d(layer.in_channels, layer.out_channels, 3).to(layer.weight)
            made.weight.data, made.bias = layer.applied().detach(), layer.bias
            network.set_submodule(name, made)
        elif parametrize.is_parametrized(layer):
            parametrize.remove_parametrizations(layer, "weight")
        elif hasattr(layer, "weight_g"):
            nn.utils.remove_weight_norm(layer)
        elif hasattr(layer, "weight_mask"):
            prune.remove(layer, "weight")
    return network


def built(name: str) -> tuple[nn.Module, nn.Module, torch.Tensor]:
    x, networks = torch.randn(8, 3, 12, 12, generator=torch.Generator().manual_seed(7)).double(), []
    for _ in range(2):
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(0)
            networks.append(NETS[name]().double().eval())
            networks[-1](x)  # hooks compute weights here without a gradient, so that the network can be copied
    return networks[0], folded(networks[1]), x


def halves(graph):
    rng = np.random.default_rng(1)
    return PrunePlan.uniform(graph, 0.5, {g.id: rng.random(g.size) for g in graph.groups})


def far(a, b):
    return float((a - b).abs().max() / b.abs().max())


@pytest.mark.parametrize("name", NETS)
@torch.no_grad()
def test_what_stays_computes_what_it_did(name):
    """Held against zeros in plain weights: the function that was trained."""
    network, plain, x = built(name)
    graph, other = prunekit.trace(network, x), prunekit.trace(plain, x)
    assert not graph.frozen
    assert graph.notes == other.notes
    assert graph.signature == other.signature
    assert [layer.name for layer in graph.layers] == [layer.name for layer in other.layers]
    plan = halves(graph)
    state, keep = BACKEND.state_arrays(plain), plan.flags(graph)
    for axis in other.axes:
        state[axis.parameter][(slice(None),) * axis.axis + (~staying(axis.units, keep),)] = 0
    small = prunekit.prune(network, graph, plan)
    assert far(small(x), BACKEND.with_state(plain, state)(x)) < 1e-12
    assert far(small(x), network(x)) > 1e-3


@pytest.mark.parametrize("name", NETS)
def test_units_are_ranked_by_what_is_applied(name):
    network, plain, x = built(name)
    graph, other = prunekit.trace(network, x), prunekit.trace(plain, x)
    for gid, scores in prunekit.core.pruning.magnitude_scores(other).items():
        np.testing.assert_allclose(prunekit.core.pruning.magnitude_scores(graph)[gid], scores, rtol=1e-12)
    batches = [(x.numpy(), np.zeros(8))]
    one, two = (
        prunekit.core.pruning.compensation.rank(g, BACKEND.observe(n, g, batches), BACKEND.state_arrays(n))
        for n, g in ((network, graph), (plain, other))
    )
    for gid in one:
        assert one[gid].order.tolist() == two[gid].order.tolist()


@pytest.mark.parametrize("name", NETS)
@torch.no_grad()
def test_compensation_is_that_of_plain_weights(name):
    network, plain, x = built(name)
    graph, other = prunekit.trace(network, x), prunekit.trace(plain, x)
    plan, batches = halves(graph), [(x.numpy(), np.zeros(8))]
    small = prunekit.prune(network, graph, plan)
    got = prunekit.compensate(network, small, graph, plan, batches)
    wanted = prunekit.compensate(plain, prunekit.prune(plain, other, plan), other, plan, batches)
    assert far(got(x), wanted(x)) < 1e-9
    assert [n for n, _ in got.named_parameters()] == [n for n, _ in network.named_parameters()]


@torch.no_grad()
def test_what_cannot_be_written_back_is_left_and_said():
    """A mask of single weights holds at zero what would take up what goes."""
    network, _, x = built("masked")
    prune.remove(network[2], "weight")
    prune.custom_from_mask(network[2], "weight", torch.arange(24 * 8 * 9).view(24, 8, 3, 3) % 5 > 0)
    graph = prunekit.trace(network, x)
    (note,) = (note for note in graph.notes if "compensation" in note)
    assert note.endswith(": 2 (a mask of single weights)")
    plan, batches = halves(graph), [(x.numpy(), np.zeros(8))]
    small = prunekit.prune(network, graph, plan)
    got = prunekit.compensate(network, small, graph, plan, batches)
    assert torch.equal(got[2].weight_orig, small[2].weight_orig)
    assert not torch.equal(got[4].weight_orig, small[4].weight_orig)


@pytest.mark.parametrize("name", ["old weight_norm", "masked"])
def test_attributes_that_hooks_compute_are_of_what_is_left(name):
    network, _, x = built(name)
    graph = prunekit.trace(network, x)
    small = prunekit.prune(network, graph, PrunePlan.uniform(graph, 0.5))
    assert small[2].weight.shape == (12, 4, 3, 3)
    assert (small[2].in_channels, small[2].out_channels) == (8, 12)
    assert (small[8].in_features, small[8].out_features) == (6, 5)


@pytest.mark.parametrize("norm", [parametrizations.spectral_norm, nn.utils.spectral_norm])
def test_spectral_norm_keeps_its_reason_or_what_stays_as_it_was(norm):
    """In evaluation a weight is divided by its product with two buffers: the first makes up for what goes."""
    networks, x = [], torch.randn(8, 3, 12, 12, generator=torch.Generator().manual_seed(7)).double()
    for _ in range(2):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            networks.append(every(norm)().double())
            for _ in range(3):
                networks[-1](x)
            networks[-1].eval()
    network, plain = networks
    for layer in plain:
        if parametrize.is_parametrized(layer):
            parametrize.remove_parametrizations(layer, "weight")
        elif hasattr(layer, "weight_orig"):
            nn.utils.remove_spectral_norm(layer)
    with torch.no_grad():
        network(x)
    graph, other = prunekit.trace(network, x), prunekit.trace(plain, x)
    reasons = [reason for layer in graph.layers[:-1] for reason, _ in layer.protected]
    if not graph.groups:
        assert reasons and all("mv in" in reason for reason in reasons)
        return
    plan = halves(graph)
    same = PrunePlan(plan.keep, plan.sizes, other.signature)
    small, small_plain = prunekit.prune(network, graph, plan), prunekit.prune(plain, other, same)
    with torch.no_grad():
        assert far(small(x), small_plain(x)) < 1e-12 < far(small(x), network(x))
        batches = [(x.numpy(), np.zeros(8))]
        got = prunekit.compensate(network, small, graph, plan, batches)(x)
        assert far(got, prunekit.compensate(plain, small_plain, other, same, batches)(x)) < 1e-9
    small.train()(x).sum().backward()


def test_standardized_weights_are_said_to_follow_what_stays(traced):
    graph = traced("StandardizedByBatchNorm")[2]
    assert graph.notes[0] == (
        "weights that the forward computes, ranked as they are applied and left out of compensation:"
        " a (native_batch_norm by statistics of what stays), b (native_batch_norm by statistics of what stays)"
    )
    assert traced("StandardizedByHand")[2].notes[0].count("sub by statistics of what stays") == 3


@pytest.mark.parametrize("name", ["TimmFused", "SeparateProjections", "MultiheadAttention", "Grouped"])
def test_normed_weights_change_no_group(name):
    """In attention the gain makes up for the width of heads as well: the rows that it is the length of could not."""
    case = CASES[name]
    network, x = case.build(), case.inputs()
    for module in list(network.modules()):
        if type(module) in (nn.Linear, nn.Conv2d):
            parametrizations.weight_norm(module)
    graph = prunekit.trace(network, x)
    assert [(g.id, g.mids, g.size, g.fixed, g.per_unit) for g in graph.groups] == case.groups
    assert not graph.frozen
    assert assert_exact(network, x, graph=graph).error < 1e-12


class StandardizedPointwise(nn.Module):
    """The second weight is standardized over its input channels alone, of which one has no variance."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 6, 1), nn.Conv2d(6, 5, 1)

    def forward(self, x):
        x, rows = torch.relu(self.a(x)), self.b.weight.reshape(1, self.b.out_channels, -1)
        weight = nn.functional.batch_norm(rows, None, None, training=True).reshape_as(self.b.weight)
        return self.c(torch.relu(nn.functional.conv2d(x, weight, self.b.bias))).mean((2, 3))


def test_two_channels_stay_where_statistics_are_taken_over_them():
    network, x = StandardizedPointwise().double().eval(), torch.rand(2, 3, 9, 9, dtype=torch.float64)
    graph = prunekit.trace(network, x)
    assert not graph.frozen and not graph.held and len(graph.groups) == 2
    reason = "stays, so that there is more than one position to take statistics over"
    assert [layer.protected for layer in graph.layers[:2]] == [((reason, 1),), ()]
    least = prunekit.PrunePlan.uniform(graph, 0.0)
    assert prunekit.prune(network, graph, least)(x).shape == (2, 5)
