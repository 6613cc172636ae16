"""Gates, mixers, branches that are weighed, and recurrent layers."""

from __future__ import annotations

from mindspore import mint, nn, ops
from mindspore_cases import Head, TokenHead, case, conv, conv2d


class Gated(nn.Cell):
    """A residual stream of tokens around one gated layer."""

    def __init__(self, hidden: int, dim: int = 12) -> None:
        super().__init__()
        self.embed, self.up, self.down = nn.Dense(5, dim), nn.Dense(dim, 2 * hidden), nn.Dense(hidden, dim)
        self.head = TokenHead(dim)

    def construct(self, x):
        x = self.embed(x)
        return self.head(x + self.down(self.gate(self.up(x))))


@case
class SwiGluByChunk(Gated):
    def __init__(self) -> None:
        super().__init__(8)

    def gate(self, x):
        a, b = x.chunk(2, -1)
        return ops.silu(a) * b


@case
class SwiGluBySplit(Gated):
    def __init__(self) -> None:
        super().__init__(8)
        self.hidden = 8

    def gate(self, x):
        a, b = mint.split(x, [self.hidden, self.hidden], dim=-1)
        return mint.nn.functional.silu(a) * b


@case
class SwiGluBySize(Gated):
    """One size for all parts; with another one there would be more parts."""

    def __init__(self) -> None:
        super().__init__(8)
        self.hidden, self.silu = 8, nn.SiLU()

    def gate(self, x):
        a, b = x.split(self.hidden, -1)
        return self.silu(a) * b


@case
class SwiGluApart(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.w1, self.w2, self.w3 = nn.Dense(5, 12), nn.Dense(12, 8), nn.Dense(12, 8), nn.Dense(8, 12)
        self.norm, self.head, self.mul = nn.LayerNorm((8,)), TokenHead(12), ops.Mul()

    def construct(self, x):
        x = self.embed(x)
        return self.head(x + self.w3(self.norm(self.mul(ops.silu(self.w1(x)), self.w2(x)))))


@case
class SpatialGating(nn.Cell):
    """gMLP: half of the channels gates the other half after a layer that mixes the tokens, whose number is fixed."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.up, self.tokens, self.down = nn.Dense(5, 12), nn.Dense(12, 8), nn.Dense(6, 6), nn.Dense(4, 12)
        self.norm, self.head = nn.LayerNorm((4,)), TokenHead(12)

    def construct(self, x):
        x = self.embed(x)
        u, v = ops.chunk(ops.gelu(self.up(x)), 2, -1)
        v = self.tokens(self.norm(v).swapaxes(-1, -2)).swapaxes(-1, -2)
        return self.head(x + self.down(u * v))


@case
class Mixer(nn.Cell):
    """MLP-Mixer: the hidden layer over tokens is a choice, their number is not."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 12, 2, 2, pad_mode="valid", has_bias=True)
        self.out, self.back, self.gelu, self.transpose = nn.Dense(16, 10), nn.Dense(10, 16), nn.GELU(), ops.Transpose()
        self.norm1, self.norm2, self.head = nn.LayerNorm((12,)), nn.LayerNorm((12,)), TokenHead(12)
        self.up, self.down = nn.Dense(12, 20), nn.Dense(20, 12)

    def construct(self, x):
        x = self.patch(x)
        x = ops.reshape(x, (x.shape[0], x.shape[1], -1)).transpose(0, 2, 1)
        y = self.back(self.gelu(self.out(self.transpose(self.norm1(x), (0, 2, 1)))))
        x = x + self.transpose(y, (0, 2, 1))
        return self.head(x + self.down(self.gelu(self.up(self.norm2(x)))))


@case
class EfficientChannelAttention(nn.Cell):
    """A convolution slides along the channels, so that each needs its neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 12), conv(12, 8), Head(8)
        self.slide = nn.Conv1d(1, 1, 3, pad_mode="pad", padding=1)

    def construct(self, x):
        x = self.b(self.a(x))
        y = self.slide(x.mean((2, 3)).expand_dims(1))
        return self.head(x * ops.sigmoid(y).view(x.shape[0], -1, 1, 1))


@case
class SplitAttention(nn.Cell):
    """ResNeSt: two paths from one grouped convolution, weighed by a softmax over the paths."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.paths, self.down, self.up = conv(3, 8), conv(8, 8, groups=2), conv2d(4, 4, 1), conv2d(4, 8, 1)
        self.head, self.radix = Head(4), 2

    def construct(self, x):
        x = self.paths(self.stem(x))
        n, c, h, w = x.shape
        x = x.reshape(n, self.radix, c // self.radix, h, w)
        shares = self.up(ops.relu(self.down(x.sum(1).mean((2, 3), keep_dims=True))))
        shares = ops.softmax(shares.view(n, self.radix, -1, 1, 1), 1)
        return self.head((x * shares).sum(1))


@case
class SelectiveKernel(nn.Cell):
    """Two kernels, weighed against each other for every channel."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head, self.down = conv(3, 8), Head(6), nn.Dense(6, 4)
        self.kernels = nn.CellList([conv(8, 6), conv(8, 6, 5)])
        self.ups = nn.CellList([nn.Dense(4, 6) for _ in range(2)])
        self.stack, self.softmax = ops.Stack(1), nn.Softmax(1)

    def construct(self, x):
        x = self.stem(x)
        x = self.stack([kernel(x) for kernel in self.kernels])
        y = ops.relu(self.down(ops.reduce_sum(x, 1).mean((2, 3))))
        shares = self.softmax(ops.stack([up(y) for up in self.ups], axis=1))
        return self.head((x * shares[..., None, None]).sum(1))


@case
class StochasticDepth(nn.Cell):
    """Drop path: a new tensor of one value for each sample."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.a, self.b, self.head, self.keep = conv(3, 8), conv(8, 6), conv(6, 8), Head(8), 0.9
        self.dropout = nn.Dropout(p=0.5)

    def construct(self, x):
        x = self.stem(x)
        y = self.dropout(self.b(self.a(x)))
        if self.training:
            kept = ops.bernoulli(ops.ones((x.shape[0],) + (1,) * (x.ndim - 1), x.dtype), p=self.keep)
            y = y * kept / self.keep
        return self.head(x + y)


class Recurrent(nn.Cell):
    def __init__(self, cell: nn.Cell, hidden: int = 6) -> None:
        super().__init__()
        self.embed, self.cell, self.up, self.head = nn.Dense(5, 8), cell, nn.Dense(hidden, 10), TokenHead(10)

    def construct(self, x):
        return self.head(ops.relu(self.up(self.cell(self.embed(x))[0])))


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
