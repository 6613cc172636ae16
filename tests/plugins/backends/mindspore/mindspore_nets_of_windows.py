"""Windows and their tables, and sizes that attention takes from the shape of its input."""

from __future__ import annotations

import mindspore
import numpy as np
from mindspore import Tensor, mint, nn, ops
from mindspore_cases import TokenHead, case, conv, conv2d
from mindspore_nets_of_attention import attention, random


class SwinBlock(nn.Cell):
    """Shifted windows with a table of relative positions; the code takes the width from the input's shape."""

    def __init__(self, dim: int = 12, heads: int = 3, window: int = 2, shift: int = 1) -> None:
        super().__init__()
        self.heads, self.window, self.shift = heads, window, shift
        self.norm, self.qkv, self.proj = nn.LayerNorm((dim,)), nn.Dense(dim, 3 * dim), nn.Dense(dim, dim)
        self.table = random((2 * window - 1) ** 2, heads)
        places = np.stack(np.meshgrid(np.arange(window), np.arange(window), indexing="ij")).reshape(2, -1)
        gaps = (places[:, :, None] - places[:, None]) + window - 1
        self.index = Tensor((gaps[0] * (2 * window - 1) + gaps[1]).flatten(), mindspore.int32)

    def construct(self, x):
        n, h, w, c = x.shape
        y, m = mindspore.numpy.roll(self.norm(x), (-self.shift, -self.shift), (1, 2)), self.window
        y = y.view(n, h // m, m, w // m, m, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, m * m, c)
        y = self.attend(y)
        y = y.view(n, h // m, w // m, m, m, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c)
        return x + mindspore.numpy.roll(y, (self.shift, self.shift), (1, 2))

    def bias(self):
        length = self.window**2
        return ops.gather(self.table, self.index, 0).view(length, length, -1).permute(2, 0, 1)[None]


class TorchvisionSwin(SwinBlock):
    def attend(self, x):
        n, length, c = x.shape
        qkv = mint.nn.functional.linear(x, self.qkv.weight, self.qkv.bias)
        q, k, v = qkv.reshape(n, length, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        shares = ops.softmax((q * (c // self.heads) ** -0.5) @ k.swapaxes(-2, -1) + self.bias(), -1)
        y = (shares @ v).swapaxes(1, 2).reshape(n, length, c)
        return mint.nn.functional.linear(y, self.proj.weight, self.proj.bias)


class TimmSwin(SwinBlock):
    def attend(self, x):
        n, length, _ = x.shape
        q, k, v = mint.unbind(self.qkv(x).reshape(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4), 0)
        y = attention(q, k, v, self.bias())
        return self.proj(y.swapaxes(1, 2).reshape(n, length, -1))


class Swin(nn.Cell):
    def __init__(self, block: type[SwinBlock]) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 12, 2, 2, pad_mode="valid", has_bias=True)
        self.block, self.head = block(), TokenHead(12)

    def construct(self, x):
        x = self.block(self.patch(x).permute(0, 2, 3, 1))
        return self.head(x.flatten(start_dim=1, end_dim=2))


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


class Tokens(nn.Cell):
    """Patches of an image as tokens, and what attention needs."""

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.heads = nn.Conv2d(3, 8, 2, 2, pad_mode="valid", has_bias=True), 2
        self.qkv, self.proj, self.head = nn.Dense(8, 24), nn.Dense(8, 8), TokenHead(8)
        self.normalize = ops.L2Normalize(-1)

    def tokens(self, x):
        return self.patch(x).flatten(start_dim=2).swapaxes(1, 2)

    def split(self, x):
        x = self.qkv(x)
        return x.view(x.shape[0], x.shape[1], 3, self.heads, -1)


@case
class Cosine(Tokens):
    """Attention by the angle between queries and keys, with a learnt temperature for each head."""

    def __init__(self) -> None:
        super().__init__()
        self.temperature = random(2, 1, 1)

    def construct(self, x):
        x = self.tokens(x)
        q, k, v = self.split(x).permute(2, 0, 3, 1, 4)
        shares = ops.matmul(self.normalize(q), self.normalize(k).swapaxes(-2, -1))
        shares = ops.softmax(shares * ops.exp(ops.clamp(self.temperature, max=4.6)), -1)
        return self.head(x + self.proj((shares @ v).swapaxes(1, 2).flatten(start_dim=2)))


class CrossCovariance(Tokens):
    """Channels attend to the channels of their head (XCA): what is gone takes no part in the softmax over them."""

    def construct(self, x):
        x = self.tokens(x)
        q, k, v = self.split(x).permute(2, 0, 3, 4, 1)
        shares = ops.softmax(ops.matmul(self.normalize(q), self.normalize(k).swapaxes(-2, -1)), -1)
        return self.head(x + self.proj((shares @ v).permute(0, 3, 1, 2).flatten(start_dim=2)))


@case
class ChannelAttention(CrossCovariance):
    pass


@case
class ChannelAttentionWholeHeads(CrossCovariance):
    pass


@case
class Spatial(nn.Cell):
    """Convolutional queries, keys and values over a map, heads folded into the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.qk, self.v, self.proj = conv(3, 8), conv2d(8, 8, 1), conv2d(8, 8, 1), conv2d(8, 8, 1)
        self.head, self.heads, self.softmax = nn.Dense(8, 5), 2, ops.Softmax(-1)

    def construct(self, x):
        x = self.stem(x)
        n, _, h, w = x.shape
        k = self.qk(x).reshape(n * self.heads, -1, h * w)
        v = self.v(x).reshape(n * self.heads, -1, h * w)
        shares = self.softmax(ops.bmm(k.transpose(0, 2, 1), k))
        y = ops.bmm(v, shares.transpose(0, 2, 1)).reshape(n, -1, h, w)
        return self.head((x + self.proj(y)).mean((2, 3)))


@case
class Patches(nn.Cell):
    """MobileViT: a map is taken apart into patches, attention runs over places, and the map is put together."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.qkv, self.proj, self.heads, self.patch = conv(3, 8), nn.Dense(8, 24), nn.Dense(8, 8), 2, 2
        self.head = nn.Dense(8, 5)

    def construct(self, x):
        x, p = self.stem(x), self.patch
        n, c, h, w = x.shape
        y = x.reshape(n * c * (h // p), p, w // p, p).swapaxes(1, 2)
        y = y.reshape(n, c, (h // p) * (w // p), p * p).swapaxes(1, 3).reshape(n * p * p, -1, c)
        qkv = self.qkv(y)
        q, k, v = qkv.reshape(qkv.shape[0], qkv.shape[1], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = y + self.proj(attention(q, k, v).swapaxes(1, 2).flatten(start_dim=2))
        y = y.view(n, p * p, (h // p) * (w // p), -1).swapaxes(1, 3).reshape(n * c * (h // p), w // p, p, p)
        return self.head(y.swapaxes(1, 2).reshape(n, c, h, w).mean((2, 3)))
