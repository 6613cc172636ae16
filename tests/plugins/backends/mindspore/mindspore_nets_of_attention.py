"""Attention as networks write it: where the heads and their width stand in the code, and what then may go."""

from __future__ import annotations

import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from mindspore_cases import TokenHead, case

NOT_WRITTEN = {
    "Einsum": "no CPU kernel for Einsum",
}


def random(*shape: int) -> Parameter:
    return Parameter(Tensor(np.random.default_rng(0).standard_normal(shape).astype(np.float32)))


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """What PyTorch has a function for; the scale follows from the width of a head."""
    scores = ops.matmul(q, k.swapaxes(-2, -1)) * q.shape[-1] ** -0.5
    return ops.matmul(ops.softmax(scores if mask is None else scores + mask, -1), v)


class Stream(nn.Cell):
    """Tokens on a residual stream of ``dim`` channels, one block, and a head."""

    def __init__(self, block: nn.Cell, dim: int = 12) -> None:
        super().__init__()
        self.embed, self.block, self.head = nn.Dense(5, dim), block, TokenHead(dim)

    def construct(self, x):
        x = self.embed(x)
        return self.head(x + self.block(x))


class TimmBlock(nn.Cell):
    """qkv in one layer, head count and width as attributes, and the scale as built, or by the size."""

    def __init__(self, dim: int = 12, heads: int = 3, width: int = 4, built: bool = False, norm: bool = False) -> None:
        super().__init__()
        self.num_heads, self.head_dim, self.attn_dim, self.built = heads, width, heads * width, built
        self.scale, self.softmax, self.transpose = width**-0.5, nn.Softmax(-1), ops.Transpose()
        self.qkv, self.proj = nn.Dense(dim, 3 * heads * width), nn.Dense(heads * width, dim)
        self.q_norm, self.k_norm = (nn.LayerNorm((width,)) if norm else nn.Identity() for _ in range(2))
        self.scores, self.mix, self.reshape = ops.BatchMatMul(transpose_b=True), ops.BatchMatMul(), ops.Reshape()

    def construct(self, x):
        n, length, _ = x.shape
        qkv = self.reshape(self.qkv(x), (n, length, 3, self.num_heads, self.head_dim))
        q, k, v = ops.unstack(self.transpose(qkv, (2, 0, 3, 1, 4)), axis=0)
        q, k = self.q_norm(q), self.k_norm(k)
        x = self.mix(self.softmax(self.scores(q * self.scale, k)), v) if self.built else attention(q, k, v)
        return self.proj(self.reshape(self.transpose(x, (0, 2, 1, 3)), (n, length, self.attn_dim)))


# By default the width of all heads shrinks alike: one position goes in the queries, keys and values of every head.


@case
class TimmFused(Stream):
    def __init__(self) -> None:
        super().__init__(TimmBlock())


@case
class TimmWholeHeads(Stream):
    def __init__(self) -> None:
        super().__init__(TimmBlock())


@case
class TimmExplicitScale(Stream):
    def __init__(self) -> None:
        super().__init__(TimmBlock(built=True))


@case
class TimmNormedHeads(Stream):
    def __init__(self) -> None:
        super().__init__(TimmBlock(norm=True))


@case
class TimmNormedWholeHeads(Stream):
    def __init__(self) -> None:
        super().__init__(TimmBlock(norm=True, built=True))


@case
class SeparateProjections(nn.Cell):
    """q, k and v apart, head width by -1: the values' width is a choice of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.heads, self.head = nn.Dense(5, 12), 3, TokenHead(12)
        self.q, self.k, self.v, self.proj = (nn.Dense(12, 12) for _ in range(4))

    def construct(self, x):
        x = self.embed(x)
        n, length, _ = x.shape
        q, k, v = (f(x).view(n, length, self.heads, -1).transpose(0, 2, 1, 3) for f in (self.q, self.k, self.v))
        y = attention(q, k, v)
        return self.head(x + self.proj(y.swapaxes(1, 2).flatten(start_dim=2)))


class Plain(nn.Cell):
    """Queries, keys and values from one layer, and an output."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.qkv, self.proj, self.head = nn.Dense(5, 12), nn.Dense(12, 36), nn.Dense(12, 12), TokenHead(12)


@case
class LiteralWidth(Plain):
    """The code says how wide a head is, and computes how many there are: whole heads go."""

    def construct(self, x):
        x = self.embed(x)
        n, length, _ = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, -1, 4).permute(2, 0, 3, 1, 4)
        y = attention(q, k, v)
        return self.head(x + self.proj(y.swapaxes(1, 2).reshape(n, length, -1)))


@case
class LiteralHeads(Plain):
    """The code says everything: nothing of the attention goes, but the stream does."""

    def construct(self, x):
        x = self.embed(x)
        n, length, _ = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, 3, 4).permute(2, 0, 3, 1, 4)
        y = attention(q, k, v)
        return self.head(x + self.proj(y.swapaxes(1, 2).reshape(n, length, 12)))


@case
class GroupedQueries(nn.Cell):
    """Each key serves two query heads; one attribute is the width of them all."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.q, self.k, self.v = nn.Dense(5, 12), nn.Dense(12, 12), nn.Dense(12, 6), nn.Dense(12, 6)
        self.proj, self.head, self.q_heads, self.kv_heads, self.width = nn.Dense(12, 12), TokenHead(12), 4, 2, 3

    def construct(self, x):
        x = self.embed(x)
        n, length, _ = x.shape
        q = self.q(x).view(n, length, self.q_heads, self.width).swapaxes(1, 2)
        k, v = (f(x).view(n, length, self.kv_heads, self.width).swapaxes(1, 2) for f in (self.k, self.v))
        k, v = (ops.repeat_interleave(t, self.q_heads // self.kv_heads, 1) for t in (k, v))
        y = attention(q, k, v)
        return self.head(x + self.proj(y.swapaxes(1, 2).reshape(n, length, self.q_heads * self.width)))


@case
class SharedKeys(nn.Cell):
    """Two heads of queries over one of keys, of as many positions as a head is wide."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.q, self.k, self.v = nn.Dense(5, 12), nn.Dense(12, 12), nn.Dense(12, 6), nn.Dense(12, 6)
        self.proj, self.head = nn.Dense(12, 12), TokenHead(12)

    def construct(self, x):
        x = self.embed(x)
        n, length, _ = x.shape
        q = self.q(x).view(n, length, 2, -1).swapaxes(1, 2)
        y = attention(q, self.k(x).unsqueeze(1), ops.expand_dims(self.v(x), 1))
        return self.head(x + self.proj(y.swapaxes(1, 2).flatten(start_dim=2)))


@case
class QueriesReadTwice(Plain):
    """Queries also make a bias, which no size enters: only the keys can make up for it."""

    def __init__(self) -> None:
        super().__init__()
        self.distances, self.heads = random(6, 4), 3

    def construct(self, x):
        x = self.embed(x)
        n, length, _ = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = attention(q, k, v, q @ self.distances.T)
        return self.head(x + self.proj(y.swapaxes(1, 2).flatten(start_dim=2)))


class OwnAttention(nn.Cell):
    """MindSpore's own: its width is that of the stream, and so every head of the stream loses the same positions."""

    def __init__(self, heads: int = 3, weights: bool = False) -> None:
        super().__init__()
        self.embed, self.head, self.weights = nn.Dense(5, 12), TokenHead(12), weights
        self.attention = nn.MultiheadAttention(12, heads, batch_first=True)

    def construct(self, x):
        x = self.embed(x)
        return self.head(x + self.attention(x, x, x, need_weights=self.weights)[0])


@case
class MultiheadAttentionWeights(OwnAttention):
    """Where its shares are asked for, as they are by default, it returns them too."""

    def __init__(self) -> None:
        super().__init__(2, True)


@case
class MultiheadAttention(OwnAttention):
    pass


@case
class MultiheadAttentionWholeHeads(OwnAttention):
    pass


@case
class EncoderLayer(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Dense(5, 12), TokenHead(12)
        self.layer = nn.TransformerEncoderLayer(12, 3, 16, batch_first=True)

    def construct(self, x):
        return self.head(self.layer(self.embed(x)))


class Rotary(nn.Cell):
    """Queries and keys turned by their position."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.qkv, self.proj, self.head = nn.Dense(5, 8), nn.Dense(8, 48), nn.Dense(16, 8), TokenHead(8)
        self.heads, self.width = 2, 8
        self.angles = Tensor(np.random.default_rng(0).random((6, 8)).astype(np.float32))

    def construct(self, x):
        x = self.embed(x)
        n, length, _ = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, self.heads, self.width).permute(2, 0, 3, 1, 4)
        q, k = (t * ops.cos(self.angles) + self.turned(t) * ops.sin(self.angles) for t in (q, k))
        y = attention(q, k, v)
        return self.head(x + self.proj(y.swapaxes(1, 2).flatten(start_dim=2)))


@case
class RotaryHalves(Rotary):
    def turned(self, x):
        a, b = x.chunk(2, -1)
        return ops.cat([-b, a], -1)


@case
class RotaryPairs(Rotary):
    def turned(self, x):
        return ops.stack([-x[..., 1::2], x[..., ::2]], -1).reshape(x.shape)


@case
class VisionTransformer(nn.Cell):
    """Patches, a class token, position embeddings, one block, the token's features."""

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.token = nn.Conv2d(3, 12, 4, 4, pad_mode="valid", has_bias=True), random(1, 1, 12)
        self.position, self.norm1, self.norm2 = random(1, 5, 12), nn.LayerNorm((12,)), nn.LayerNorm((12,))
        self.attn, self.up, self.down, self.head = TimmBlock(), nn.Dense(12, 24), nn.Dense(24, 12), nn.Dense(12, 5)

    def construct(self, x):
        x = self.patch(x).flatten(start_dim=2).swapaxes(1, 2)
        x = ops.cat([self.token.broadcast_to((x.shape[0], -1, -1)), x], 1) + self.position
        x = x + self.attn(self.norm1(x))
        x = x + self.down(ops.gelu(self.up(self.norm2(x))))
        return self.head(x[:, 0])
