"""Sizes that the code passes: attributes adapt, sizes of other tensors tie, what stands in the code stays."""

from __future__ import annotations

import mindspore
import numpy as np
from mindspore import Tensor, nn, ops
from mindspore_cases import Head, case, conv, conv2d

NOT_WRITTEN = {
    "RolledChannels": "no CPU kernel for Roll; mindspore.numpy.roll slices and joins, which lets more of them go",
}

BLUR = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32)[None, None] / 16


@case
class Res2Net(nn.Cell):
    """Parts of one width, each added to what came of the part before; all parts lose the same positions."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.width, self.out, self.head = conv(3, 12), 3, conv(12, 6, 1), Head(6)
        self.convs = nn.CellList([conv(3, 3), conv(3, 3)])

    def construct(self, x):
        parts = ops.split(self.stem(x), self.width, 1)
        found, last = [parts[0]], parts[1]
        for k, layer in enumerate(self.convs):
            last = layer(last if k == 0 else last + parts[k + 1])
            found.append(last)
        return self.head(self.out(ops.cat([*found, parts[3]], 1)))


@case
class Ghost(nn.Cell):
    """Cheap channels beside real ones, cut off at an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.primary, self.cheap, self.out_chs = conv(3, 6), conv(6, 6, groups=6), 12
        self.out, self.head, self.concat = conv(12, 5, 1), Head(5), ops.Concat(1)

    def construct(self, x):
        x = self.primary(x)
        x = self.concat((x, self.cheap(x)))
        return self.head(self.out(x[:, : self.out_chs]))


@case
class GhostCut(nn.Cell):
    """The last of the cheap channels are cut off."""

    def __init__(self) -> None:
        super().__init__()
        self.primary, self.cheap, self.out_chs = conv(3, 6), conv(6, 6, groups=6), 11
        self.out, self.head = conv(11, 5, 1), Head(5)

    def construct(self, x):
        x = self.primary(x)
        x = ops.concat([x, self.cheap(x)], 1)
        return self.head(self.out(x[:, : self.out_chs]))


@case
class BlurPool(nn.Cell):
    """One filter for every channel that is there."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head, self.filter = conv(3, 6), conv(6, 5), Head(5), Tensor(BLUR)

    def construct(self, x):
        x = ops.pad(self.a(x), (1, 1, 1, 1), mode="reflect")
        blur = self.filter.expand(x.shape[1], -1, -1, -1)
        return self.head(self.b(ops.conv2d(x, blur, stride=2, groups=x.shape[1])))


@case
class BlurPoolRepeated(nn.Cell):
    """The filter is held with a copy for every channel; their number is an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head, self.channels = conv(3, 6), conv(6, 5), Head(5), 6
        self.filter = Tensor(np.tile(BLUR, (6, 1, 1, 1)))

    def construct(self, x):
        x = ops.pad(self.a(x), (1, 1, 1, 1), mode="reflect")
        return self.head(self.b(ops.conv2d(x, self.filter, stride=2, groups=self.channels)))


@case
class Asserted(nn.Cell):
    """The code insists on its sizes; attributes that are compared adapt."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head, self.dim = conv(3, 12), conv(12, 6), Head(6), 12

    def construct(self, x):
        x = self.a(x)
        assert x.shape[1] == self.dim
        if ops.shape(x)[1] != self.dim or x.shape[2:] != (8, 8):
            raise ValueError("another network")
        return self.head(self.b(x))


@case
class ZerosBeside(nn.Cell):
    """Memory by sizes of another tensor, then filled."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.out, self.head = conv(3, 8), conv(3, 8), conv(8, 6), Head(6)

    def construct(self, x):
        a, b = self.a(x), self.b(x)
        n, c, h, w = a.shape
        y = ops.zeros((n, c, h + 2, w), a.dtype)
        y[:, :, 1:-1] = a + b
        return self.head(self.out(y))


@case
class ZerosForChannels(nn.Cell):
    """Channels of zeros, of a number that stands in the code, beside others."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = conv(3, 6), conv(6, 10), conv(10, 4), Head(4)

    def construct(self, x):
        x = self.a(x)
        zeros = ops.zeros((x.shape[0], 4, x.shape[2], x.shape[3]), x.dtype)
        return self.head(self.c(self.b(x) + ops.cat([x, zeros], 1)))


@case
class Repeated(nn.Cell):
    """Channels copied, reversed and moved in place, places copied."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head, self.tile = conv(3, 6), conv(12, 5), Head(5), ops.Tile()

    def construct(self, x):
        x = mindspore.numpy.roll(self.a(x).flip((1,)), 1, 3)
        x = self.b(self.tile(x, (1, 2, 1, 1))).repeat_interleave(2, 2)
        return self.head(x.tile((1, 1, 1, 2)))


@case
class IndexedChannels(nn.Cell):
    """The code lists the channels in another order."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 6), conv(6, 5), Head(5)

    def construct(self, x):
        return self.head(self.b(self.a(x)[:, [3, 1, 5, 0, 4, 2]]))


@case
class IndexedPlaces(nn.Cell):
    """Places are listed, gathered and picked; channels are not."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 6), conv(6, 5), Head(5)

    def construct(self, x):
        x = self.a(x)[:, :, [7, 5, 1]]
        x = ops.gather_elements(x, 3, ops.arange(4).broadcast_to((x.shape[0], x.shape[1], 3, 4)))
        x = ops.gather(x, Tensor([2, 0]), 2)
        return self.head(self.b(x).masked_fill(ops.eye(2, 4, mindspore.bool_), 0.5))


@case
class Columns(nn.Cell):
    """unfold and fold: windows of every channel."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.mix, self.head = conv(3, 6), nn.Conv1d(54, 36, 1, has_bias=True), Head(4)

    def construct(self, x):
        x = ops.unfold(self.a(x), 3, padding=1)
        return self.head(ops.fold(self.mix(x), Tensor([8, 8], mindspore.int32), 3, padding=1))


@case
class Pyramid(nn.Cell):
    """A feature pyramid: maps of other sizes are resized to the one that they are added to."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.one, self.two, self.out = conv(3, 6), conv2d(6, 8, 1), conv2d(6, 8, 1), conv(8, 5)
        self.head = Head(5)

    def construct(self, x):
        x = self.a(x)
        y = ops.interpolate(self.two(ops.max_pool2d(x, 2)), size=x.shape[-2:], mode="bilinear")
        return self.head(self.out(self.one(x) + y))


@case
class SizeInView(nn.Cell):
    """The code holds a size: that layer stays, the others go."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 6), conv(6, 6), Head(6)

    def construct(self, x):
        return self.head(self.b(self.a(x)).view(-1, 6, 64).mean(2)[:, :, None, None])


@case
class AttributeInView(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head, self.channels = conv(3, 6), conv(6, 6), Head(6), 6
        self.reshape = ops.Reshape()

    def construct(self, x):
        x = self.reshape(self.b(self.a(x)), (-1, self.channels, 64))
        return self.head(x.mean(2).expand_dims(-1).expand_dims(-1))


@case
class SizeInSplit(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(8, 7), Head(7)

    def construct(self, x):
        a, b = self.b(self.a(x)).split([3, 4], 1)
        return self.head(ops.cat([b, a], 1))


@case
class AttributesInSplit(nn.Cell):
    """Each part has a size of its own in a tuple, and keeps a channel."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = conv(3, 8), conv(8, 7), conv(3, 5), Head(9)
        self.sizes = (3, 4)

    def construct(self, x):
        a, b = ops.split(self.b(self.a(x)), self.sizes, axis=1)
        return self.head(ops.cat([b, self.c(a)], 1))


@case
class SizeOfAnother(nn.Cell):
    """The code takes a size from a tensor that has nothing else to do with the one that it shapes: they are tied."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = conv(3, 8), conv(8, 8), conv(8, 6), Head(6)

    def construct(self, x):
        x = self.a(x)
        n, c, h, w = x.shape
        return self.head(self.c(ops.flatten(self.b(x).view(n, 2, c // 2, h, w), start_dim=1, end_dim=2)))
