"""Gates, mixers, branches that are weighed, and recurrent layers."""

from __future__ import annotations

import torch
from net_cases import Head, TokenHead, case, conv
from torch import nn
from torch.nn import functional


class Gated(nn.Module):
    """A residual stream of tokens around one gated layer."""

    def __init__(self, hidden: int, dim: int = 12) -> None:
        super().__init__()
        self.embed, self.up, self.down, self.head = (
            nn.Linear(5, dim),
            nn.Linear(dim, 2 * hidden),
            nn.Linear(hidden, dim),
            TokenHead(dim),
        )

    def forward(self, x):
        x = self.embed(x)
        return self.head(x + self.down(self.gate(self.up(x))))


@case
class SwiGluByChunk(Gated):
    def __init__(self) -> None:
        super().__init__(8)

    def gate(self, x):
        a, b = x.chunk(2, -1)
        return functional.silu(a) * b


@case
class SwiGluBySplit(Gated):
    def __init__(self) -> None:
        super().__init__(8)
        self.hidden = 8

    def gate(self, x):
        a, b = torch.split(x, [self.hidden, self.hidden], dim=-1)
        return functional.silu(a) * b


@case
class SwiGluBySize(Gated):
    """One size for all parts; with another one there would be more parts."""

    def __init__(self) -> None:
        super().__init__(8)
        self.hidden = 8

    def gate(self, x):
        a, b = x.split(self.hidden, -1)
        return functional.silu(a) * b


@case
class SwiGluApart(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.w1, self.w2, self.w3 = nn.Linear(5, 12), nn.Linear(12, 8), nn.Linear(12, 8), nn.Linear(8, 12)
        self.norm, self.head = nn.LayerNorm(8), TokenHead(12)

    def forward(self, x):
        x = self.embed(x)
        return self.head(x + self.w3(self.norm(functional.silu(self.w1(x)) * self.w2(x))))


@case
class SpatialGating(nn.Module):
    """gMLP: half of the channels gates the other half after a layer that mixes the tokens, whose number is fixed."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.up, self.tokens, self.down = (
            nn.Linear(5, 12),
            nn.Linear(12, 8),
            nn.Linear(6, 6),
            nn.Linear(4, 12),
        )
        self.norm, self.head = nn.LayerNorm(4), TokenHead(12)

    def forward(self, x):
        x = self.embed(x)
        u, v = functional.gelu(self.up(x)).chunk(2, -1)
        v = self.tokens(self.norm(v).transpose(-1, -2)).transpose(-1, -2)
        return self.head(x + self.down(u * v))


@case
class Mixer(nn.Module):
    """MLP-Mixer: the hidden layer over tokens is a choice, their number is not."""

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.out, self.back = nn.Conv2d(3, 12, 2, 2), nn.Linear(16, 10), nn.Linear(10, 16)
        self.norm1, self.norm2, self.head = nn.LayerNorm(12), nn.LayerNorm(12), TokenHead(12)
        self.up, self.down = nn.Linear(12, 20), nn.Linear(20, 12)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        y = self.back(functional.gelu(self.out(self.norm1(x).transpose(1, 2)))).transpose(1, 2)
        x = x + y
        return self.head(x + self.down(functional.gelu(self.up(self.norm2(x)))))


@case
class EfficientChannelAttention(nn.Module):
    """A convolution slides along the channels, so that each needs its neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.slide, self.head = (
            conv(3, 12),
            conv(12, 8),
            nn.Conv1d(1, 1, 3, padding=1, bias=False),
            Head(8),
        )

    def forward(self, x):
        x = self.b(self.a(x))
        y = self.slide(x.mean([2, 3])[:, None])
        return self.head(x * y.sigmoid().view(x.shape[0], -1, 1, 1))


@case
class SplitAttention(nn.Module):
    """ResNeSt: two paths from one grouped convolution, weighed by a softmax over the paths."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.paths, self.down, self.up, self.radix = (
            conv(3, 8),
            conv(8, 8, groups=2),
            nn.Conv2d(4, 4, 1),
            nn.Conv2d(4, 8, 1),
            2,
        )
        self.head = Head(4)

    def forward(self, x):
        x = self.paths(self.stem(x))
        n, c, h, w = x.shape
        x = x.reshape(n, self.radix, c // self.radix, h, w)
        shares = self.up(self.down(x.sum(1).mean((2, 3), keepdim=True)).relu())
        shares = shares.view(n, self.radix, -1, 1, 1).softmax(1)
        return self.head((x * shares).sum(1))


@case
class SelectiveKernel(nn.Module):
    """Two kernels, weighed against each other for every channel."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head, self.down = conv(3, 8), Head(6), nn.Linear(6, 4)
        self.kernels = nn.ModuleList([conv(8, 6), conv(8, 6, 5)])
        self.ups = nn.ModuleList(nn.Linear(4, 6) for _ in range(2))

    def forward(self, x):
        x = self.stem(x)
        x = torch.stack([kernel(x) for kernel in self.kernels], 1)
        y = self.down(x.sum(1).mean([2, 3])).relu()
        shares = torch.stack([up(y) for up in self.ups], 1).softmax(1)
        return self.head((x * shares[..., None, None]).sum(1))


@case
class StochasticDepth(nn.Module):
    """Drop path as timm writes it: a new tensor of one value for each sample."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.a, self.b, self.head, self.keep = conv(3, 8), conv(8, 6), conv(6, 8), Head(8), 0.9

    def forward(self, x):
        x = self.stem(x)
        y = functional.dropout(self.b(self.a(x)), 0.5, self.training)
        if self.training:
            y = y * x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(self.keep).div_(self.keep)
        return self.head(x + y)


class Recurrent(nn.Module):
    def __init__(self, cell: nn.Module, hidden: int = 6) -> None:
        super().__init__()
        self.embed, self.cell, self.up, self.head = nn.Linear(5, 8), cell, nn.Linear(hidden, 10), TokenHead(10)

    def forward(self, x):
        return self.head(self.up(self.cell(self.embed(x))[0]).relu())


# A cell's own units go, in all of its gates alike.


@case
class Lstm(Recurrent):
    def __init__(self) -> None:
        super().__init__(nn.LSTM(8, 6, batch_first=True))


@case
class Gru(Recurrent):
    def __init__(self) -> None:
        super().__init__(nn.GRU(8, 6, batch_first=True))


@case
class LstmBothWays(Recurrent):
    def __init__(self) -> None:
        super().__init__(nn.LSTM(8, 6, 2, batch_first=True, bidirectional=True), 12)
