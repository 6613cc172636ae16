"""Sizes that the code passes: attributes adapt, sizes of other tensors tie, what stands in the code stays."""

from __future__ import annotations

import torch
from net_cases import Head, case, conv
from torch import nn
from torch.nn import functional


@case
class Res2Net(nn.Module):
    """Parts of one width, each added to what came of the part before; all parts lose the same positions."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.width, self.out, self.head = conv(3, 12), 3, conv(12, 6, 1), Head(6)
        self.convs = nn.ModuleList([conv(3, 3), conv(3, 3)])

    def forward(self, x):
        parts = torch.split(self.stem(x), self.width, 1)
        found, last = [parts[0]], parts[1]
        for k, layer in enumerate(self.convs):
            last = layer(last if k == 0 else last + parts[k + 1])
            found.append(last)
        return self.head(self.out(torch.cat([*found, parts[3]], 1)))


@case
class Ghost(nn.Module):
    """Cheap channels beside real ones, cut off at an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.primary, self.cheap, self.out_chs = conv(3, 6), conv(6, 6, groups=6), 12
        self.out, self.head = conv(12, 5, 1), Head(5)

    def forward(self, x):
        x = self.primary(x)
        x = torch.cat([x, self.cheap(x)], 1)
        return self.head(self.out(x[:, : self.out_chs]))


@case
class GhostCut(nn.Module):
    """The last of the cheap channels are cut off."""

    def __init__(self) -> None:
        super().__init__()
        self.primary, self.cheap, self.out_chs = conv(3, 6), conv(6, 6, groups=6), 11
        self.out, self.head = conv(11, 5, 1), Head(5)

    def forward(self, x):
        x = self.primary(x)
        x = torch.cat([x, self.cheap(x)], 1)
        return self.head(self.out(x[:, : self.out_chs]))


@case
class BlurPool(nn.Module):
    """One filter for every channel that is there."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 6), conv(6, 5), Head(5)
        self.register_buffer("filter", torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])[None, None] / 16)

    def forward(self, x):
        x = functional.pad(self.a(x), (1, 1, 1, 1), mode="reflect")
        return self.head(
            self.b(functional.conv2d(x, self.filter.expand(x.shape[1], -1, -1, -1), stride=2, groups=x.shape[1]))
        )


@case
class BlurPoolRepeated(nn.Module):
    """The filter is a buffer with a copy for every channel; their number is an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head, self.channels = conv(3, 6), conv(6, 5), Head(5), 6
        self.register_buffer("filter", (torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16).repeat(6, 1, 1, 1))

    def forward(self, x):
        x = functional.pad(self.a(x), (1, 1, 1, 1), mode="reflect")
        return self.head(self.b(functional.conv2d(x, self.filter, stride=2, groups=self.channels)))


@case
class Asserted(nn.Module):
    """The code insists on its sizes; attributes that are compared adapt."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head, self.dim = conv(3, 12), conv(12, 6), Head(6), 12

    def forward(self, x):
        x = self.a(x)
        assert x.shape[1] == self.dim
        if x.size(1) != self.dim or x.shape[2:] != (8, 8):
            raise ValueError("another network")
        return self.head(self.b(x))


@case
class ZerosBeside(nn.Module):
    """Memory by sizes of another tensor, then filled."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.out, self.head = conv(3, 8), conv(3, 8), conv(8, 6), Head(6)

    def forward(self, x):
        a, b = self.a(x), self.b(x)
        n, c, h, w = a.shape
        y = torch.zeros(n, c, h + 2, w, dtype=a.dtype)
        y[:, :, 1:-1] = a + b
        return self.head(self.out(y))


@case
class ZerosForChannels(nn.Module):
    """Channels of zeros, of a number that stands in the code, beside others."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = conv(3, 6), conv(6, 10), conv(10, 4), Head(4)

    def forward(self, x):
        x = self.a(x)
        zeros = torch.zeros(x.shape[0], 4, x.shape[2], x.shape[3], dtype=x.dtype, device=x.device)
        return self.head(self.c(self.b(x) + torch.cat([x, zeros], 1)))


@case
class Repeated(nn.Module):
    """repeat, repeat_interleave, tile, flip and roll along axes, channels among them."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 6), conv(12, 5), Head(5)

    def forward(self, x):
        x = self.a(x).flip(1).roll(1, 3)
        return self.head(self.b(x.repeat(1, 2, 1, 1)).repeat_interleave(2, 2).tile(1, 1, 1, 2))


@case
class RolledChannels(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 6), conv(6, 5), Head(5)

    def forward(self, x):
        return self.head(self.b(self.a(x).roll(2, 1)))


@case
class IndexedChannels(nn.Module):
    """The code lists the channels in another order."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 6), conv(6, 5), Head(5)

    def forward(self, x):
        return self.head(self.b(self.a(x)[:, [3, 1, 5, 0, 4, 2]]))


@case
class IndexedPlaces(nn.Module):
    """Places are listed, gathered and picked; channels are not."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 6), conv(6, 5), Head(5)

    def forward(self, x):
        x = self.a(x)[:, :, [7, 5, 1]]
        x = x.gather(3, torch.arange(4).expand(x.shape[0], x.shape[1], 3, 4)).index_select(2, torch.tensor([2, 0]))
        return self.head(self.b(x).masked_fill(torch.eye(2, 4, dtype=torch.bool), 0.5))


@case
class Columns(nn.Module):
    """unfold and fold: windows of every channel."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.mix, self.head = conv(3, 6), nn.Conv1d(54, 36, 1), Head(4)

    def forward(self, x):
        x = functional.unfold(self.a(x), 3, padding=1)
        return self.head(functional.fold(self.mix(x), (8, 8), 3, padding=1))


@case
class Pyramid(nn.Module):
    """A feature pyramid: maps of other sizes are resized to the one that they are added to."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.one, self.two, self.out, self.head = (
            conv(3, 6),
            nn.Conv2d(6, 8, 1),
            nn.Conv2d(6, 8, 1),
            conv(8, 5),
            Head(5),
        )

    def forward(self, x):
        x = self.a(x)
        y = functional.interpolate(self.two(functional.max_pool2d(x, 2)), size=x.shape[-2:], mode="bilinear")
        return self.head(self.out(self.one(x) + y))


@case
class SizeInView(nn.Module):
    """The code holds a size: that layer stays, the others go."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 6), conv(6, 6), Head(6)

    def forward(self, x):
        return self.head(self.b(self.a(x)).view(-1, 6, 64).mean(2)[:, :, None, None])


@case
class AttributeInView(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head, self.channels = conv(3, 6), conv(6, 6), Head(6), 6

    def forward(self, x):
        return self.head(self.b(self.a(x)).view(-1, self.channels, 64).mean(2)[:, :, None, None])


@case
class SizeInSplit(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(8, 7), Head(7)

    def forward(self, x):
        a, b = self.b(self.a(x)).split([3, 4], 1)
        return self.head(torch.cat([b, a], 1))


@case
class AttributesInSplit(nn.Module):
    """Each part has a size of its own in a tuple, and keeps a channel."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = conv(3, 8), conv(8, 7), conv(3, 5), Head(9)
        self.sizes = (3, 4)

    def forward(self, x):
        a, b = self.b(self.a(x)).split(self.sizes, 1)
        return self.head(torch.cat([b, self.c(a)], 1))


@case
class SizeOfAnother(nn.Module):
    """The code takes a size from a tensor that has nothing else to do with the one that it shapes: they are tied."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = conv(3, 8), conv(8, 8), conv(8, 6), Head(6)

    def forward(self, x):
        x = self.a(x)
        n, c, h, w = x.shape
        return self.head(self.c(self.b(x).view(n, 2, c // 2, h, w).flatten(1, 2)))


class Unseen(nn.Module):
    """No case: a size is read off an array, and so is a factor like any other; only the proof finds it."""

    def __init__(self, gamma: float = 1.0) -> None:
        super().__init__()
        self.stem, self.a, self.b, self.out = (
            nn.Conv2d(3, 8, 3),
            nn.Conv2d(8, 6, 1),
            nn.Conv2d(6, 8, 1),
            nn.Linear(8, 2),
        )
        self.gamma = nn.Parameter(torch.full((1, 8, 1, 1), gamma))

    def forward(self, x):
        x = self.stem(x)
        y = self.a(x)
        y = self.b(y * y.detach().numpy().shape[1])
        return self.out((x + self.gamma * y).mean([2, 3]))
