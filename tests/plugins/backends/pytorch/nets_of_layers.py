"""Small networks of one kind of layer each, and those with nothing to prune or nothing known."""

from __future__ import annotations

import torch
from net_cases import Head, case, conv
from torch import nn
from torch.nn import functional

# -- convolutions ------------------------------------------------------------------------------------------------------


@case
class Depthwise(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.d, self.b, self.head = conv(3, 10, 1), conv(10, 10, groups=10), conv(10, 6, 1), Head(6)

    def forward(self, x):
        return self.head(self.b(self.d(self.a(x))))


@case
class DepthwiseMultiplier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.d, self.head = conv(3, 5, 1), conv(5, 15, groups=5), Head(15)

    def forward(self, x):
        return self.head(self.d(self.a(x)))


@case
class Grouped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.g, self.b, self.head = conv(3, 12), conv(12, 16, groups=4), conv(16, 6), Head(6)

    def forward(self, x):
        return self.head(self.b(self.g(self.a(x))))


@case
class Transposed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.t, self.head = conv(3, 6), nn.ConvTranspose2d(6, 8, 4, 2, 1), Head(8)

    def forward(self, x):
        return self.head(self.t(self.a(x)).relu())


@case
class TransposedDepthwise(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.t, self.head = conv(3, 6), nn.ConvTranspose2d(6, 6, 4, 2, 1, groups=6), Head(6)

    def forward(self, x):
        return self.head(self.t(self.a(x)).relu())


@case
class TransposedMultiplier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.t, self.head = conv(3, 6), nn.ConvTranspose2d(6, 12, 4, 2, 1, groups=6), Head(12)

    def forward(self, x):
        return self.head(self.t(self.a(x)).relu())


@case
class TransposedGrouped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.t, self.head = conv(3, 8), nn.ConvTranspose2d(8, 6, 4, 2, 1, groups=2), Head(6)

    def forward(self, x):
        return self.head(self.t(self.a(x)).relu())


@case
class Conv1d(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.d = nn.Conv1d(4, 8, 5, padding=2), nn.Conv1d(8, 8, 3, padding=1, groups=8)
        self.norm, self.b, self.out = nn.BatchNorm1d(8), nn.Conv1d(8, 6, 3), nn.Linear(6, 3)

    def forward(self, x):
        return self.out(self.b(self.norm(self.d(self.a(x))).relu()).amax(2))


@case
class Conv3d(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm = nn.Conv3d(2, 8, 3, padding=1), nn.BatchNorm3d(8)
        self.b, self.out = nn.Conv3d(8, 6, (1, 3, 3)), nn.Linear(6, 3)

    def forward(self, x):
        x = functional.max_pool3d(self.norm(self.a(x)).relu(), (1, 2, 2), ceil_mode=True)
        return self.out(functional.adaptive_avg_pool3d(self.b(x), 1).flatten(1))


# -- gates, norms, activations -----------------------------------------------------------------------------------------


@case
class SqueezeExcite(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.down, self.up, self.head = conv(3, 12), nn.Conv2d(12, 4, 1), nn.Conv2d(4, 12, 1), Head(12)

    def forward(self, x):
        x = self.stem(x)
        return self.head(x * self.up(self.down(functional.adaptive_avg_pool2d(x, 1)).relu()).sigmoid())


@case
class Prelu(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.p, self.b, self.q, self.head = (
            nn.Conv2d(3, 9, 3),
            nn.PReLU(9),
            nn.Conv2d(9, 7, 3),
            nn.PReLU(),
            Head(7),
        )

    def forward(self, x):
        return self.head(self.q(self.b(self.p(self.a(x)))))


@case
class Padded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 7, 3, padding=1, padding_mode="circular"), Head(7)

    def forward(self, x):
        x = functional.pad(self.a(functional.pad(x, (1, 1, 1, 1), mode="reflect")), (1, 0, 2, 1), value=0.5)
        return self.head(self.b(functional.pad(x, (1, 1, 1, 1), mode="replicate")))


@case
class PaddedChannels(nn.Module):
    """Option A: constant channels before and after those of the shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = conv(3, 6), conv(6, 10), conv(10, 5), Head(5)

    def forward(self, x):
        x = self.a(x)
        return self.head(self.c(self.b(x) + functional.pad(x, (0, 0, 0, 0, 2, 2))))


@case
class InstanceNorm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.n, self.b = nn.Conv2d(3, 8, 3), nn.InstanceNorm2d(8, affine=True), nn.Conv2d(8, 6, 3)
        self.m, self.head = nn.GroupNorm(6, 6), Head(6)

    def forward(self, x):
        return self.head(self.m(self.b(self.n(self.a(x)).relu())).relu())


@case
class GroupNorm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.n, self.b, self.m, self.head = (
            nn.Conv2d(3, 12, 3),
            nn.GroupNorm(4, 12),
            nn.Conv2d(12, 6, 3),
            nn.GroupNorm(1, 6),
            Head(6),
        )

    def forward(self, x):
        return self.head(self.m(self.b(self.n(self.a(x)).relu())).relu())


@case
class BatchNorm1d(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.n, self.b, self.m, self.c = (
            nn.Linear(12, 10),
            nn.BatchNorm1d(10),
            nn.Linear(10, 8, bias=False),
            nn.BatchNorm1d(8),
            nn.Linear(8, 3),
        )

    def forward(self, x):
        return self.c(self.m(self.b(self.n(self.a(x)).relu())).relu())


@case
class ConvNext(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.dw, self.norm = nn.Conv2d(3, 8, 2, 2), nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.LayerNorm(8)
        self.up, self.down, self.head = nn.Linear(8, 16), nn.Linear(16, 8), Head(8)
        self.gamma = nn.Parameter(torch.ones(8))

    def forward(self, x):
        x = self.stem(x)
        y = self.norm(self.dw(x).permute(0, 2, 3, 1))
        y = self.gamma * self.down(functional.gelu(self.up(y)))
        return self.head(x + y.permute(0, 3, 1, 2))


@case
class PlainLayerNorm(nn.Module):
    """Layer normalization without parameters, and RMS normalization written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm, self.up = nn.Linear(12, 8), nn.LayerNorm(8, elementwise_affine=False), nn.Linear(8, 16)
        self.down, self.gain, self.out = nn.Linear(16, 8), nn.Parameter(torch.ones(8)), nn.Linear(8, 3)

    def forward(self, x):
        x = self.a(x)
        x = x + self.down(self.up(self.norm(x)).relu())
        return self.out(x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.gain)


# -- nothing to prune, nothing known -----------------------------------------------------------------------------------


@case
class OnlyOutput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(12, 4)

    def forward(self, x):
        return self.out(x)


@case
class NoParameters(nn.Module):
    def forward(self, x):
        return x.relu()


class Doubling(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


@case
class CustomFunction(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(8, 6), Head(6)

    def forward(self, x):
        return self.head(self.b(Doubling.apply(self.a(x))))


@case
class Opaque(nn.Module):
    """An operator that nobody has a rule for keeps what it touches."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(8, 6), Head(6)

    def forward(self, x):
        x = self.b(self.a(x))
        return self.head(x.take(torch.arange(6 * 8 * 8).view(6, 8, 8)) + x)


@case
class Embedded(nn.Module):
    """A table of codes (a parameter without a layer) is added."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.code, self.head = nn.Conv2d(16, 6, 1), nn.Parameter(torch.randn(1, 6, 4, 4)), Head(6)

    def forward(self, x):
        return self.head(self.a(x) + self.code)


@case
class Normalized(nn.Module):
    """Unit length over the channels: a channel that is gone adds nothing to a length."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.head = conv(3, 8), Head(8)

    def forward(self, x):
        return self.head(functional.normalize(self.a(x), dim=1))


@case
class EveryOther(nn.Module):
    """Even and odd channels, as rotary embeddings take them."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 12), conv(6, 5), Head(5)

    def forward(self, x):
        x = self.a(x)
        return self.head(self.b(x[:, ::2] * x[:, 1::2].cos()))


@case
class NewTensor(nn.Module):
    """Memory is asked for by the sizes of another tensor and filled in parts."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 7), conv(3, 7), Head(7)

    def forward(self, x):
        a, b = self.a(x), self.b(x)
        y = a.new_zeros(a.shape)
        y[:, :, :4] = a[:, :, :4]
        y[:, :, 4:] = b[:, :, 4:]
        return self.head(y)


@case
class Views(nn.Module):
    """Writes through chains of views: transposed, split, unbound, reshaped."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = conv(3, 7), conv(7, 5), nn.Parameter(torch.ones(5)), Head(5)

    def forward(self, x):
        x = self.b(self.a(x)) * 1
        top, bottom = x[:, :, :4], x[:, :, 4:]
        top.mul_(2)
        bottom.permute(0, 2, 3, 1).add_(self.c)
        x.flatten(2)[:, :, 3] *= 3
        return self.head(x)


@case
class Tokens(nn.Module):
    """A table of tokens, looked up, feeds a residual stream."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.mlp, self.out = (
            nn.Embedding(9, 8),
            nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 8)),
            nn.Linear(8, 3),
        )

    def forward(self, x):
        x = self.table((x.abs() * 3).long().clamp(max=8))
        return self.out((x + self.mlp(x)).amax(1))
