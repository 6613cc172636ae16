"""Small networks that share or overwrite tensors, take several inputs, or return several outputs."""

from __future__ import annotations

import numpy as np
from mindspore_cases import Head, TokenHead, case, conv, conv2d

from mindspore import Parameter, ParameterTuple, Tensor, mint, nn, ops  # isort: skip
from mindspore import dtype as mstype  # isort: skip


def random(*shape: int, scale: float = 1.0) -> Tensor:
    return Tensor((np.random.default_rng(shape[0]).standard_normal(shape) * scale).astype(np.float32))


@case
class CalledTwice(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.shared, self.head = conv(3, 8), conv2d(8, 8), Head(8)

    def construct(self, x):
        x = self.stem(x)
        return self.head(ops.relu(self.shared(ops.relu(self.shared(x)))))


@case
class Tied(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.a, self.b, self.head = conv(3, 8), conv2d(8, 8), conv2d(8, 8), Head(8)
        self.b.weight = self.a.weight

    def construct(self, x):
        x = self.stem(x)
        return self.head(ops.relu(self.b(ops.relu(self.a(x)))))


@case
class TupleInput(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = conv(3, 8), conv(4, 8), conv(8, 6), Head(6)

    def construct(self, x, y):
        return self.head(self.c(self.a(x) + self.b(y)))


@case
class DictInputOutput(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head, self.dense = conv(3, 8), conv(8, 6), Head(6), conv2d(6, 2, 1)

    def construct(self, image, scale):
        x = self.b(self.a(image) * scale)
        return {"class": self.head(x), "map": (self.dense(x), [x.mean()])}


@case
class InPlace(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.a, self.b, self.c, self.head = conv(3, 8), conv(8, 8), conv(8, 8), conv(8, 6), Head(6)

    def construct(self, x):
        x = ops.relu(self.stem(x) * 1)
        y = self.b(ops.silu(self.a(x) * 1)) * 1
        y += x
        y *= 2.0
        y = y.add_(0.5).mul_(1.5)
        return self.head(ops.hardswish(self.c(y) * 1))


@case
class SliceAssignment(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(3, 8), Head(8)

    def construct(self, x):
        y, x = self.a(x) * 1, self.b(x)
        y[:, :4] = x[:, :4]
        y[:, 4:] += x[:, 4:]
        return self.head(y)


@case
class SliceAssignmentFollows(nn.Cell):
    """The written part is as wide as what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(3, 5), Head(8)

    def construct(self, x):
        y, x = self.a(x) * 1, self.b(x)
        y[:, : x.shape[1]] = x
        return self.head(y)


@case
class ViewWritten(nn.Cell):
    """A write through a transposed tensor reaches the tensor behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.scale, self.head = conv(3, 8), Parameter(ops.ones(8)), Head(8)

    def construct(self, x):
        y = self.a(x) * 1
        turned = ops.transpose(y, (0, 2, 3, 1))[:, 1:]
        turned[:, :, 0] += self.scale
        return self.head(y)


@case
class LikeTensors(nn.Cell):
    """Tensors made in the likeness of others follow their sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(3, 8), Head(8)

    def construct(self, x):
        y, z = self.a(x), self.b(x)
        total = ops.zeros_like(y)
        total += y * ops.ones_like(y)
        return self.head(total + ops.full_like(z, 0.5) * z)


def attention(q, k, v):
    """Written out: MindSpore's fused one has no kernel for a CPU."""
    scores = ops.matmul(q * q.shape[-1] ** -0.5, k.swapaxes(-2, -1))
    return ops.matmul(ops.softmax(scores, -1), v)


class Attend(nn.Cell):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.qkv, self.proj, self.heads = nn.Dense(dim, 3 * dim), nn.Dense(dim, dim), heads

    def construct(self, x):
        n, length, _ = x.shape
        q, k, v = mint.unbind(self.qkv(x).view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4), 0)
        return x + self.proj(attention(q, k, v).swapaxes(1, 2).flatten(start_dim=2))


@case
class AttentionCalledTwice(nn.Cell):
    """One block runs twice; what makes up for the smaller scale is in its weights once."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.block, self.head = nn.Dense(5, 12), Attend(12, 3), TokenHead(12)

    def construct(self, x):
        return self.head(self.block(self.block(self.embed(x))))


@case
class AttentionTied(nn.Cell):
    """Two blocks share their projections."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.a, self.b, self.head = nn.Dense(5, 12), Attend(12, 3), Attend(12, 3), TokenHead(12)
        self.b.qkv = self.a.qkv

    def construct(self, x):
        return self.head(self.b(self.a(self.embed(x))))


@case
class TiedTable(nn.Cell):
    """The table that tokens are looked up in says which token comes next, too."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.a, self.b = nn.Embedding(9, 8), nn.Dense(8, 6), nn.Dense(6, 8)

    def construct(self, x):
        x = self.table((ops.abs(x) * 3).astype(mstype.int32).clamp(max=8))
        return ops.matmul(x + self.b(ops.relu(self.a(x))), self.table.embedding_table.T)


@case
class LooseParameters(nn.Cell):
    """Weights that no layer holds: in a tuple, and in the network itself."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = ParameterTuple(
            [Parameter(random(8, 3, 3, 3, scale=0.2), name="w0"), Parameter(random(8), name="w1")]
        )
        self.more, self.scale = Parameter(random(6, 8, scale=0.3)), Parameter(ops.ones(6))
        self.head = nn.Dense(6, 5)

    def construct(self, x):
        x = ops.relu(ops.conv2d(x, self.weights[0], self.weights[1])).mean((2, 3))
        return self.head(ops.dense(x, self.more) * self.scale)


@case
class PlainTensors(nn.Cell):
    """Tensors that are no parameters; a checkpoint does not hold them, the network does."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(8, 6), Head(6)
        self.offset = Tensor(np.linspace(0.5, 1, 8, dtype=np.float32)[:, None, None])
        self.weight = Tensor(np.linspace(1, 2, 6, dtype=np.float32)[:, None, None])

    def construct(self, x):
        return self.head(self.b(self.a(x) + self.offset) * self.weight)


@case
class ListOutput(nn.Cell):
    """Maps of several stages; those that are returned stay, as do their numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = conv(3, 8), conv(8, 6), conv(6, 4)
        self.outs = nn.CellList([conv2d(n, 2, 1) for n in (8, 6, 4)])

    def construct(self, x):
        found = []
        for layer, out in zip((self.a, self.b, self.c), self.outs, strict=True):
            x = layer(x)
            found.append(out(x))
        return found


@case
class Features(nn.Cell):
    """The channels of a map are returned: a sum over them would change too, and so they stay."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(8, 6), Head(6)

    def construct(self, x):
        x = self.a(x)
        return {"logits": self.head(self.b(x)), "length": x.square().sum(1)}


@case
class CrossAttention(nn.Cell):
    """Tokens attend to the places of a map."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.patch = nn.Dense(5, 12), nn.Conv2d(3, 12, 4, 4, "valid", has_bias=True)
        self.head, self.heads = TokenHead(12), 3
        self.q, self.k, self.v, self.proj = (nn.Dense(12, 12) for _ in range(4))

    def construct(self, image, tokens):
        x, y = self.embed(tokens), self.patch(image).flatten(start_dim=2).swapaxes(1, 2)
        q, k, v = (
            f(t).view(*t.shape[:2], self.heads, -1).swapaxes(1, 2)
            for f, t in zip((self.q, self.k, self.v), (x, y, y), strict=True)
        )
        return self.head(x + self.proj(attention(q, k, v).swapaxes(1, 2).flatten(start_dim=2)))
