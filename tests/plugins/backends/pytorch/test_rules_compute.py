"""Products of vectors and the like, and what they say of weights."""

from __future__ import annotations

import pytest
import torch
from one_operator import One, held_against_oracles
from torch import nn
from torch.nn import functional

from prunekit import trace
from prunekit.core.testing import assert_exact


def vector(n=8):
    return lambda: nn.Parameter(torch.randn(n))


def scores(m, x):
    """Attention over places by a learned vector."""
    shares = torch.matmul(x.flatten(2).transpose(1, 2), m.v).softmax(1)
    return x * shares.view(-1, 1, 6, 6)


CASES = {
    "mv": One(scores, held={"v": vector()}),
    "dot": One(lambda m, x: x * torch.dot(x.mean((0, 2, 3)), m.v), held={"v": vector()}),
    "dot of itself": One(lambda m, x: x * x.mean((0, 2, 3)).dot(x.amax((0, 2, 3)))),
    "vdot": One(lambda m, x: x * torch.vdot(m.v, x.mean((0, 2, 3))), held={"v": vector()}),
    "inner": One(lambda m, x: x * torch.inner(x.mean((0, 2, 3)), m.v), held={"v": vector()}),
    "vecdot": One(lambda m, x: x * torch.linalg.vecdot(x, x * 2, dim=1)[:, None]),
    "outer": One(lambda m, x: torch.outer(x.mean((0, 2, 3)), torch.arange(36.0)).view(1, -1, 6, 6) + x),
    "addr": One(
        lambda m, x: x.mean((0, 3)).addr(x.mean((0, 2, 3)), torch.arange(6.0, dtype=x.dtype))[None, :, :, None]
    ),
    "addmv": One(
        lambda m, x: torch.addmv(x.mean((0, 2, 3)), m.w, x.amax((0, 2, 3)))[None, :, None, None] + x,
        held={"w": lambda: nn.Parameter(torch.randn(8, 8))},
    ),
    "addbmm": One(
        lambda m, x: x + torch.addbmm(x.new_ones(6, 6), x[0].transpose(1, 2), x[1]),
        free=0,
        reason="addbmm in the network is taken",
    ),
    "baddbmm_": One(
        lambda m, x: (
            x
            + torch.zeros(2, 36, 36, dtype=x.dtype)
            .baddbmm_(x.flatten(2).transpose(1, 2), x.flatten(2))
            .mean((1, 2))[:, None, None, None]
        )
    ),
    "cdist": One(
        lambda m, x: (
            x
            * torch.cdist(x.flatten(2).transpose(1, 2), 2 * x.flatten(2).transpose(1, 2) + 1).mean((1, 2))[
                :, None, None, None
            ]
        ),
        neutral=None,
    ),
    "cdist to a table": One(
        lambda m, x: x * torch.cdist(x.flatten(2).transpose(1, 2), m.codes).sum(2).view(2, 1, 6, 6),
        held={"codes": lambda: nn.Parameter(torch.randn(5, 8))},
    ),
    "distance by p = 1": One(
        lambda m, x: x * torch.cdist(x.flatten(2).transpose(1, 2), m.codes, p=1).sum(2).view(2, 1, 6, 6),
        held={"codes": lambda: nn.Parameter(torch.randn(5, 8))},
    ),
    "einsum of one": One(lambda m, x: x * torch.einsum("bchw->bc", x)[..., None, None]),
    "einsum with a vector": One(lambda m, x: x + torch.einsum("bchw,c->bhw", x, m.v)[:, None], held={"v": vector()}),
    "einsum with a matrix": One(
        lambda m, x: x + torch.einsum("bchw,ck->bkhw", x, m.w), held={"w": lambda: nn.Parameter(torch.randn(8, 8))}
    ),
    "einsum of three": One(
        lambda m, x: x * torch.einsum("bchw,c,bc->b", x, m.v, x.mean((2, 3)))[:, None, None, None], held={"v": vector()}
    ),
    "bilinear": One(
        lambda m, x: x * functional.bilinear(x.mean((2, 3)), x.amax((2, 3)), m.w)[..., None, None],
        free=0,
        reason="_trilinear",
        held={"w": lambda: nn.Parameter(torch.randn(1, 8, 8))},
    ),
    "inverse": One(lambda m, x: x + torch.linalg.inv(x), free=0, reason="depends on all of them"),
    "in place": One(lambda m, x: (x * 1).abs_().lt_(0.5).eq_(1) + functional.gelu(x)),
    "logsigmoid": One(lambda m, x: functional.logsigmoid(x)),
    "rsub": One(lambda m, x: torch.rsub(x, 1.5) // 0.1 + x),
    "nan_to_num": One(
        lambda m, x: torch.nan_to_num(x).lerp(x * 2, 0.3).lerp(x.mean((2, 3), keepdim=True), x.sigmoid())
    ),
    "bucketize": One(lambda m, x: x * torch.bucketize(x, torch.tensor([-1.0, 0.0, 1.0]))),
    "rrelu": One(lambda m, x: functional.rrelu(x)),
    "randint_like": One(lambda m, x: x + torch.zeros_like(x).fill_(0.5)),
    "instance_norm": One(lambda m, x: functional.instance_norm(x) + x),
    "unfold": One(lambda m, x: x.unfold(2, 2, 2).sum(-1) + x.unfold(2, 2, 2).amax(-1)),
}


@pytest.mark.parametrize("name", CASES)
def test_exact(name):
    held_against_oracles(CASES[name])


def test_a_weight_divided_by_its_gain_keeps_its_channels():
    """What stays would be divided by the gain of what stays: another function."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = nn.utils.parametrizations.spectral_norm(nn.Conv2d(8, 8, 3, padding=1))
        network = nn.Sequential(nn.Conv2d(3, 8, 3), layer, nn.Conv2d(8, 4, 1), nn.Conv2d(4, 2, 1)).double().eval()
        inputs = torch.randn(2, 3, 6, 6, dtype=torch.float64)
    graph = trace(network, inputs)
    reasons = [reason for layer in graph.layers for reason, _ in layer.protected]
    assert "convolution in 1 has a weight that cannot follow" in reasons
    assert [group.size for group in graph.groups] == [4] and not graph.frozen
    assert assert_exact(network, inputs, graph=graph).error < 1e-12


def test_a_layer_on_one_vector():
    """Without a batch a linear layer is a matrix times a vector."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = (
            nn.Sequential(nn.Linear(5, 8, bias=False), nn.Tanh(), nn.Linear(8, 6), nn.Linear(6, 2)).double().eval()
        )
        inputs = torch.randn(5, dtype=torch.float64)
    graph = trace(network, inputs)
    assert [group.size for group in graph.groups] == [8, 6]
    assert assert_exact(network, inputs, graph=graph).error < 1e-12
