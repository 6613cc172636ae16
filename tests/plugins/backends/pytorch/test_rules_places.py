"""Operators that look up and write places by number: along other axes than the channels', and along these."""

from __future__ import annotations

import pytest
import torch
from one_operator import One, held_against_oracles


def order():
    return torch.randperm(36, generator=torch.Generator().manual_seed(0))


def places(x, n=36):
    """Places in space, the same in each channel of every picture, as many axes as the map laid out flat has."""
    return order()[:n].expand(x.shape[0], x.shape[1], n)


def flat(f):
    """Something done to the map with its places in one axis."""
    return lambda m, x: f(x.flatten(2)).reshape(x.shape)


def rows(f):
    """Something done to the map as a table: a row for each place, a column for each channel."""
    return lambda m, x: f(x.permute(0, 2, 3, 1).flatten(0, 2)).reshape(2, 6, 6, -1).permute(0, 3, 1, 2)


def to_rows(t):
    return torch.arange(t.shape[0]) % 7


CASES = {
    "gather": One(flat(lambda x: x.gather(2, places(x)))),
    "gather by what is best": One(flat(lambda x: x.gather(2, x.argsort(2)))),
    "gather from channels": One(
        lambda m, x: x.gather(1, torch.zeros_like(x, dtype=torch.long)), free=0, reason="looks up"
    ),
    "gather for some channels": One(
        lambda m, x: x.flatten(2).gather(2, order().expand(2, 4, 36)).view(2, 4, 6, 6), 4, free=0, reason="looks up"
    ),
    "gather by a table": One(
        lambda m, x: x.flatten(2).gather(2, order().expand(2, 8, 36).clone()).view_as(x), free=0, reason="fixed size"
    ),
    "take_along_dim": One(flat(lambda x: torch.take_along_dim(x, x.argsort(-1), -1))),
    "index_select": One(flat(lambda x: x.index_select(-1, order()))),
    "index_select of channels": One(lambda m, x: x.index_select(1, torch.arange(8)), free=0, reason="looks up"),
    "scatter": One(flat(lambda x: torch.zeros_like(x).scatter(2, places(x), x))),
    "scatter_": One(flat(lambda x: torch.zeros_like(x).scatter_(-1, places(x), x))),
    "scatter a number": One(flat(lambda x: x.scatter(2, places(x, 9), 1.5))),
    "scatter_add": One(
        rows(lambda t: t + t.new_zeros(7, t.shape[1]).scatter_add(0, to_rows(t)[:, None].expand_as(t), t)[to_rows(t)])
    ),
    "scatter_add by repeat": One(
        rows(
            lambda t: (
                t
                - torch.zeros(7, t.shape[1], dtype=t.dtype).scatter_add_(
                    0, to_rows(t)[:, None].repeat(1, t.shape[1]), t
                )[to_rows(t)]
            )
        )
    ),
    "scatter_reduce": One(
        rows(
            lambda t: (
                t
                * t.new_zeros(7, t.shape[1]).scatter_reduce(0, to_rows(t)[:, None].expand_as(t), t, "amax")[to_rows(t)]
            )
        )
    ),
    "scatter to channels": One(
        lambda m, x: torch.zeros_like(x).scatter(1, torch.zeros_like(x, dtype=torch.long), x),
        free=0,
        reason="taken over it",
    ),
    "scatter of some channels": One(
        lambda m, x: x.flatten(2).scatter(2, order().expand(2, 4, 36), x.flatten(2)).view_as(x),
        free=0,
        reason="taken over it",
    ),
    "index_add": One(rows(lambda t: t + t.new_zeros(7, t.shape[1]).index_add(0, to_rows(t), t)[to_rows(t)])),
    "index_add_": One(rows(lambda t: t - t.new_zeros(7, t.shape[1]).index_add_(0, to_rows(t), t, alpha=2)[to_rows(t)])),
    "index_add to channels": One(lambda m, x: x.index_add(1, torch.arange(8), x * 2), free=0, reason="taken over it"),
    "index_copy": One(flat(lambda x: torch.zeros_like(x).index_copy(2, order(), x))),
    "index_reduce": One(
        rows(lambda t: t * t.new_ones(7, t.shape[1]).index_reduce(0, to_rows(t), t, "amax")[to_rows(t)])
    ),
    "index_fill": One(flat(lambda x: x.index_fill(-1, order()[:5], 0.5))),
    "index_fill of channels": One(
        lambda m, x: x.index_fill(1, torch.tensor([2, 3]), 0.5), free=0, reason="taken over it"
    ),
    "index_put": One(
        flat(
            lambda x: x.index_put(
                (torch.tensor([[0], [1]]), torch.arange(x.shape[1])[None], torch.tensor(3)), x.new_tensor(0.5)
            )
        ),
        free=0,
        reason="as it is",
    ),
    "masked_scatter of tokens": One(
        rows(lambda t: t.masked_scatter((torch.arange(72) % 3 == 0)[:, None].expand_as(t), 2 * t[:24]))
    ),
    "masked_scatter": One(
        lambda m, x: x.masked_scatter(torch.rand(x.shape, generator=torch.Generator().manual_seed(0)) > 0.5, x * 2),
        free=0,
        reason="puts values one behind the other",
    ),
    "nonzero": One(lambda m, x: x * (x > 0).nonzero().double().mean(), free=0, reason="depends on what they hold"),
    "masked_select": One(lambda m, x: x * x.masked_select(x > 0).sum(), free=0, reason="depends on what they hold"),
    "diagonal": One(lambda m, x: x + x.diagonal(0, -2, -1)[..., None]),
    "diag_embed": One(lambda m, x: torch.diag_embed(x.mean(3))),
    "tril": One(lambda m, x: x.tril() + torch.triu(x, 1) * 2),
    "tril_": One(lambda m, x: (x * 1).tril_(1)),
    "tril of channels": One(
        lambda m, x: x.permute(0, 2, 3, 1).tril().permute(0, 3, 1, 2), free=0, reason="mixes positions"
    ),
    "rot90": One(
        lambda m, x: (
            torch.rot90(x, 1, (2, 3)) + torch.rot90(x, 3, (-2, -1)) * 2 + x.rot90(2, (3, 2)) + x.rot90(0, (2, 3))
        )
    ),
    "rot90 of channels": One(lambda m, x: torch.rot90(x[:, :, :, :1], 1, (1, 2)).transpose(1, 2)),
    "slice_scatter": One(lambda m, x: x.slice_scatter(x[..., 1:3] * 2, -1, 2, 4)),
    "slice_scatter of channels": One(
        lambda m, x: x.slice_scatter(x[:, :4] * 2, 1, 0, 4), free=4, reason="has its size 4"
    ),
    "select_scatter": One(lambda m, x: x.select_scatter(x[..., 0] * 2, 3, -1)),
    "repeat_interleave": One(lambda m, x: x.repeat_interleave(2, 2)),
    "repeat_interleave of channels": One(lambda m, x: x.repeat_interleave(2, 1), width=16),
}


@pytest.mark.filterwarnings("ignore:index_reduce")
@pytest.mark.parametrize("name", CASES)
def test_exact(name):
    held_against_oracles(CASES[name])
