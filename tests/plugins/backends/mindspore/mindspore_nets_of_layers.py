"""Small networks of one kind of layer each, and those with nothing to prune or nothing known."""

from __future__ import annotations

import numpy as np
from mindspore_cases import Head, case, conv, conv2d

from mindspore import Parameter, Tensor, nn, ops  # isort: skip
from mindspore import dtype as mstype  # isort: skip

# -- convolutions ------------------------------------------------------------------------------------------------------


@case
class Depthwise(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.d, self.b, self.head = conv(3, 10, 1), conv(10, 10, groups=10), conv(10, 6, 1), Head(6)

    def construct(self, x):
        return self.head(self.b(self.d(self.a(x))))


@case
class DepthwiseMultiplier(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.d, self.head = conv(3, 5, 1), conv(5, 15, groups=5), Head(15)

    def construct(self, x):
        return self.head(self.d(self.a(x)))


@case
class Grouped(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.g, self.b, self.head = conv(3, 12), conv(12, 16, groups=4), conv(16, 6), Head(6)

    def construct(self, x):
        return self.head(self.b(self.g(self.a(x))))


def turned(a: int, b: int, groups: int = 1) -> nn.Conv2dTranspose:
    return nn.Conv2dTranspose(a, b, 4, 2, "pad", 1, group=groups, has_bias=True)


@case
class Transposed(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.t, self.head = conv(3, 6), turned(6, 8), Head(8)

    def construct(self, x):
        return self.head(ops.relu(self.t(self.a(x))))


@case
class TransposedDepthwise(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.t, self.head = conv(3, 6), turned(6, 6, groups=6), Head(6)

    def construct(self, x):
        return self.head(ops.relu(self.t(self.a(x))))


@case
class TransposedMultiplier(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.t, self.head = conv(3, 6), turned(6, 12, groups=6), Head(12)

    def construct(self, x):
        return self.head(ops.relu(self.t(self.a(x))))


@case
class TransposedGrouped(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.t, self.head = conv(3, 8), turned(8, 6, groups=2), Head(6)

    def construct(self, x):
        return self.head(ops.relu(self.t(self.a(x))))


@case
class Conv1d(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv1d(4, 8, 5, pad_mode="pad", padding=2, has_bias=True)
        self.d = nn.Conv1d(8, 8, 3, pad_mode="pad", padding=1, group=8, has_bias=True)
        self.b, self.out = nn.Conv1d(8, 6, 3, pad_mode="valid", has_bias=True), nn.Dense(6, 3)
        self.norm = nn.BatchNorm1d(8)

    def construct(self, x):
        return self.out(ops.amax(self.b(ops.relu(self.norm(self.d(self.a(x))))), 2))


@case
class Conv3d(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm = nn.Conv3d(2, 8, 3, pad_mode="pad", padding=1, has_bias=True), nn.BatchNorm3d(8)
        self.b, self.out = nn.Conv3d(8, 6, (1, 3, 3), pad_mode="valid", has_bias=True), nn.Dense(6, 3)

    def construct(self, x):
        x = ops.max_pool3d(ops.relu(self.norm(self.a(x))), (1, 2, 2), ceil_mode=True)
        return self.out(ops.flatten(ops.adaptive_avg_pool3d(self.b(x), 1)))


# -- gates, norms, activations -----------------------------------------------------------------------------------------


@case
class SqueezeExcite(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.down, self.up, self.head = conv(3, 12), conv2d(12, 4, 1), conv2d(4, 12, 1), Head(12)

    def construct(self, x):
        x = self.stem(x)
        return self.head(x * ops.sigmoid(self.up(ops.relu(self.down(ops.adaptive_avg_pool2d(x, 1))))))


@case
class Prelu(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.p, self.b, self.q, self.head = conv2d(3, 9), nn.PReLU(9), conv2d(9, 7), nn.PReLU(), Head(7)

    def construct(self, x):
        return self.head(self.q(self.b(self.p(self.a(x)))))


@case
class Padded(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 6, 3, pad_mode="valid", has_bias=True)
        self.b, self.head = nn.Conv2d(6, 7, 3, pad_mode="valid", has_bias=True), Head(7)
        self.mirror = nn.Pad(((0, 0), (0, 0), (1, 1), (1, 1)), mode="REFLECT")

    def construct(self, x):
        x = ops.pad(self.a(self.mirror(x)), (1, 0, 2, 1), value=0.5)
        x = ops.pad(ops.pad(x, (1, 1, 1, 1), mode="replicate"), (1, 1, 1, 1), mode="circular")
        return self.head(self.b(x))


@case
class PaddedChannels(nn.Cell):
    """Option A: constant channels before and after those of the shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = conv(3, 6), conv(6, 10), conv(10, 5), Head(5)

    def construct(self, x):
        x = self.a(x)
        return self.head(self.c(self.b(x) + ops.pad(x, (0, 0, 0, 0, 2, 2))))


@case
class InstanceNorm(nn.Cell):
    """As a group of each channel: nn.InstanceNorm2d has no kernel for a CPU."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.n, self.b = conv2d(3, 8), nn.GroupNorm(8, 8), conv2d(8, 6)
        self.m, self.head = nn.GroupNorm(6, 6), Head(6)

    def construct(self, x):
        return self.head(ops.relu(self.m(self.b(ops.relu(self.n(self.a(x)))))))


@case
class GroupNorm(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.n, self.b = conv2d(3, 12), nn.GroupNorm(4, 12), conv2d(12, 6)
        self.m, self.head = nn.GroupNorm(1, 6), Head(6)

    def construct(self, x):
        return self.head(ops.relu(self.m(self.b(ops.relu(self.n(self.a(x)))))))


@case
class BatchNorm1d(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.n, self.c = nn.Dense(12, 10), nn.BatchNorm1d(10), nn.Dense(8, 3)
        self.b, self.m = nn.Dense(10, 8, has_bias=False), nn.BatchNorm1d(8)

    def construct(self, x):
        return self.c(ops.relu(self.m(self.b(ops.relu(self.n(self.a(x)))))))


@case
class ConvNext(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 2, 2, "valid", has_bias=True)
        self.dw, self.norm = conv2d(8, 8, groups=8), nn.LayerNorm((8,))
        self.up, self.down, self.head = nn.Dense(8, 16), nn.Dense(16, 8), Head(8)
        self.gamma = Parameter(ops.ones(8))

    def construct(self, x):
        x = self.stem(x)
        y = self.norm(ops.transpose(self.dw(x), (0, 2, 3, 1)))
        y = self.gamma * self.down(ops.gelu(self.up(y)))
        return self.head(x + ops.transpose(y, (0, 3, 1, 2)))


@case
class PlainLayerNorm(nn.Cell):
    """Layer normalization without parameters, and RMS normalization written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.up, self.down, self.out = nn.Dense(12, 8), nn.Dense(8, 16), nn.Dense(16, 8), nn.Dense(8, 3)
        self.gain = Parameter(ops.ones(8))

    def normalized(self, x):
        x = x - ops.mean(x, -1, True)
        return x * ops.rsqrt(ops.mean(ops.square(x), -1, True) + 1e-5)

    def construct(self, x):
        x = self.a(x)
        x = x + self.down(ops.relu(self.up(self.normalized(x))))
        return self.out(x * ops.rsqrt(x.pow(2).mean(-1, keep_dims=True) + 1e-6) * self.gain)


# -- nothing to prune, nothing known -----------------------------------------------------------------------------------


@case
class OnlyOutput(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Dense(12, 4)

    def construct(self, x):
        return self.out(x)


@case
class NoParameters(nn.Cell):
    def construct(self, x):
        return ops.relu(x)


class Doubling(nn.Cell):
    def construct(self, x):
        return x * 2

    def bprop(self, x, out, grad):
        return (grad * 2,)


@case
class CustomFunction(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.double, self.b, self.head = conv(3, 8), Doubling(), conv(8, 6), Head(6)

    def construct(self, x):
        return self.head(self.b(self.double(self.a(x))))


@case
class Opaque(nn.Cell):
    """An operator that nobody has a rule for keeps what it touches."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(8, 6), Head(6)

    def construct(self, x):
        x = self.b(self.a(x))
        return self.head(ops.matrix_band_part(x, 3, 3) + x)


@case
class Embedded(nn.Cell):
    """A table of codes (a parameter without a layer) is added."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.head = conv2d(16, 6, 1), Head(6)
        self.code = Parameter(Tensor(np.random.default_rng(1).standard_normal((1, 6, 4, 4)).astype(np.float32)))

    def construct(self, x):
        return self.head(self.a(x) + self.code)


@case
class Normalized(nn.Cell):
    """Unit length over the channels: a channel that is gone adds nothing to a length."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.head, self.normalize = conv(3, 8), Head(8), ops.L2Normalize(axis=1, epsilon=1e-12)

    def construct(self, x):
        return self.head(self.normalize(self.a(x)))


@case
class EveryOther(nn.Cell):
    """Even and odd channels, as rotary embeddings take them."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 12), conv(6, 5), Head(5)

    def construct(self, x):
        x = self.a(x)
        return self.head(self.b(x[:, ::2] * ops.cos(x[:, 1::2])))


@case
class NewTensor(nn.Cell):
    """Memory is asked for by the sizes of another tensor and filled in parts."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 7), conv(3, 7), Head(7)

    def construct(self, x):
        a, b = self.a(x), self.b(x)
        y = a.new_zeros(a.shape)
        y[:, :, :4] = a[:, :, :4]
        y[:, :, 4:] = b[:, :, 4:]
        return self.head(y)


@case
class Views(nn.Cell):
    """Writes through chains of views: transposed, reshaped, cut."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = conv(3, 7), conv(7, 5), Parameter(ops.ones(5)), Head(5)

    def construct(self, x):
        x = self.b(self.a(x)) * 1
        top, bottom = x[:, :, :4], ops.transpose(x, (0, 2, 3, 1))
        top[:, :, 1:] *= 2
        bottom[:, 4:] += self.c
        x.flatten(start_dim=2)[:, :, 3] *= 3
        return self.head(x)


@case
class Tokens(nn.Cell):
    """A table of tokens, looked up, feeds a residual stream."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.out = nn.Embedding(9, 8), nn.Dense(8, 3)
        self.mlp = nn.SequentialCell(nn.Dense(8, 6), nn.ReLU(), nn.Dense(6, 8))

    def construct(self, x):
        x = self.table((ops.abs(x) * 3).astype(mstype.int32).clamp(max=8))
        return self.out(ops.amax(x + self.mlp(x), 1))
