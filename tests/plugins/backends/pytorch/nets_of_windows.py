"""Windows and their tables, and sizes that attention takes from the shape of its input."""

from __future__ import annotations

import torch
from net_cases import TokenHead, case, conv
from torch import nn
from torch.nn import functional


class SwinBlock(nn.Module):
    """Shifted windows with a table of relative positions; the code takes the width from the input's shape."""

    def __init__(self, dim: int = 12, heads: int = 3, window: int = 2, shift: int = 1) -> None:
        super().__init__()
        self.heads, self.window, self.shift = heads, window, shift
        self.norm, self.qkv, self.proj = nn.LayerNorm(dim), nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.table = nn.Parameter(torch.randn((2 * window - 1) ** 2, heads))
        places = torch.stack(torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")).flatten(1)
        gaps = (places[:, :, None] - places[:, None]) + window - 1
        self.register_buffer("index", (gaps[0] * (2 * window - 1) + gaps[1]).flatten())

    def forward(self, x):
        n, h, w, c = x.shape
        y, m = torch.roll(self.norm(x), (-self.shift, -self.shift), (1, 2)), self.window
        y = y.view(n, h // m, m, w // m, m, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, m * m, c)
        y = self.attend(y)
        y = y.view(n, h // m, w // m, m, m, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c)
        return x + torch.roll(y, (self.shift, self.shift), (1, 2))

    def bias(self):
        length = self.window**2
        return self.table[self.index].view(length, length, -1).permute(2, 0, 1)[None]


class TorchvisionSwin(SwinBlock):
    def attend(self, x):
        n, length, c = x.shape
        qkv = functional.linear(x, self.qkv.weight, self.qkv.bias)
        q, k, v = qkv.reshape(n, length, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        shares = ((q * (c // self.heads) ** -0.5) @ k.transpose(-2, -1) + self.bias()).softmax(-1)
        y = (shares @ v).transpose(1, 2).reshape(n, length, c)
        return functional.linear(y, self.proj.weight, self.proj.bias)


class TimmSwin(SwinBlock):
    def attend(self, x):
        n, length, _ = x.shape
        q, k, v = self.qkv(x).reshape(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=self.bias())
        return self.proj(y.transpose(1, 2).reshape(n, length, -1))


class Swin(nn.Module):
    def __init__(self, block: type[SwinBlock]) -> None:
        super().__init__()
        self.patch, self.block, self.head = nn.Conv2d(3, 12, 2, 2), block(), TokenHead(12)

    def forward(self, x):
        return self.head(self.block(self.patch(x).permute(0, 2, 3, 1)).flatten(1, 2))


# The width of the attention is that of the stream: both lose the same share, in every head.


@case
class SwinFromShape(Swin):
    def __init__(self) -> None:
        super().__init__(TorchvisionSwin)


@case
class SwinFromShapeWholeHeads(Swin):
    def __init__(self) -> None:
        super().__init__(TorchvisionSwin)


@case
class SwinWithout(Swin):
    """With -1 for the width the attention is one choice, the stream another."""

    def __init__(self) -> None:
        super().__init__(TimmSwin)


@case
class SwinWithoutWholeHeads(Swin):
    """The table of relative positions loses the columns of the heads."""

    def __init__(self) -> None:
        super().__init__(TimmSwin)


@case
class Cosine(nn.Module):
    """Attention by the angle between queries and keys, with a learnt temperature for each head."""

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.qkv, self.proj, self.head = (
            nn.Conv2d(3, 8, 2, 2),
            nn.Linear(8, 24),
            nn.Linear(8, 8),
            TokenHead(8),
        )
        self.temperature, self.heads = nn.Parameter(torch.rand(2, 1, 1)), 2

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        shares = functional.normalize(q, dim=-1) @ functional.normalize(k, dim=-1).transpose(-2, -1)
        shares = (shares * self.temperature.clamp(max=4.6).exp()).softmax(-1)
        return self.head(x + self.proj((shares @ v).transpose(1, 2).flatten(2)))


class CrossCovariance(nn.Module):
    """Channels attend to the channels of their head (XCA): what is gone takes no part in the softmax over them."""

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.qkv, self.proj, self.head = (
            nn.Conv2d(3, 8, 2, 2),
            nn.Linear(8, 24),
            nn.Linear(8, 8),
            TokenHead(8),
        )
        self.heads = 2

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 4, 1)
        shares = (functional.normalize(q, dim=-1) @ functional.normalize(k, dim=-1).transpose(-2, -1)).softmax(-1)
        return self.head(x + self.proj((shares @ v).permute(0, 3, 1, 2).flatten(2)))


@case
class ChannelAttention(CrossCovariance):
    pass


@case
class ChannelAttentionWholeHeads(CrossCovariance):
    pass


@case
class Spatial(nn.Module):
    """Convolutional queries, keys and values over a map, heads folded into the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.qk, self.v, self.proj = conv(3, 8), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)
        self.head, self.heads = nn.Linear(8, 5), 2

    def forward(self, x):
        x = self.stem(x)
        n, _, h, w = x.shape
        k = self.qk(x).reshape(n * self.heads, -1, h * w)
        v = self.v(x).reshape(n * self.heads, -1, h * w)
        shares = torch.bmm(k.transpose(1, 2), k).softmax(-1)
        y = torch.bmm(v, shares.transpose(1, 2)).reshape(n, -1, h, w)
        return self.head((x + self.proj(y)).mean([2, 3]))


@case
class Patches(nn.Module):
    """MobileViT: a map is taken apart into patches, attention runs over places, and the map is put together."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.qkv, self.proj, self.heads, self.patch = conv(3, 8), nn.Linear(8, 24), nn.Linear(8, 8), 2, 2
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x, p = self.stem(x), self.patch
        n, c, h, w = x.shape
        y = x.reshape(n * c * (h // p), p, w // p, p).transpose(1, 2)
        y = y.reshape(n, c, (h // p) * (w // p), p * p).transpose(1, 3).reshape(n * p * p, -1, c)
        q, k, v = self.qkv(y).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        y = y + self.proj(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        y = y.view(n, p * p, (h // p) * (w // p), -1).transpose(1, 3).reshape(n * c * (h // p), w // p, p, p)
        return self.head(y.transpose(1, 2).reshape(n, c, h, w).mean([2, 3]))
