"""Reductions over channels: those that can leave out what is gone, and those that cannot."""

from __future__ import annotations

import pytest
from mindspore import mint, ops
from one_ms_operator import One, held_against_the_masked

CASES = {
    "max": One(lambda m, x: x - ops.max(x, 1, keepdims=True)[0]),
    "min by name": One(lambda m, x: x - ops.min(x, axis=-3, keepdims=True)[0]),
    "max by mint": One(lambda m, x: x - mint.max(x, 1, True)[0]),
    "max of a tensor": One(lambda m, x: x - x.max(axis=1, keepdims=True)),
    "max of integers": One(lambda m, x: x + ops.amax((x * 9).astype("int32"), 1, True).astype(x.dtype)),
    "max of all": One(lambda m, x: x * mint.max(x)),
    "max and where": One(
        lambda m, x: x + ops.max(x, 1, keepdims=True)[1], free=0, reason="ArgMaxWithValue in the network compares all"
    ),
    "amin": One(lambda m, x: x - ops.amin(x, 1, True)),
    "aminmax": One(lambda m, x: x / ops.sub(*ops.aminmax(x, axis=1, keepdims=True)[::-1])),
    "argmax": One(lambda m, x: x + ops.argmax(x, 1, True), free=0, reason="Argmax in the network compares all"),
    "logsumexp": One(lambda m, x: x - ops.logsumexp(x, 1, True)),
    "log_softmax": One(lambda m, x: ops.log_softmax(x, 1)),
    "prod": One(lambda m, x: x + ops.prod(x, 1, True)),
    "any": One(lambda m, x: x * ops.any(x > 1, 1, True).astype(x.dtype)),
    "all": One(lambda m, x: x * (ops.all(x > -0.5, 1, True).astype(x.dtype) + 0.5)),
    "nansum": One(lambda m, x: x * ops.nansum(x, 1, True)),
    "LpNorm": One(lambda m, x: x / m.norm(x), held={"norm": lambda: ops.LpNorm(axis=[1], p=2, keep_dims=True)}),
    "LpNorm in space": One(lambda m, x: x * m.norm(x), held={"norm": lambda: ops.LpNorm([2, 3], 2, True)}),
    "cosine_similarity": One(lambda m, x: x * ops.cosine_similarity(x, x[:, :, ::-1], 1).expand_dims(1)),
    "cumsum": One(lambda m, x: ops.cumsum(x, 1)),
    "cumprod": One(lambda m, x: ops.cumprod(x, 1)),
    "cummax": One(lambda m, x: ops.cummax(x, 1)[0]),
    "topk": One(
        lambda m, x: x * ops.topk(x, 3, 1)[0].sum(1, keepdims=True),
        free=0,
        reason="TopK in the network puts its places",
    ),
    "topk in space": One(lambda m, x: x + ops.topk(x.reshape(2, x.shape[1], -1), 3)[0].sum(2)[:, :, None, None]),
    "sort": One(lambda m, x: ops.sort(x, 1)[0], free=0, reason="Sort in the network puts its places in order"),
    "median": One(lambda m, x: x - ops.median(x, 1, True)[0], free=0, reason="Median in the network compares all"),
    "renorm": One(lambda m, x: ops.renorm(x, 2, 0, 1.5)),
    "smooth_l1": One(lambda m, x: x * ops.smooth_l1_loss(x, x * 2).mean(1, keep_dims=True)),
    "bce": One(
        lambda m, x: x * ops.binary_cross_entropy_with_logits(x, ops.sigmoid(x), ops.ones_like(x), ops.ones_like(x)),
        free=0,
        reason="BCEWithLogitsLoss in the network is taken over it",
    ),
    "kl": One(lambda m, x: x * ops.kl_div(x, ops.softmax(x, 1), "sum"), free=0, reason="is taken over it"),
    "nonzero": One(
        lambda m, x: x * ops.nonzero(x > 0).astype(x.dtype).mean(),
        free=0,
        reason="depends on what they hold",
        proven=False,
    ),
    "masked_select": One(
        lambda m, x: x * ops.masked_select(x, x > 0).mean(), free=0, reason="depends on what they hold", proven=False
    ),
    "inverse": One(lambda m, x: x + ops.inverse(x), free=0, reason="depends on all of them", proven=False),
}


@pytest.mark.parametrize("name", CASES)
def test_exact(name):
    held_against_the_masked(CASES[name])
