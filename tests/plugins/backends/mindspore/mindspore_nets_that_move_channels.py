"""Small networks that split, join, shuffle and reshape channels."""

from __future__ import annotations

from mindspore_cases import Head, case, conv, conv2d

from mindspore import mint, nn, ops  # isort: skip

# -- splits ------------------------------------------------------------------------------------------------------------


@case
class ChunkMultiplied(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 12), Head(6)

    def construct(self, x):
        a, b = ops.chunk(self.stem(x), 2, 1)
        return self.head(a * ops.sigmoid(b))


@case
class ChunkApart(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.a, self.b, self.head = conv(3, 12), conv(6, 8), conv(6, 10), Head(18)

    def construct(self, x):
        a, b = self.stem(x).chunk(2, 1)
        return self.head(ops.cat([self.a(a), self.b(b)], 1))


@case
class SplitEqual(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.b, self.head = conv(3, 12), conv2d(4, 4), Head(12)

    def construct(self, x):
        x = self.stem(x)
        a, b, c = ops.split(x, x.shape[1] // 3, 1)
        return self.head(ops.concat((a, self.b(b), a * c), 1))


@case
class HalvesBySlices(nn.Cell):
    """The middle is computed from the tensor, so both halves may shrink together."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 12), Head(6)

    def construct(self, x):
        x = self.stem(x)
        half = x.shape[1] // 2
        return self.head(x[:, :half] * ops.tanh(x[:, half:]))


@case
class SlicesInCode(nn.Cell):
    """The bound stands in the code: what lies before it must stay, the rest can go."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.side, self.head = conv(3, 12), conv(5, 6), Head(13)

    def construct(self, x):
        x = self.stem(x)
        return self.head(ops.cat([self.side(x[:, :5]), x[:, 5:]], 1))


@case
class SlicesByAttribute(nn.Cell):
    """The bound is a cell's: it follows, and only the last of each part must stay."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.side, self.head, self.n = conv(3, 12), conv(5, 6), Head(13), 5

    def construct(self, x):
        x = self.stem(x)
        return self.head(ops.cat([self.side(x[:, : self.n]), x[:, self.n :]], 1))


@case
class HalvesInCode(nn.Cell):
    """As above where the bound happens to be the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 12), Head(12)

    def construct(self, x):
        x = self.stem(x)
        return self.head(ops.cat([ops.tanh(x[:, :6]), x[:, 6:]], 1))


@case
class HalvesByAttribute(nn.Cell):
    """The attribute is then how many of the first half stay; one of each half does."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head, self.n = conv(3, 12), Head(12), 6

    def construct(self, x):
        x = self.stem(x)
        return self.head(ops.cat([ops.tanh(x[:, : self.n]), x[:, self.n :]], 1))


@case
class SliceFollows(nn.Cell):
    """The bound is another tensor's size."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 12), conv(12, 8), Head(12)

    def construct(self, x):
        x = self.a(x)
        y = self.b(x)
        both = ops.cat([y, x], 1)
        return self.head(both[:, y.shape[1] :] * ops.tanh(both[:, : y.shape[1]].sum(1, keepdims=True)))


@case
class Glu(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 12), Head(6)

    def construct(self, x):
        return self.head(ops.glu(self.stem(x), 1))


@case
class Unbind(nn.Cell):
    """Two parts as an axis of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = nn.Dense(12, 10), nn.Dense(5, 3)

    def construct(self, x):
        a, b = mint.unbind(self.up(x).view(x.shape[0], 2, -1), 1)
        return self.down(a * ops.relu(b))


# -- concatenation -----------------------------------------------------------------------------------------------------


@case
class Dense(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem = conv2d(3, 8)
        self.norms = nn.CellList([nn.BatchNorm2d(8 + 4 * k) for k in range(4)])
        self.layers = nn.CellList([conv2d(8 + 4 * k, 4) for k in range(3)])
        self.head = Head(20)

    def construct(self, x):
        x = self.stem(x)
        for norm, layer in zip(self.norms, self.layers, strict=False):
            x = ops.cat([x, layer(ops.relu(norm(x)))], 1)
        return self.head(ops.relu(self.norms[3](x)))


@case
class Sppf(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.out, self.head = conv(3, 6), conv(24, 9, 1), Head(9)
        self.pool = nn.MaxPool2d(5, 1, "same")

    def construct(self, x):
        x = self.stem(x)
        y1 = self.pool(x)
        y2 = ops.max_pool2d(y1, 5, 1, 2)
        return self.head(self.out(ops.cat([x, y1, y2, self.pool(y2)], 1)))


@case
class ConcatAdd(nn.Cell):
    """Two layers make up one sum: one channel of each stays, so that none is ever emptied."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.a, self.b, self.head = conv(3, 12), conv(12, 5), conv(12, 7), Head(12)

    def construct(self, x):
        x = self.stem(x)
        return self.head(x + ops.Concat(axis=1)((self.a(x), self.b(x))))


@case
class ConcatInput(nn.Cell):
    """The network's own input beside channels that can go."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(11, 6), Head(6)

    def construct(self, x):
        return self.head(self.b(ops.cat([x, self.a(x)], 1)))


@case
class Stacked(nn.Cell):
    """A new axis between the parts, summed with weights of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(3, 8), Head(8)

    def construct(self, x):
        return self.head(ops.stack([self.a(x), self.b(x)], 1).sum(1))


# -- shuffles ----------------------------------------------------------------------------------------------------------


@case
class ShuffleByView(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.out, self.head = conv(3, 12), conv(12, 10), Head(10)

    def construct(self, x):
        x = self.stem(x)
        n, c, h, w = x.shape
        x = ops.transpose(ops.reshape(x, (n, 2, c // 2, h, w)), (0, 2, 1, 3, 4))
        return self.head(self.out(ops.reshape(x, (n, c, h, w))))


@case
class ShuffleByModule(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.shuffle, self.out, self.head = conv(3, 12), nn.ChannelShuffle(3), conv(12, 10), Head(10)

    def construct(self, x):
        return self.head(self.out(self.shuffle(self.stem(x))))


@case
class ShuffleUnit(nn.Cell):
    """ShuffleNetV2: half passes, half is worked on, then both are shuffled."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 12), Head(12)
        self.branch = nn.SequentialCell(conv(6, 6, 1), conv2d(6, 6, groups=6), conv(6, 6, 1))
        self.reshape, self.transpose, self.shape = ops.Reshape(), ops.Transpose(), ops.Shape()

    def construct(self, x):
        a, b = ops.chunk(self.stem(x), 2, 1)
        x = ops.cat((a, self.branch(b)), 1)
        n, c, h, w = self.shape(x)
        x = self.transpose(self.reshape(x, (n, 2, c // 2, h, w)), (0, 2, 1, 3, 4))
        return self.head(self.reshape(x, (n, c, h, w)))


class ShuffleStep(nn.Cell):
    def __init__(self, half):
        super().__init__()
        self.branch = nn.SequentialCell(conv(half, 6, 1), conv2d(6, 6, groups=6), conv(6, half, 1))
        self.reshape, self.transpose, self.shape = ops.Reshape(), ops.Transpose(), ops.Shape()

    def construct(self, x):
        a, b = ops.chunk(x, 2, 1)
        x = ops.cat((a, self.branch(b)), 1)
        n, c, h, w = self.shape(x)
        x = self.transpose(self.reshape(x, (n, 2, c // 2, h, w)), (0, 2, 1, 3, 4))
        return self.reshape(x, (n, c, h, w))


@case
class ShuffleStage(nn.Cell):
    """Units of ShuffleNetV2 one behind the other: 14 positions of each half, which no power of two divides."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 28), Head(28)
        self.units = nn.SequentialCell(*[ShuffleStep(14) for _ in range(4)])

    def construct(self, x):
        return self.head(self.units(self.stem(x)))


class DealtStep(nn.Cell):
    """Every second channel passes, the others are worked on, as the authors of ShuffleNetV2 and MindCV wrote it."""

    def __init__(self, half):
        super().__init__()
        self.branch = conv(half, half, 1)

    def construct(self, x):
        n, c, h, w = x.shape
        x = ops.reshape(x, (n * c // 2, 2, h * w))
        x = ops.reshape(ops.transpose(x, (1, 0, 2)), (2, -1, c // 2, h, w))
        return ops.cat((x[0], self.branch(x[1])), 1)


@case
class DealtStage(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 28), Head(28)
        self.units = nn.SequentialCell(*[DealtStep(14) for _ in range(3)])

    def construct(self, x):
        return self.head(self.units(self.stem(x)))


@case
class ShuffledGroups(nn.Cell):
    """ShuffleNetV1: what three groups produce is dealt out to the three groups behind them, around a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = conv(3, 24), Head(24)
        self.first, self.last = conv2d(24, 21, 1, groups=3), conv2d(21, 24, 1, groups=3)
        self.shuffle, self.depthwise = nn.ChannelShuffle(3), conv2d(21, 21, groups=21)

    def construct(self, x):
        x = self.stem(x)
        y = self.depthwise(self.shuffle(ops.relu(self.first(x))))
        return self.head(x + self.last(y))


@case
class PixelShuffle(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.up, self.out, self.head = conv2d(3, 12), conv(3, 6), Head(6)

    def construct(self, x):
        return self.head(self.out(ops.pixel_shuffle(self.up(x), 2)))


@case
class PixelUnshuffle(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.out, self.head = conv(3, 5), conv(20, 6), Head(6)

    def construct(self, x):
        return self.head(self.out(ops.pixel_unshuffle(self.stem(x), 2)))


# -- reshapes ----------------------------------------------------------------------------------------------------------


@case
class Flatten(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.flatten, self.hidden, self.out = (
            conv(3, 6),
            nn.Flatten(),
            nn.Dense(6 * 49, 8),
            nn.Dense(8, 4),
        )

    def construct(self, x):
        return self.out(ops.relu(self.hidden(self.flatten(self.stem(x)))))


@case
class FlattenChannelsLast(nn.Cell):
    """A unit owns columns that lie apart."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.hidden, self.out = conv(3, 6), nn.Dense(6 * 16, 8, activation="relu"), nn.Dense(8, 4)

    def construct(self, x):
        return self.out(self.hidden(ops.flatten(self.stem(x).permute(0, 2, 3, 1))))


@case
class Generator(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.up, self.a, self.out = nn.Dense(10, 6 * 49), conv(6, 5), conv2d(5, 3, 1)

    def construct(self, z):
        return self.out(self.a(self.up(z).view(z.shape[0], -1, 7, 7)))


@case
class RowsInView(nn.Cell):
    """view(n, -1, c): the code holds the last size, so whole rows go."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(8, 5), Head(5)

    def construct(self, x):
        x = self.a(x)
        n, _, h, w = x.shape
        return self.head(self.b(ops.flip(x.view(n, -1, 2, h, w), (2,)).reshape(n, -1, h, w)))
