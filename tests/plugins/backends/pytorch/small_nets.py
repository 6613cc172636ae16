"""Small networks, each with one structure that makes pruning hard, and the groups that must be found in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

CASES: dict[str, Case] = {}


@dataclass(frozen=True)
class Case:
    """A network and what must be found in it.

    ``groups`` holds (id, mids, size, fixed, per_unit) of every group; ``exact`` is False where a normalization takes
    its statistics over prunable channels, so that zeroed and removed channels are not the same function.
    """

    network: Callable[[], nn.Module]
    shape: Any
    groups: list[tuple[int, tuple[int, ...], int, int, int]]
    exact: bool = True

    def inputs(self, batch: int = 2, dtype: torch.dtype = torch.float64) -> Any:
        generator = torch.Generator().manual_seed(7)

        def make(shape: Any) -> Any:
            if isinstance(shape, dict):
                return {name: make(part) for name, part in shape.items()}
            if isinstance(shape[0], tuple):
                return tuple(make(part) for part in shape)
            return torch.randn((batch, *shape), generator=generator, dtype=dtype)

        return make(self.shape)

    def build(self, dtype: torch.dtype = torch.float64, seed: int = 3) -> nn.Module:
        """The network in evaluation mode; every parameter and statistic is far from what an initialisation gives."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = self.network()
            with torch.no_grad():
                for parameter in network.parameters():
                    if parameter.ndim < 2:
                        parameter.copy_(torch.rand_like(parameter) + 0.5)
                for module in network.modules():
                    if isinstance(module, nn.modules.batchnorm._NormBase) and module.running_mean is not None:
                        module.running_mean.copy_(torch.randn_like(module.running_mean) * 0.3)
                        module.running_var.copy_(torch.rand_like(module.running_var) + 0.5)
        return network.to(dtype).eval()


def case(shape: Any, groups: list[Any], exact: bool = True) -> Callable[[type[nn.Module]], type[nn.Module]]:
    def add(network: type[nn.Module]) -> type[nn.Module]:
        full = [(g[0], g[1], g[2], *g[3:], *(0, 1)[len(g) - 3 :]) for g in groups]
        CASES[network.__name__] = Case(network, shape, full, exact)
        return network

    return add


def conv(a: int, b: int, k: int = 3, **kwargs: Any) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(a, b, k, padding=k // 2, **kwargs), nn.BatchNorm2d(b), nn.ReLU())


class Head(nn.Module):
    """Pooling and a linear layer, whose outputs are the network's."""

    def __init__(self, channels: int, classes: int = 5) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.mean([2, 3]))


# -- splits ------------------------------------------------------------------------------------------------------------


@case((3, 8, 8), [(0, (0,), 6, 0, 2)])
class ChunkMultiplied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 12), Head(6)

    def forward(self, x):
        a, b = self.stem(x).chunk(2, 1)
        return self.head(a * b.sigmoid())


@case((3, 8, 8), [(0, (0,), 6, 0, 2), (1, (1,), 8), (2, (2,), 10)])
class ChunkApart(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.a, self.b, self.head = conv(3, 12), conv(6, 8), conv(6, 10), Head(18)

    def forward(self, x):
        a, b = self.stem(x).chunk(2, 1)
        return self.head(torch.cat([self.a(a), self.b(b)], 1))


@case((3, 8, 8), [(0, (0,), 4, 0, 3), (1, (1,), 4)])
class SplitEqual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.b, self.head = conv(3, 12), nn.Conv2d(4, 4, 3, padding=1), Head(12)

    def forward(self, x):
        x = self.stem(x)
        a, b, c = x.split(x.shape[1] // 3, 1)
        return self.head(torch.cat([a, self.b(b), a * c], 1))


@case((3, 8, 8), [(0, (0,), 6, 0, 2)])
class HalvesBySlices(nn.Module):
    """The middle is computed from the tensor, so both halves may shrink together."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 12), Head(6)

    def forward(self, x):
        x = self.stem(x)
        half = x.shape[1] // 2
        return self.head(x[:, :half] * x[:, half:].tanh())


@case((3, 8, 8), [(0, (0,), 7, 5), (1, (1,), 6)])
class SlicesInCode(nn.Module):
    """The bound stands in the code: what lies before it must stay, the rest can go."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.side, self.head, self.n = conv(3, 12), conv(5, 6), Head(13), 5

    def forward(self, x):
        x = self.stem(x)
        return self.head(torch.cat([self.side(x[:, : self.n]), x[:, self.n :]], 1))


@case((3, 8, 8), [(0, (0,), 6, 6)])
class HalvesInCode(nn.Module):
    """As above where the bound happens to be the middle; the proof finds out."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head, self.n = conv(3, 12), Head(12), 6

    def forward(self, x):
        x = self.stem(x)
        return self.head(torch.cat([x[:, : self.n].tanh(), x[:, self.n :]], 1))


@case((3, 8, 8), [(0, (0,), 12), (1, (1,), 8)])
class SliceFollows(nn.Module):
    """The bound is another tensor's size."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 12), conv(12, 8), Head(12)

    def forward(self, x):
        x = self.a(x)
        y = self.b(x)
        both = torch.cat([y, x], 1)
        return self.head(both[:, y.shape[1] :] * both[:, : y.shape[1]].sum(1, keepdim=True).tanh())


@case((3, 8, 8), [(0, (0,), 6, 0, 2)])
class Glu(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 12), Head(6)

    def forward(self, x):
        return self.head(functional.glu(self.stem(x), 1))


@case((12,), [(0, (0,), 5, 0, 2)])
class Unbind(nn.Module):
    """Two parts as an axis of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(12, 10), nn.Linear(5, 3)

    def forward(self, x):
        a, b = self.up(x).view(x.shape[0], 2, -1).unbind(1)
        return self.down(a * b.relu())


# -- concatenation -----------------------------------------------------------------------------------------------------


@case((3, 8, 8), [(0, (0,), 8), (1, (1,), 4), (2, (2,), 4), (3, (3,), 4)])
class Dense(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.norms = nn.ModuleList(nn.BatchNorm2d(8 + 4 * k) for k in range(4))
        self.layers = nn.ModuleList(nn.Conv2d(8 + 4 * k, 4, 3, padding=1) for k in range(3))
        self.head = Head(20)

    def forward(self, x):
        x = self.stem(x)
        for norm, layer in zip(self.norms, self.layers, strict=False):
            x = torch.cat([x, layer(norm(x).relu())], 1)
        return self.head(self.norms[3](x).relu())


@case((3, 8, 8), [(0, (0,), 6), (1, (1,), 9)])
class Sppf(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.out, self.head = conv(3, 6), conv(24, 9, 1), Head(9)

    def forward(self, x):
        x = self.stem(x)
        y1 = functional.max_pool2d(x, 5, 1, 2)
        y2 = functional.max_pool2d(y1, 5, 1, 2)
        return self.head(self.out(torch.cat([x, y1, y2, functional.max_pool2d(y2, 5, 1, 2)], 1)))


@case((3, 8, 8), [(0, (0, 1, 2), 10, 2)])
class ConcatAdd(nn.Module):
    """Two layers make up one sum: one channel of each stays, so that none is ever emptied."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.a, self.b, self.head = conv(3, 12), conv(12, 5), conv(12, 7), Head(12)

    def forward(self, x):
        x = self.stem(x)
        return self.head(x + torch.cat([self.a(x), self.b(x)], 1))


@case((3, 8, 8), [(0, (0,), 8), (1, (1,), 6)])
class ConcatInput(nn.Module):
    """The network's own input beside channels that can go."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(11, 6), Head(6)

    def forward(self, x):
        return self.head(self.b(torch.cat([x, self.a(x)], 1)))


@case((3, 8, 8), [(0, (0, 1), 8)])
class Stacked(nn.Module):
    """A new axis between the parts, summed with weights of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(3, 8), Head(8)

    def forward(self, x):
        return self.head(torch.stack([self.a(x), self.b(x)], 1).sum(1))


# -- shuffles ----------------------------------------------------------------------------------------------------------


@case((3, 8, 8), [(0, (0,), 6, 0, 2), (1, (1,), 10)])
class ShuffleByView(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.out, self.head = conv(3, 12), conv(12, 10), Head(10)

    def forward(self, x):
        x = self.stem(x)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).permute(0, 2, 1, 3, 4).reshape(n, c, h, w)
        return self.head(self.out(x))


@case((3, 8, 8), [(0, (0,), 4, 0, 3), (1, (1,), 10)])
class ShuffleByModule(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.shuffle, self.out, self.head = conv(3, 12), nn.ChannelShuffle(3), conv(12, 10), Head(10)

    def forward(self, x):
        return self.head(self.out(self.shuffle(self.stem(x))))


@case((3, 8, 8), [(0, (0, 3), 6, 0, 2), (1, (1, 2), 6)])
class ShuffleUnit(nn.Module):
    """ShuffleNetV2: half passes, half is worked on, then both are shuffled."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 12), Head(12)
        self.branch = nn.Sequential(conv(6, 6, 1), nn.Conv2d(6, 6, 3, padding=1, groups=6), conv(6, 6, 1))

    def forward(self, x):
        a, b = self.stem(x).chunk(2, 1)
        x = torch.cat([a, self.branch(b)], 1)
        n, c, h, w = x.shape
        return self.head(x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w))


@case((3, 4, 4), [(0, (0,), 3, 0, 4), (1, (1,), 6)])
class PixelShuffle(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up, self.out, self.head = nn.Conv2d(3, 12, 3, padding=1), conv(3, 6), Head(6)

    def forward(self, x):
        return self.head(self.out(functional.pixel_shuffle(self.up(x), 2)))


@case((3, 8, 8), [(0, (0,), 5), (1, (1,), 6)])
class PixelUnshuffle(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.out, self.head = conv(3, 5), conv(20, 6), Head(6)

    def forward(self, x):
        return self.head(self.out(functional.pixel_unshuffle(self.stem(x), 2)))


# -- convolutions ------------------------------------------------------------------------------------------------------


@case((3, 8, 8), [(0, (0, 1), 10), (2, (2,), 6)])
class Depthwise(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.d, self.b, self.head = conv(3, 10, 1), conv(10, 10, groups=10), conv(10, 6, 1), Head(6)

    def forward(self, x):
        return self.head(self.b(self.d(self.a(x))))


@case((3, 8, 8), [(0, (0, 1), 5)])
class DepthwiseMultiplier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.d, self.head = conv(3, 5, 1), conv(5, 15, groups=5), Head(15)

    def forward(self, x):
        return self.head(self.d(self.a(x)))


@case((3, 8, 8), [(0, (0,), 3, 0, 4), (1, (1,), 4, 0, 4), (2, (2,), 6)])
class Grouped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.g, self.b, self.head = conv(3, 12), conv(12, 16, groups=4), conv(16, 6), Head(6)

    def forward(self, x):
        return self.head(self.b(self.g(self.a(x))))


@case((3, 4, 4), [(0, (0,), 6), (1, (1,), 8)])
class Transposed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.t, self.head = conv(3, 6), nn.ConvTranspose2d(6, 8, 4, 2, 1), Head(8)

    def forward(self, x):
        return self.head(self.t(self.a(x)).relu())


@case((3, 4, 4), [(0, (0, 1), 6)])
class TransposedDepthwise(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.t, self.head = conv(3, 6), nn.ConvTranspose2d(6, 6, 4, 2, 1, groups=6), Head(6)

    def forward(self, x):
        return self.head(self.t(self.a(x)).relu())


@case((3, 4, 4), [(0, (0, 1), 6)])
class TransposedMultiplier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.t, self.head = conv(3, 6), nn.ConvTranspose2d(6, 12, 4, 2, 1, groups=6), Head(12)

    def forward(self, x):
        return self.head(self.t(self.a(x)).relu())


@case((3, 4, 4), [(0, (0,), 4, 0, 2), (1, (1,), 3, 0, 2)])
class TransposedGrouped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.t, self.head = conv(3, 8), nn.ConvTranspose2d(8, 6, 4, 2, 1, groups=2), Head(6)

    def forward(self, x):
        return self.head(self.t(self.a(x)).relu())


@case((4, 20), [(0, (0, 1), 8), (2, (2,), 6)])
class Conv1d(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.d = nn.Conv1d(4, 8, 5, padding=2), nn.Conv1d(8, 8, 3, padding=1, groups=8)
        self.norm, self.b, self.out = nn.BatchNorm1d(8), nn.Conv1d(8, 6, 3), nn.Linear(6, 3)

    def forward(self, x):
        return self.out(self.b(self.norm(self.d(self.a(x))).relu()).amax(2))


@case((2, 4, 6, 6), [(0, (0,), 8), (1, (1,), 6)])
class Conv3d(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm = nn.Conv3d(2, 8, 3, padding=1), nn.BatchNorm3d(8)
        self.b, self.out = nn.Conv3d(8, 6, (1, 3, 3)), nn.Linear(6, 3)

    def forward(self, x):
        x = functional.max_pool3d(self.norm(self.a(x)).relu(), (1, 2, 2), ceil_mode=True)
        return self.out(functional.adaptive_avg_pool3d(self.b(x), 1).flatten(1))


# -- reshapes ----------------------------------------------------------------------------------------------------------


@case((3, 7, 7), [(0, (0,), 6), (1, (1,), 8)])
class Flatten(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.hidden, self.out = conv(3, 6), nn.Linear(6 * 49, 8), nn.Linear(8, 4)

    def forward(self, x):
        return self.out(self.hidden(torch.flatten(self.stem(x), 1)).relu())


@case((3, 4, 4), [(0, (0,), 6), (1, (1,), 8)])
class FlattenChannelsLast(nn.Module):
    """A unit owns columns that lie apart."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.hidden, self.out = conv(3, 6), nn.Linear(6 * 16, 8), nn.Linear(8, 4)

    def forward(self, x):
        return self.out(self.hidden(torch.flatten(self.stem(x).permute(0, 2, 3, 1), 1)).relu())


@case((10,), [(0, (0,), 6, 0, 49), (1, (1,), 5)])
class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up, self.a, self.out = nn.Linear(10, 6 * 49), conv(6, 5), nn.Conv2d(5, 3, 1)

    def forward(self, z):
        return self.out(self.a(self.up(z).view(z.shape[0], -1, 7, 7)))


@case((3, 8, 8), [(0, (0,), 8)])
class SizeInView(nn.Module):
    """The code holds a size: that layer stays, the others go."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.c, self.b, self.head = conv(3, 8), 6, conv(8, 6), Head(6)

    def forward(self, x):
        x = self.b(self.a(x))
        return self.head(x.view(-1, self.c, 64).mean(2)[:, :, None, None])


@case((3, 8, 8), [(0, (0,), 8)])
class SizeInSplit(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = conv(3, 8), conv(8, 7), 3, Head(7)

    def forward(self, x):
        a, b = self.b(self.a(x)).split([self.c, 4], 1)
        return self.head(torch.cat([b, a], 1))


@case((3, 8, 8), [(0, (0,), 4, 0, 2), (1, (1,), 5)])
class RowsInView(nn.Module):
    """view(n, -1, c): the code holds the last size, so whole rows go."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(8, 5), Head(5)

    def forward(self, x):
        x = self.a(x)
        n, _, h, w = x.shape
        return self.head(self.b(x.view(n, -1, 2, h, w).flip(2).reshape(n, -1, h, w)))


# -- gates, norms, activations -----------------------------------------------------------------------------------------


@case((3, 8, 8), [(0, (0, 2), 12), (1, (1,), 4)])
class SqueezeExcite(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.down, self.up, self.head = conv(3, 12), nn.Conv2d(12, 4, 1), nn.Conv2d(4, 12, 1), Head(12)

    def forward(self, x):
        x = self.stem(x)
        return self.head(x * self.up(self.down(functional.adaptive_avg_pool2d(x, 1)).relu()).sigmoid())


@case((3, 8, 8), [(0, (0,), 9), (1, (1,), 7)])
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


@case((3, 8, 8), [(0, (0,), 6), (1, (1,), 7)])
class Padded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 7, 3, padding=1, padding_mode="circular"), Head(7)

    def forward(self, x):
        x = functional.pad(self.a(functional.pad(x, (1, 1, 1, 1), mode="reflect")), (1, 0, 2, 1), value=0.5)
        return self.head(self.b(functional.pad(x, (1, 1, 1, 1), mode="replicate")))


@case((3, 8, 8), [(0, (0, 1), 6), (2, (2,), 5)])
class PaddedChannels(nn.Module):
    """Option A: constant channels before and after those of the shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = conv(3, 6), conv(6, 10), conv(10, 5), Head(5)

    def forward(self, x):
        x = self.a(x)
        return self.head(self.c(self.b(x) + functional.pad(x, (0, 0, 0, 0, 2, 2))))


@case((3, 8, 8), [(0, (0,), 8), (1, (1,), 6)])
class InstanceNorm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.n, self.b = nn.Conv2d(3, 8, 3), nn.InstanceNorm2d(8, affine=True), nn.Conv2d(8, 6, 3)
        self.m, self.head = nn.GroupNorm(6, 6), Head(6)

    def forward(self, x):
        return self.head(self.m(self.b(self.n(self.a(x)).relu())).relu())


@case((3, 8, 8), [(0, (0,), 3, 0, 4), (1, (1,), 6)], exact=False)
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


@case((12,), [(0, (0,), 10), (1, (1,), 8)])
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


@case((3, 8, 8), [(0, (0, 1, 3), 8), (2, (2,), 16)], exact=False)
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


@case((6, 12), [(0, (0, 2), 8), (1, (1,), 16)], exact=False)
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


# -- sharing, in place, inputs and outputs -----------------------------------------------------------------------------


@case((3, 8, 8), [(0, (0, 1), 8)])
class CalledTwice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.shared, self.head = conv(3, 8), nn.Conv2d(8, 8, 3, padding=1), Head(8)

    def forward(self, x):
        x = self.stem(x)
        return self.head(self.shared(self.shared(x).relu()).relu())


@case((3, 8, 8), [(0, (0, 1), 8)])
class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.a, self.b, self.head = (
            conv(3, 8),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),
            Head(8),
        )
        self.b.weight = self.a.weight

    def forward(self, x):
        x = self.stem(x)
        return self.head(self.b(self.a(x).relu()).relu())


@case(((3, 8, 8), (4, 8, 8)), [(0, (0, 1), 8), (2, (2,), 6)])
class TupleInput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = conv(3, 8), conv(4, 8), conv(8, 6), Head(6)

    def forward(self, x, y):
        return self.head(self.c(self.a(x) + self.b(y)))


@case({"image": (3, 8, 8), "scale": (1, 1, 1)}, [(0, (0,), 8)])
class DictInputOutput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head, self.dense = conv(3, 8), conv(8, 6), Head(6), nn.Conv2d(6, 2, 1)

    def forward(self, image, scale):
        x = self.b(self.a(image) * scale)
        return {"class": self.head(x), "map": (self.dense(x), [x.mean()])}


@case((3, 8, 8), [(0, (0, 2), 8), (1, (1,), 8), (3, (3,), 6)])
class InPlace(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.a, self.b, self.c, self.head = conv(3, 8), conv(8, 8), conv(8, 8), conv(8, 6), Head(6)

    def forward(self, x):
        x = functional.relu_(self.stem(x) * 1)
        y = self.b(functional.silu(self.a(x) * 1, inplace=True)) * 1
        y += x
        y.mul_(2.0).add_(0.5)
        return self.head(functional.hardswish(self.c(y) * 1, inplace=True))


@case((3, 8, 8), [(0, (0, 1), 4, 4)])
class SliceAssignment(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(3, 8), Head(8)

    def forward(self, x):
        y, x = self.a(x) * 1, self.b(x)
        y[:, :4] = x[:, :4]
        y[:, 4:] += x[:, 4:]
        return self.head(y)


@case((3, 8, 8), [(0, (0, 1), 7, 1)])
class SliceAssignmentFollows(nn.Module):
    """The written part is as wide as what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(3, 5), Head(8)

    def forward(self, x):
        y, x = self.a(x) * 1, self.b(x)
        y[:, : x.shape[1]] = x
        return self.head(y)


@case((3, 8, 8), [(0, (0,), 8)])
class ViewWritten(nn.Module):
    """A write through a transposed, sliced view reaches the tensor behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.scale, self.head = conv(3, 8), nn.Parameter(torch.ones(8)), Head(8)

    def forward(self, x):
        y = self.a(x) * 1
        y.permute(0, 2, 3, 1)[:, 1:, 0].add_(self.scale)
        return self.head(y)


@case((3, 8, 8), [(0, (0, 1), 8)])
class LikeTensors(nn.Module):
    """Tensors made in the likeness of others follow their sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(3, 8), Head(8)

    def forward(self, x):
        y, z = self.a(x), self.b(x)
        total = torch.zeros_like(y)
        total += y * torch.ones_like(y)
        return self.head(total + torch.full_like(z, 0.5) * z)


# -- nothing to prune, nothing known -----------------------------------------------------------------------------------


@case((12,), [])
class OnlyOutput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(12, 4)

    def forward(self, x):
        return self.out(x)


@case((12,), [])
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


@case((3, 8, 8), [(0, (0,), 8), (1, (1,), 6)])
class CustomFunction(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(8, 6), Head(6)

    def forward(self, x):
        return self.head(self.b(Doubling.apply(self.a(x))))


@case((3, 8, 8), [(0, (0,), 8)])
class Opaque(nn.Module):
    """An operator that nobody has a rule for keeps what it touches."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(8, 6), Head(6)

    def forward(self, x):
        x = self.b(self.a(x))
        return self.head(torch.fft.fft2(x).abs() + x)


@case((16, 4, 4), [(0, (0,), 6)])
class Embedded(nn.Module):
    """A table of codes (a parameter without a layer) is added."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.code, self.head = nn.Conv2d(16, 6, 1), nn.Parameter(torch.randn(1, 6, 4, 4)), Head(6)

    def forward(self, x):
        return self.head(self.a(x) + self.code)


@case((3, 8, 8), [(0, (0,), 8)])
class Normalized(nn.Module):
    """Unit length over the channels: a channel that is gone adds nothing to a length."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.head = conv(3, 8), Head(8)

    def forward(self, x):
        return self.head(functional.normalize(self.a(x), dim=1))


@case((3, 8, 8), [(0, (0,), 6, 0, 2), (1, (1,), 5)])
class EveryOther(nn.Module):
    """Even and odd channels, as rotary embeddings take them."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 12), conv(6, 5), Head(5)

    def forward(self, x):
        x = self.a(x)
        return self.head(self.b(x[:, ::2] * x[:, 1::2].cos()))


@case((3, 8, 8), [(0, (0, 1), 7)])
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


@case((3, 8, 8), [(0, (0,), 7), (1, (1,), 5)])
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


@case((6,), [(0, (0, 1, 2), 8)])
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


CASES["Tokens"] = Case(Tokens, (6,), [(0, (0,), 6, 0, 1), (1, (1,), 8, 0, 1)])
