"""Normalizations over channels, layer scale, standardized weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from mindspore_cases import Head, TokenHead, case

NOT_WRITTEN: dict[str, str] = {
    "NormInstanceTracked": "no CPU kernel for InstanceNorm",
}


def vector(size: int, value: float = 1.0, shape: tuple[int, ...] = ()) -> Parameter:
    """A parameter of one value for each channel."""
    return Parameter(Tensor(np.full(shape or (size,), value, np.float32)))


def valid(a: int, b: int, k: int = 3, stride: int = 1) -> nn.Conv2d:
    """A convolution without padding."""
    return nn.Conv2d(a, b, k, stride, pad_mode="valid", has_bias=True)


class Between(nn.Cell):
    """A normalization between two convolutions."""

    def __init__(self, norm: nn.Cell, channels: int = 12) -> None:
        super().__init__()
        self.a, self.norm, self.b, self.head = valid(3, channels), norm, valid(channels, 6), Head(6)

    def construct(self, x):
        return self.head(ops.relu(self.b(ops.relu(self.norm(self.a(x))))))


class LayerNorm2d(nn.LayerNorm):
    """ConvNeXt's: over axis 1, by permuting."""

    def construct(self, x):
        x = ops.transpose(x, (0, 2, 3, 1))
        y, _, _ = self.layer_norm(x, self.gamma, self.beta)
        return ops.transpose(y, (0, 3, 1, 2))


class ByHand(nn.Cell):
    """Over axis 1 with the statistics written out, biased variance as in ConvNeXt's first code."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = vector(channels), vector(channels, 0.0)

    def construct(self, x):
        mean = x.mean(1, keep_dims=True)
        x = (x - mean) / ops.sqrt((x - mean).pow(2).mean(1, keep_dims=True) + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


class Instance(nn.Cell):
    """Over the places of each channel, written out: there is no kernel for it on a CPU."""

    def __init__(self) -> None:
        super().__init__()
        self.mean, self.square, self.rsqrt = ops.ReduceMean(keep_dims=True), ops.Square(), ops.Rsqrt()

    def construct(self, x):
        x = x - self.mean(x, (2, 3))
        return x * self.rsqrt(self.mean(self.square(x), (2, 3)) + 1e-5)


class RmsNorm(nn.Cell):
    def __init__(self, channels: int, affine: bool = True) -> None:
        super().__init__()
        self.mean, self.eps, self.affine = ops.ReduceMean(keep_dims=True), 1e-6, affine
        if affine:
            self.weight = vector(channels)

    def construct(self, x):
        x = ops.mul(x, ops.rsqrt(self.mean(ops.square(x), -1) + self.eps))
        return x * self.weight if self.affine else x


@case
class NormLayer2d(Between):
    def __init__(self) -> None:
        super().__init__(LayerNorm2d((12,)))


@case
class NormByHand(Between):
    def __init__(self) -> None:
        super().__init__(ByHand(12))


@case
class NormOneGroup(Between):
    def __init__(self) -> None:
        super().__init__(nn.GroupNorm(1, 12))


@case
class NormGroups(Between):
    """The same position goes in every group."""

    def __init__(self) -> None:
        super().__init__(nn.GroupNorm(4, 12))


@case
class NormWholeGroups(Between):
    """Whole groups go, and the cell's number of groups with them."""

    def __init__(self) -> None:
        super().__init__(nn.GroupNorm(4, 12))


@case
class NormEachChannel(Between):
    def __init__(self) -> None:
        super().__init__(nn.GroupNorm(12, 12))


@case
class NormInstancePlain(Between):
    def __init__(self) -> None:
        super().__init__(Instance())


@case
class NormBatchPlain(Between):
    """Batch normalization that takes the batch's statistics in evaluation too."""

    def __init__(self) -> None:
        super().__init__(nn.BatchNorm2d(12, affine=False, use_batch_statistics=True))


@case
class NormLocalResponse(Between):
    """Each channel is divided by its neighbours: which ones those are would change."""

    def __init__(self) -> None:
        super().__init__(nn.LRN(1))


@case
class NormRms(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm, self.b, self.head = nn.Dense(5, 12), RmsNorm(12), nn.Dense(12, 8), TokenHead(8)
        self.plain = RmsNorm(8, affine=False)

    def construct(self, x):
        return self.head(self.plain(self.b(ops.relu(self.norm(self.a(x))))))


@case
class NormOverTwoAxes(nn.Cell):
    """A layer normalization of heads and their widths together."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.heads, self.head = nn.Dense(5, 12), 3, nn.Dense(12, 5)
        self.norm = nn.LayerNorm((3, 4), begin_norm_axis=3, begin_params_axis=3)

    def construct(self, x):
        x = self.a(x)
        x = self.norm(x.view(*x.shape[:-1], self.heads, -1))
        return self.head(x.flatten(start_dim=-2).mean((1, 2)))


@case
class GlobalResponse(nn.Cell):
    """ConvNeXt V2: each channel's norm over the map, divided by the mean over the channels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = valid(3, 8, 2, 2), nn.LayerNorm((8,))
        self.dw = nn.Conv2d(8, 8, 3, pad_mode="pad", padding=1, group=8, has_bias=True)
        self.up, self.down, self.head = nn.Dense(8, 16), nn.Dense(16, 8), Head(8)
        self.weight, self.bias = vector(16, 0.0), vector(16, 0.0)

    def construct(self, x):
        x = self.stem(x)
        y = ops.gelu(self.up(self.norm(self.dw(x).permute(0, 2, 3, 1))))
        length = ops.norm(y, dim=(1, 2), keepdim=True)
        y = y + self.weight * (y * (length / (length.mean(-1, keep_dims=True) + 1e-6))) + self.bias
        return self.head(x + self.down(y).permute(0, 3, 1, 2))


@case
class LayerScale(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.up, self.down, self.head = nn.Dense(5, 12), nn.Dense(12, 8), nn.Dense(8, 12), TokenHead(12)
        self.gamma, self.alpha, self.beta = vector(12, 1e-6), vector(12, shape=(1, 1, 12)), vector(12, 0.0)

    def construct(self, x):
        x = self.embed(x)
        x = x + self.gamma * self.down(ops.relu(self.up(x)))
        return self.head(ops.addcmul(self.beta, self.alpha, x))


class StandardConv(nn.Conv2d):
    """A weight of mean zero and variance one for every output, by way of a batch normalization as in timm."""

    def __init__(self, a: int, b: int, k: int) -> None:
        super().__init__(a, b, k, pad_mode="valid", has_bias=True)
        self.gain = vector(b, shape=(b, 1, 1, 1))

    def construct(self, x):
        channels = self.out_channels
        statistics = ops.zeros(channels), ops.ones(channels)  # which it writes, and nobody reads
        weight = ops.batch_norm(
            self.weight.reshape(1, channels, -1, 1), *statistics, (self.gain * 0.5).view(-1), ops.zeros(channels), True
        ).reshape(self.weight.shape)
        return self.bias_add(self.conv2d(x, weight), self.bias)


@case
class StandardizedByBatchNorm(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = StandardConv(3, 8, 3), StandardConv(8, 6, 3), Head(6)

    def construct(self, x):
        return self.head(ops.relu(self.b(ops.relu(self.a(x)))))


class StandardByHand(nn.Conv2d):
    def __init__(self, a: int, b: int, k: int, **kwargs: Any) -> None:
        super().__init__(a, b, k, pad_mode="valid", has_bias=True, **kwargs)

    def construct(self, x):
        mean, var = self.weight.mean((1, 2, 3), keep_dims=True), self.weight.var((1, 2, 3), keepdims=True)
        return self.bias_add(self.conv2d(x, (self.weight - mean) / ops.sqrt(var + 1e-5)), self.bias)


@case
class StandardizedByHand(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.d, self.b = StandardByHand(3, 8, 3), StandardByHand(8, 8, 3, group=8), StandardByHand(8, 6, 3)
        self.head = Head(6)

    def construct(self, x):
        return self.head(ops.relu(self.b(ops.relu(self.d(ops.relu(self.a(x)))))))


class WeightNorm(nn.Cell):
    """A convolution by a direction and a length for each output."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.v = Parameter(valid(a, b).weight.init_data(), name="v")
        self.g, self.bias = vector(b, shape=(b, 1, 1, 1)), vector(b)

    def construct(self, x):
        weight = self.g * self.v / ops.sqrt(ops.square(self.v).sum((1, 2, 3), keepdims=True))
        return ops.conv2d(x, weight, self.bias)


@case
class WeightNormed(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = WeightNorm(3, 8), WeightNorm(8, 6), Head(6)

    def construct(self, x):
        return self.head(ops.relu(self.b(ops.relu(self.a(x)))))
