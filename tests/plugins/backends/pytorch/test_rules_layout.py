"""Operators that move positions, as code may call them: by keywords, on nothing, with memory of another tensor."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from prunekit import trace
from prunekit.core.testing import assert_exact


class Between(nn.Module):
    """A convolution, what is tried, and another convolution."""

    def __init__(self, tried) -> None:
        super().__init__()
        self.a, self.b, self.tried = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1), tried

    def forward(self, x):
        return self.tried(self.b, self.a(x))


def aliased(b, x):
    views = x[:, :, 1:], x.transpose(1, 2), x.detach().view(-1), torch.empty(0).to(x)
    for view in views:
        view.set_(2 * x)
    return b(sum(views))


def emptied(b, x):
    flat = x.view(-1)[:0]
    flat.resize_(3).zero_()
    other = x.clone()
    other.set_()
    return b(x), flat, other


FOUND = {
    "arange(end=)": lambda b, x: b(x + torch.arange(end=x.shape[2]).to(x).view(-1, 1)),
    "arange(start=, end=)": lambda b, x: b(x + torch.arange(start=0, end=x.shape[2]).to(x).view(-1, 1)),
    "eye(n=)": lambda b, x: b(x @ torch.eye(n=x.shape[3]).to(x)),
    "eye(n=, m=)": lambda b, x: b(x @ torch.eye(n=x.shape[3], m=x.shape[3]).to(x)),
    "linspace": lambda b, x: b(x + torch.linspace(start=0, end=1, steps=x.shape[2]).to(x).view(-1, 1)),
    "logspace": lambda b, x: b(x + torch.logspace(start=0, end=1, steps=x.shape[2]).to(x).view(-1, 1)),
    "full": lambda b, x: b(x + torch.full(fill_value=2.0, size=(x.shape[1], 1, 1)).to(x)),
    "new_full": lambda b, x: b(x + x.new_full(size=(x.shape[1], 1, 1), fill_value=2.0)),
    "zeros(size=n)": lambda b, x: b(x + torch.zeros(size=(x.shape[1], 1, 1)).to(x)),
    "cat of nothing": lambda b, x: (b(x), torch.cat([part.flatten()[:0] for part in x.chunk(2)])),
    "cat with nothing": lambda b, x: b(torch.cat([x, x.new_zeros(0), x[:, :0]], 1)),
    "no sample": lambda b, x: b(x) + b(x[:0]).sum(),
    "no place": lambda b, x: (
        b(x) + nn.functional.linear(x[:, :, :0].flatten(2).mT.flatten(0, 1), b.weight.flatten(1)).sum()
    ),
    "no token": lambda b, x: b(x) + nn.functional.linear(x[:, :, :0, 0].mT, b.weight.flatten(1)).sum(),
    "set_": aliased,
}


@pytest.mark.parametrize("name", FOUND)
def test_channels_are_followed_through(name):
    network, x = Between(FOUND[name]).double().eval(), torch.rand(1, 3, 8, 8, dtype=torch.float64)
    graph = trace(network, x)
    assert [group.size for group in graph.groups] == [8] and not graph.frozen
    assert assert_exact(network, x, graph=graph).error < 1e-12


@pytest.mark.parametrize(
    "tried",
    [
        lambda b, x: (b(x), torch.cat([part[part > 1e9] for part in x.flatten().chunk(2)])),
        lambda b, x: (b(x), x[:, :4].set_(x.untyped_storage())),
        lambda b, x: (b(x), x[x > 1e9].view(-1, 1).expand(-1, 4).flatten()),
        emptied,
    ],
)
def test_what_is_not_followed_is_kept_and_nothing_is_raised(tried):
    graph = trace(Between(tried).eval(), torch.rand(1, 3, 8, 8))
    assert all(layer.protected for layer in graph.layers)
