"""Normalizations over channels, layer scale, standardized weights."""

from __future__ import annotations

import torch
from net_cases import Head, TokenHead, case
from torch import nn
from torch.nn import functional


class Between(nn.Module):
    """A normalization between two convolutions."""

    def __init__(self, norm: nn.Module, channels: int = 12) -> None:
        super().__init__()
        self.a, self.norm, self.b, self.head = nn.Conv2d(3, channels, 3), norm, nn.Conv2d(channels, 6, 3), Head(6)

    def forward(self, x):
        return self.head(self.b(self.norm(self.a(x)).relu()).relu())


class LayerNorm2d(nn.LayerNorm):
    """ConvNeXt's: over axis 1, by permuting."""

    def forward(self, x):
        x = x.permute(0, 2, 3, 1)
        return functional.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps).permute(0, 3, 1, 2)


class ByHand(nn.Module):
    """Over axis 1 with the statistics written out, biased variance as in ConvNeXt's first code."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        x = (x - mean) / ((x - mean).pow(2).mean(1, keepdim=True) + 1e-6).sqrt()
        return self.weight[:, None, None] * x + self.bias[:, None, None]


@case
class NormLayer2d(Between):
    def __init__(self) -> None:
        super().__init__(LayerNorm2d(12))


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
    """Whole groups go, and the module's number of groups with them."""

    def __init__(self) -> None:
        super().__init__(nn.GroupNorm(4, 12))


@case
class NormEachChannel(Between):
    def __init__(self) -> None:
        super().__init__(nn.GroupNorm(12, 12))


@case
class NormInstancePlain(Between):
    def __init__(self) -> None:
        super().__init__(nn.InstanceNorm2d(12))


@case
class NormInstanceTracked(Between):
    def __init__(self) -> None:
        super().__init__(nn.InstanceNorm2d(12, affine=True, track_running_stats=True))


@case
class NormBatchPlain(Between):
    """Batch normalization that stores nothing takes the batch's statistics in evaluation too."""

    def __init__(self) -> None:
        super().__init__(nn.BatchNorm2d(12, affine=False, track_running_stats=False))


@case
class NormLocalResponse(Between):
    """Each channel is divided by its neighbours: which ones those are would change."""

    def __init__(self) -> None:
        super().__init__(nn.LocalResponseNorm(3))


@case
class NormRms(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm, self.b, self.head = nn.Linear(5, 12), nn.RMSNorm(12), nn.Linear(12, 8), TokenHead(8)
        self.plain = nn.RMSNorm(8, elementwise_affine=False)

    def forward(self, x):
        return self.head(self.plain(self.b(self.norm(self.a(x)).relu())))


@case
class NormOverTwoAxes(nn.Module):
    """A layer normalization of heads and their widths together."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.heads, self.norm, self.head = nn.Linear(5, 12), 3, nn.LayerNorm((3, 4)), nn.Linear(12, 5)

    def forward(self, x):
        x = self.norm(self.a(x).unflatten(-1, (self.heads, -1)))
        return self.head(x.flatten(-2).mean((1, 2)))


@case
class GlobalResponse(nn.Module):
    """ConvNeXt V2: each channel's norm over the map, divided by the mean over the channels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.dw, self.norm = nn.Conv2d(3, 8, 2, 2), nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.LayerNorm(8)
        self.up, self.down, self.head = nn.Linear(8, 16), nn.Linear(16, 8), Head(8)
        self.weight, self.bias = nn.Parameter(torch.zeros(16)), nn.Parameter(torch.zeros(16))

    def forward(self, x):
        x = self.stem(x)
        y = functional.gelu(self.up(self.norm(self.dw(x).permute(0, 2, 3, 1))))
        length = y.norm(p=2, dim=(1, 2), keepdim=True)
        y = y + torch.addcmul(self.bias, self.weight, y * (length / (length.mean(-1, keepdim=True) + 1e-6)))
        return self.head(x + self.down(y).permute(0, 3, 1, 2))


@case
class LayerScale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.up, self.down, self.head = nn.Linear(5, 12), nn.Linear(12, 8), nn.Linear(8, 12), TokenHead(12)
        self.gamma, self.alpha, self.beta = (
            nn.Parameter(torch.full((12,), 1e-6)),
            nn.Parameter(torch.ones(1, 1, 12)),
            nn.Parameter(torch.zeros(12)),
        )

    def forward(self, x):
        x = self.embed(x)
        x = x + self.gamma * self.down(self.up(x).relu())
        return self.head(torch.addcmul(self.beta, self.alpha, x))


class StandardConv(nn.Conv2d):
    """A weight of mean zero and variance one for every output, by way of a batch normalization as in timm."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.gain = nn.Parameter(torch.ones(self.out_channels, 1, 1, 1))

    def forward(self, x):
        weight = functional.batch_norm(
            self.weight.reshape(1, self.out_channels, -1), None, None,
            weight=(self.gain * 0.5).view(-1), training=True, momentum=0.0,
        ).reshape_as(self.weight)  # fmt: skip
        return functional.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


@case
class StandardizedByBatchNorm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = StandardConv(3, 8, 3), StandardConv(8, 6, 3), Head(6)

    def forward(self, x):
        return self.head(self.b(self.a(x).relu()).relu())


class StandardByHand(nn.Conv2d):
    def forward(self, x):
        var, mean = torch.var_mean(self.weight, dim=[1, 2, 3], keepdim=True, unbiased=False)
        return self._conv_forward(x, (self.weight - mean) / torch.sqrt(var + 1e-5), self.bias)


@case
class StandardizedByHand(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.d, self.b = StandardByHand(3, 8, 3), StandardByHand(8, 8, 3, groups=8), StandardByHand(8, 6, 3)
        self.head = Head(6)

    def forward(self, x):
        return self.head(self.b(self.d(self.a(x).relu()).relu()).relu())


@case
class WeightNormed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 3))
        self.b = nn.utils.parametrizations.weight_norm(nn.Conv2d(8, 6, 3))
        self.head = Head(6)

    def forward(self, x):
        return self.head(self.b(self.a(x).relu()).relu())
