"""Small networks that split, join, shuffle and reshape channels, or share and overwrite tensors."""

from __future__ import annotations

import torch
from net_cases import Head, case, conv
from torch import nn
from torch.nn import functional

# -- splits ------------------------------------------------------------------------------------------------------------


@case
class ChunkMultiplied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 12), Head(6)

    def forward(self, x):
        a, b = self.stem(x).chunk(2, 1)
        return self.head(a * b.sigmoid())


@case
class ChunkApart(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.a, self.b, self.head = conv(3, 12), conv(6, 8), conv(6, 10), Head(18)

    def forward(self, x):
        a, b = self.stem(x).chunk(2, 1)
        return self.head(torch.cat([self.a(a), self.b(b)], 1))


@case
class SplitEqual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.b, self.head = conv(3, 12), nn.Conv2d(4, 4, 3, padding=1), Head(12)

    def forward(self, x):
        x = self.stem(x)
        a, b, c = x.split(x.shape[1] // 3, 1)
        return self.head(torch.cat([a, self.b(b), a * c], 1))


@case
class HalvesBySlices(nn.Module):
    """The middle is computed from the tensor, so both halves may shrink together."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 12), Head(6)

    def forward(self, x):
        x = self.stem(x)
        half = x.shape[1] // 2
        return self.head(x[:, :half] * x[:, half:].tanh())


@case
class SlicesInCode(nn.Module):
    """The bound stands in the code: what lies before it must stay, the rest can go."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.side, self.head = conv(3, 12), conv(5, 6), Head(13)

    def forward(self, x):
        x = self.stem(x)
        return self.head(torch.cat([self.side(x[:, :5]), x[:, 5:]], 1))


@case
class SlicesByAttribute(nn.Module):
    """The bound is a module's: it follows, and only the last of each part must stay."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.side, self.head, self.n = conv(3, 12), conv(5, 6), Head(13), 5

    def forward(self, x):
        x = self.stem(x)
        return self.head(torch.cat([self.side(x[:, : self.n]), x[:, self.n :]], 1))


@case
class HalvesInCode(nn.Module):
    """As above where the bound happens to be the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 12), Head(12)

    def forward(self, x):
        x = self.stem(x)
        return self.head(torch.cat([x[:, :6].tanh(), x[:, 6:]], 1))


@case
class HalvesByAttribute(nn.Module):
    """The attribute is then how many of the first half stay; one of each half does."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head, self.n = conv(3, 12), Head(12), 6

    def forward(self, x):
        x = self.stem(x)
        return self.head(torch.cat([x[:, : self.n].tanh(), x[:, self.n :]], 1))


@case
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


@case
class Glu(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 12), Head(6)

    def forward(self, x):
        return self.head(functional.glu(self.stem(x), 1))


@case
class Unbind(nn.Module):
    """Two parts as an axis of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(12, 10), nn.Linear(5, 3)

    def forward(self, x):
        a, b = self.up(x).view(x.shape[0], 2, -1).unbind(1)
        return self.down(a * b.relu())


# -- concatenation -----------------------------------------------------------------------------------------------------


@case
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


@case
class Sppf(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.out, self.head = conv(3, 6), conv(24, 9, 1), Head(9)

    def forward(self, x):
        x = self.stem(x)
        y1 = functional.max_pool2d(x, 5, 1, 2)
        y2 = functional.max_pool2d(y1, 5, 1, 2)
        return self.head(self.out(torch.cat([x, y1, y2, functional.max_pool2d(y2, 5, 1, 2)], 1)))


@case
class ConcatAdd(nn.Module):
    """Two layers make up one sum: one channel of each stays, so that none is ever emptied."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.a, self.b, self.head = conv(3, 12), conv(12, 5), conv(12, 7), Head(12)

    def forward(self, x):
        x = self.stem(x)
        return self.head(x + torch.cat([self.a(x), self.b(x)], 1))


@case
class ConcatInput(nn.Module):
    """The network's own input beside channels that can go."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(11, 6), Head(6)

    def forward(self, x):
        return self.head(self.b(torch.cat([x, self.a(x)], 1)))


@case
class Stacked(nn.Module):
    """A new axis between the parts, summed with weights of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(3, 8), Head(8)

    def forward(self, x):
        return self.head(torch.stack([self.a(x), self.b(x)], 1).sum(1))


# -- shuffles ----------------------------------------------------------------------------------------------------------


@case
class ShuffleByView(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.out, self.head = conv(3, 12), conv(12, 10), Head(10)

    def forward(self, x):
        x = self.stem(x)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).permute(0, 2, 1, 3, 4).reshape(n, c, h, w)
        return self.head(self.out(x))


@case
class ShuffleByModule(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.shuffle, self.out, self.head = conv(3, 12), nn.ChannelShuffle(3), conv(12, 10), Head(10)

    def forward(self, x):
        return self.head(self.out(self.shuffle(self.stem(x))))


@case
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


class ShuffleStep(nn.Module):
    def __init__(self, half):
        super().__init__()
        self.branch = nn.Sequential(conv(half, 6, 1), nn.Conv2d(6, 6, 3, padding=1, groups=6), conv(6, half, 1))

    def forward(self, x):
        a, b = x.chunk(2, 1)
        x = torch.cat([a, self.branch(b)], 1)
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)


@case
class ShuffleStage(nn.Module):
    """Units of ShuffleNetV2 one behind the other: 14 positions of each half, which no power of two divides."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.units, self.head = conv(3, 28), nn.Sequential(*[ShuffleStep(14) for _ in range(4)]), Head(28)

    def forward(self, x):
        return self.head(self.units(self.stem(x)))


class DealtStep(nn.Module):
    """Every second channel passes, the others are worked on, as the authors of ShuffleNetV2 wrote it."""

    def __init__(self, half):
        super().__init__()
        self.branch = conv(half, half, 1)

    def forward(self, x):
        n, c, h, w = x.shape
        x = x.reshape(n * c // 2, 2, h * w).permute(1, 0, 2).reshape(2, -1, c // 2, h, w)
        return torch.cat([x[0], self.branch(x[1])], 1)


@case
class DealtStage(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.units, self.head = conv(3, 28), nn.Sequential(*[DealtStep(14) for _ in range(3)]), Head(28)

    def forward(self, x):
        return self.head(self.units(self.stem(x)))


@case
class ShuffledGroups(nn.Module):
    """ShuffleNetV1: what three groups produce is dealt out to the three groups behind them, around a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 24), Head(24)
        self.first, self.last = nn.Conv2d(24, 21, 1, groups=3), nn.Conv2d(21, 24, 1, groups=3)
        self.shuffle, self.depthwise = nn.ChannelShuffle(3), nn.Conv2d(21, 21, 3, padding=1, groups=21)

    def forward(self, x):
        x = self.stem(x)
        return self.head(x + self.last(self.depthwise(self.shuffle(self.first(x).relu()))))


@case
class PixelShuffle(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up, self.out, self.head = nn.Conv2d(3, 12, 3, padding=1), conv(3, 6), Head(6)

    def forward(self, x):
        return self.head(self.out(functional.pixel_shuffle(self.up(x), 2)))


@case
class PixelUnshuffle(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.out, self.head = conv(3, 5), conv(20, 6), Head(6)

    def forward(self, x):
        return self.head(self.out(functional.pixel_unshuffle(self.stem(x), 2)))


# -- reshapes ----------------------------------------------------------------------------------------------------------


@case
class Flatten(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.hidden, self.out = conv(3, 6), nn.Linear(6 * 49, 8), nn.Linear(8, 4)

    def forward(self, x):
        return self.out(self.hidden(torch.flatten(self.stem(x), 1)).relu())


@case
class FlattenChannelsLast(nn.Module):
    """A unit owns columns that lie apart."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.hidden, self.out = conv(3, 6), nn.Linear(6 * 16, 8), nn.Linear(8, 4)

    def forward(self, x):
        return self.out(self.hidden(torch.flatten(self.stem(x).permute(0, 2, 3, 1), 1)).relu())


@case
class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up, self.a, self.out = nn.Linear(10, 6 * 49), conv(6, 5), nn.Conv2d(5, 3, 1)

    def forward(self, z):
        return self.out(self.a(self.up(z).view(z.shape[0], -1, 7, 7)))


@case
class RowsInView(nn.Module):
    """view(n, -1, c): the code holds the last size, so whole rows go."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(8, 5), Head(5)

    def forward(self, x):
        x = self.a(x)
        n, _, h, w = x.shape
        return self.head(self.b(x.view(n, -1, 2, h, w).flip(2).reshape(n, -1, h, w)))
