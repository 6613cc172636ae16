"""Attention as networks write it: where the heads and their width stand in the code, and what then may go."""

from __future__ import annotations

import torch
from net_cases import TokenHead, case
from torch import nn
from torch.nn import functional


class Stream(nn.Module):
    """Tokens on a residual stream of ``dim`` channels, one block, and a head."""

    def __init__(self, block: nn.Module, dim: int = 12) -> None:
        super().__init__()
        self.embed, self.block, self.head = nn.Linear(5, dim), block, TokenHead(dim)

    def forward(self, x):
        x = self.embed(x)
        return self.head(x + self.block(x))


class TimmBlock(nn.Module):
    """qkv in one layer, head count and width as attributes, and the scale as built."""

    def __init__(self, dim: int = 12, heads: int = 3, width: int = 4, fused: bool = True, norm: bool = False) -> None:
        super().__init__()
        self.num_heads, self.head_dim, self.attn_dim, self.fused = heads, width, heads * width, fused
        self.scale = width**-0.5
        self.qkv, self.proj = nn.Linear(dim, 3 * heads * width), nn.Linear(heads * width, dim)
        self.q_norm, self.k_norm = (nn.LayerNorm(width) if norm else nn.Identity() for _ in range(2))

    def forward(self, x):
        n, length, _ = x.shape
        qkv = self.qkv(x).reshape(n, length, 3, self.num_heads, self.head_dim).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        q, k = self.q_norm(q), self.k_norm(k)
        if self.fused:
            x = functional.scaled_dot_product_attention(q, k, v)
        else:
            x = ((q * self.scale) @ k.transpose(-2, -1)).softmax(-1) @ v
        return self.proj(x.transpose(1, 2).reshape(n, length, self.attn_dim))


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
        super().__init__(TimmBlock(fused=False))


@case
class TimmNormedHeads(Stream):
    def __init__(self) -> None:
        super().__init__(TimmBlock(norm=True))


@case
class TimmNormedWholeHeads(Stream):
    def __init__(self) -> None:
        super().__init__(TimmBlock(norm=True, fused=False))


@case
class SeparateProjections(nn.Module):
    """q, k and v apart, head width by -1: the values' width is a choice of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.heads, self.head = nn.Linear(5, 12), 3, TokenHead(12)
        self.q, self.k, self.v, self.proj = (nn.Linear(12, 12) for _ in range(4))

    def forward(self, x):
        x = self.embed(x)
        n, length, _ = x.shape
        q, k, v = (f(x).view(n, length, self.heads, -1).transpose(1, 2) for f in (self.q, self.k, self.v))
        y = functional.scaled_dot_product_attention(q, k, v)
        return self.head(x + self.proj(y.transpose(1, 2).flatten(2)))


@case
class LiteralWidth(nn.Module):
    """The code says how wide a head is, and computes how many there are: whole heads go."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.qkv, self.proj, self.head = (
            nn.Linear(5, 12),
            nn.Linear(12, 36),
            nn.Linear(12, 12),
            TokenHead(12),
        )

    def forward(self, x):
        x = self.embed(x)
        n, length, _ = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, -1, 4).permute(2, 0, 3, 1, 4)
        y = functional.scaled_dot_product_attention(q, k, v)
        return self.head(x + self.proj(y.transpose(1, 2).reshape(n, length, -1)))


@case
class LiteralHeads(nn.Module):
    """The code says everything: nothing of the attention goes, but the stream does."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.qkv, self.proj, self.head = (
            nn.Linear(5, 12),
            nn.Linear(12, 36),
            nn.Linear(12, 12),
            TokenHead(12),
        )

    def forward(self, x):
        x = self.embed(x)
        n, length, _ = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, 3, 4).permute(2, 0, 3, 1, 4)
        y = functional.scaled_dot_product_attention(q, k, v)
        return self.head(x + self.proj(y.transpose(1, 2).reshape(n, length, 12)))


@case
class GroupedQueries(nn.Module):
    """Each key serves two query heads; one attribute is the width of them all."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.q, self.k, self.v = nn.Linear(5, 12), nn.Linear(12, 12), nn.Linear(12, 6), nn.Linear(12, 6)
        self.proj, self.head, self.q_heads, self.kv_heads, self.width = nn.Linear(12, 12), TokenHead(12), 4, 2, 3

    def forward(self, x):
        x = self.embed(x)
        n, length, _ = x.shape
        q = self.q(x).view(n, length, self.q_heads, self.width).transpose(1, 2)
        k, v = (f(x).view(n, length, self.kv_heads, self.width).transpose(1, 2) for f in (self.k, self.v))
        y = functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)
        return self.head(x + self.proj(y.transpose(1, 2).reshape(n, length, self.q_heads * self.width)))


@case
class SharedKeys(nn.Module):
    """Two heads of queries over one of keys, of as many positions as a head is wide: torch takes its slow path."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.q, self.k, self.v = nn.Linear(5, 12), nn.Linear(12, 12), nn.Linear(12, 6), nn.Linear(12, 6)
        self.proj, self.head = nn.Linear(12, 12), TokenHead(12)

    def forward(self, x):
        x = self.embed(x)
        q = self.q(x).unflatten(-1, (2, -1)).transpose(1, 2)
        y = functional.scaled_dot_product_attention(q, self.k(x).unsqueeze(1), self.v(x).unsqueeze(1))
        return self.head(x + self.proj(y.transpose(1, 2).flatten(2)))


@case
class QueriesReadTwice(nn.Module):
    """Queries also make a bias, which no size enters: only the keys can make up for it."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.qkv, self.proj, self.head = (
            nn.Linear(5, 12),
            nn.Linear(12, 36),
            nn.Linear(12, 12),
            TokenHead(12),
        )
        self.distances, self.heads = nn.Parameter(torch.randn(6, 4)), 3

    def forward(self, x):
        x = self.embed(x)
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=q @ self.distances.T)
        return self.head(x + self.proj(y.transpose(1, 2).flatten(2)))


@case
class Einsum(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.heads, self.head = nn.Linear(5, 12), 3, TokenHead(12)
        self.q, self.k, self.v, self.proj = (nn.Linear(12, 12, bias=False) for _ in range(4))

    def forward(self, x):
        x = self.embed(x)
        q, k, v = (f(x).unflatten(-1, (self.heads, -1)) for f in (self.q, self.k, self.v))
        shares = (torch.einsum("bihd,bjhd->bhij", q, k) / q.shape[-1] ** 0.5).softmax(-1)
        return self.head(x + self.proj(torch.einsum("bhij,bjhd->bihd", shares, v).flatten(-2)))


class OwnAttention(nn.Module):
    """torch's own: its width is that of the stream, and so every head of the stream loses the same positions."""

    def __init__(self, heads: int = 3, weights: bool = False) -> None:
        super().__init__()
        self.embed, self.head, self.weights = nn.Linear(5, 12), TokenHead(12), weights
        self.attention = nn.MultiheadAttention(12, heads, batch_first=True)

    def forward(self, x):
        x = self.embed(x)
        return self.head(x + self.attention(x, x, x, need_weights=self.weights)[0])


@case
class MultiheadAttentionWeights(OwnAttention):
    """Where its shares are asked for, as they are by default, it computes them otherwise."""

    def __init__(self) -> None:
        super().__init__(2, True)


@case
class MultiheadAttention(OwnAttention):
    pass


@case
class MultiheadAttentionWholeHeads(OwnAttention):
    pass


@case
class EncoderLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Linear(5, 12), TokenHead(12)
        self.layer = nn.TransformerEncoderLayer(12, 3, 16, batch_first=True)

    def forward(self, x):
        return self.head(self.layer(self.embed(x)))


class Rotary(nn.Module):
    """Queries and keys turned by their position."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.qkv, self.proj, self.head = nn.Linear(5, 8), nn.Linear(8, 48), nn.Linear(16, 8), TokenHead(8)
        self.heads, self.width = 2, 8
        self.register_buffer("angles", torch.rand(6, 8))

    def forward(self, x):
        x = self.embed(x)
        n, length, _ = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, self.heads, self.width).permute(2, 0, 3, 1, 4)
        q, k = (t * self.angles.cos() + self.turned(t) * self.angles.sin() for t in (q, k))
        y = functional.scaled_dot_product_attention(q, k, v)
        return self.head(x + self.proj(y.transpose(1, 2).flatten(2)))


@case
class RotaryHalves(Rotary):
    def turned(self, x):
        a, b = x.chunk(2, -1)
        return torch.cat([-b, a], -1)


@case
class RotaryPairs(Rotary):
    def turned(self, x):
        return torch.stack([-x[..., 1::2], x[..., ::2]], -1).reshape(x.shape)


@case
class VisionTransformer(nn.Module):
    """Patches, a class token, position embeddings, one block, the token's features."""

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.token = nn.Conv2d(3, 12, 4, 4), nn.Parameter(torch.randn(1, 1, 12))
        self.position, self.norm1, self.norm2 = nn.Parameter(torch.randn(1, 5, 12)), nn.LayerNorm(12), nn.LayerNorm(12)
        self.attn, self.up, self.down, self.head = TimmBlock(), nn.Linear(12, 24), nn.Linear(24, 12), nn.Linear(12, 5)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
        x = x + self.attn(self.norm1(x))
        x = x + self.down(functional.gelu(self.up(self.norm2(x))))
        return self.head(x[:, 0])
