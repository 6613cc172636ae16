"""Reductions over channels: those that can leave out what is gone, and those that cannot."""

from __future__ import annotations

import pytest
import torch
from one_operator import One, built, held_against_oracles
from torch.nn import functional

from prunekit import trace

FAR = 1e4  # its exponential is zero, and it is above and below everything


CASES = {
    "amax": One(lambda m, x: x * x.amax(1, keepdim=True), neutral=-FAR),
    "amax of integers": One(lambda m, x: x + (x * 9).long().amax(1, keepdim=True), neutral=-FAR),
    "min of integers": One(lambda m, x: x + (x * 9).int().min(1, keepdim=True)[0], neutral=FAR),
    "aminmax of integers": One(lambda m, x: x + (x * 9).int().aminmax(dim=1, keepdim=True)[0], neutral=None),
    "amax of conditions": One(lambda m, x: x * (x > 0.5).amax(1, keepdim=True), neutral=-FAR),
    "amin of conditions": One(lambda m, x: x * (x > -0.5).amin(1, keepdim=True).add(0.5), neutral=FAR),
    "amin": One(lambda m, x: x - x.amin(dim=-3, keepdim=True), neutral=FAR),
    "max values": One(lambda m, x: x - x.max(1, keepdim=True)[0], neutral=-FAR),
    "max by name": One(lambda m, x: x - torch.max(x, dim=-3, keepdim=True).values, neutral=-FAR),
    "min values": One(lambda m, x: x - x.min(1)[0].unsqueeze(1), neutral=FAR),
    "max of all": One(lambda m, x: x * x.max(), neutral=-FAR),
    "min of all": One(lambda m, x: x * x.min(), neutral=FAR),
    "max and where": One(lambda m, x: x + x.max(1, keepdim=True)[1], free=0, reason="max in the network compares all"),
    "max in space and where": One(lambda m, x: x + x.flatten(2).max(2)[1][..., None, None]),
    "where taken out": One(lambda m, x: x * (1 + x.mean((0, 2, 3)).max(0)[1].item()), free=0, reason="compares all"),
    "where as a list": One(lambda m, x: x * (1 + x.max(1)[1].tolist()[0][0][0]), free=0, reason="compares all"),
    "aminmax": One(lambda m, x: x / torch.sub(*torch.aminmax(x, dim=1, keepdim=True)), neutral=None),
    "aminmax of all": One(lambda m, x: x * torch.aminmax(x).max, neutral=None),
    "argmax": One(lambda m, x: x + x.argmax(1, keepdim=True), free=0, reason="argmax in the network compares all"),
    "argmax that nobody reads": One(lambda m, x: (x.argmax(1), x)[1]),
    "logsumexp": One(lambda m, x: x - x.logsumexp(1, keepdim=True), neutral=-FAR),
    "log_softmax": One(lambda m, x: (functional.log_softmax(x, 1), x.softmax(1))[0], neutral=-FAR),
    "kl of shares": One(lambda m, x: x * (x.log_softmax(1) * x.softmax(1)).sum(1, keepdim=True), neutral=-FAR),
    "prod": One(lambda m, x: x + x.prod(1, keepdim=True), neutral=1.0),
    "prod of all": One(lambda m, x: x + x.prod(), neutral=1.0),
    "any": One(lambda m, x: x * (x > 1).any(1, keepdim=True)),
    "all": One(lambda m, x: x * (0.1 + (x > -0.1).all(1, keepdim=True).double()), neutral=FAR),
    "count_nonzero": One(lambda m, x: x * (x > 0).count_nonzero(1)[:, None]),
    "nansum": One(lambda m, x: x * x.nansum(1, keepdim=True)),
    "norm": One(lambda m, x: x / torch.linalg.vector_norm(x, 3, 1, keepdim=True)),
    "old norm": One(lambda m, x: x / torch.norm(x, 2, 1, keepdim=True)),
    "norm by inf": One(lambda m, x: x / torch.linalg.vector_norm(x, float("inf"), 1, keepdim=True)),
    "norm by -inf": One(lambda m, x: x / torch.linalg.vector_norm(x, float("-inf"), 1, keepdim=True), free=0),
    "std_mean": One(
        lambda m, x: (x - torch.std_mean(x, 1, keepdim=True)[1]) / torch.std_mean(x, 1, keepdim=True)[0], neutral=None
    ),
    "cosine_similarity": One(lambda m, x: x * functional.cosine_similarity(x, x.roll(1, 2), 1)[:, None]),
    "cumsum": One(lambda m, x: x.cumsum(1)),
    "cumsum from the end": One(lambda m, x: x + x.flip(1).cumsum(-3).flip(1)),
    "cumprod": One(lambda m, x: x.cumprod(1), neutral=1.0),
    "logcumsumexp": One(lambda m, x: x.logcumsumexp(1), neutral=-FAR),
    "cummax": One(lambda m, x: x.cummax(1)[0], neutral=-FAR),
    "cummin": One(lambda m, x: x.cummin(1).values, neutral=FAR),
    "cummax and where": One(lambda m, x: x + x.cummax(1)[1], free=0, reason="cummax in the network compares all"),
    "topk": One(
        lambda m, x: x * x.topk(3, 1)[0].sum(1, keepdim=True),
        free=0,
        reason="topk in the network puts its places in order",
    ),
    "topk in space": One(lambda m, x: x + x.flatten(2).topk(3, 2)[0].sum(2)[..., None, None]),
    "sort": One(lambda m, x: x.sort(1)[0], free=0, reason="sort in the network puts its places in order"),
    "median": One(lambda m, x: x - x.median(1, keepdim=True)[0], free=0, reason="median in the network compares all"),
    "median in space": One(lambda m, x: x - x.flatten(2).median(2)[0][..., None, None]),
    "kthvalue": One(lambda m, x: x - x.kthvalue(2, 1, keepdim=True)[0], free=0, reason="kthvalue in the network"),
    "mode": One(lambda m, x: x - x.mode(1, keepdim=True)[0], free=0, reason="mode in the network compares all"),
    "renorm": One(lambda m, x: x.renorm(2, 0, 1.5)),
    "renorm of each channel": One(lambda m, x: x.renorm(2, 1, 0.5)),
    "mse_loss": One(lambda m, x: x * functional.mse_loss(x, x.detach() * 2), free=0, reason="mse_loss in the network"),
    "mse_loss of each": One(lambda m, x: x * functional.mse_loss(x, x * 2, reduction="none")),
    "mse_loss that nobody reads": One(lambda m, x: (functional.mse_loss(x, x * 2), x)[1]),
    "smooth_l1": One(
        lambda m, x: x * functional.smooth_l1_loss(x, 2 * x, reduction="none").mean(1, keepdim=True), neutral=None
    ),
    "bce": One(lambda m, x: x + functional.binary_cross_entropy_with_logits(x, x.sigmoid(), reduction="none")),
    "cross_entropy": One(
        lambda m, x: x * functional.cross_entropy(x, torch.zeros(2, 6, 6, dtype=torch.long)),
        free=0,
        reason="nll_loss2d_forward in the network is taken over it",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_exact(name):
    held_against_oracles(CASES[name])


def test_where_the_extreme_lies_is_told():
    network, inputs = built(CASES["max and where"])
    assert trace(network, inputs).layers[0].protected == (("max in the network compares all places of it", 8),)
