"""Small networks that share or overwrite tensors, take several inputs, or return several outputs."""

from __future__ import annotations

import torch
from net_cases import Head, TokenHead, case, conv
from torch import nn
from torch.nn import functional


@case
class CalledTwice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.shared, self.head = conv(3, 8), nn.Conv2d(8, 8, 3, padding=1), Head(8)

    def forward(self, x):
        x = self.stem(x)
        return self.head(self.shared(self.shared(x).relu()).relu())


@case
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


@case
class TupleInput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.head = conv(3, 8), conv(4, 8), conv(8, 6), Head(6)

    def forward(self, x, y):
        return self.head(self.c(self.a(x) + self.b(y)))


@case
class DictInputOutput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head, self.dense = conv(3, 8), conv(8, 6), Head(6), nn.Conv2d(6, 2, 1)

    def forward(self, image, scale):
        x = self.b(self.a(image) * scale)
        return {"class": self.head(x), "map": (self.dense(x), [x.mean()])}


@case
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


@case
class SliceAssignment(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(3, 8), Head(8)

    def forward(self, x):
        y, x = self.a(x) * 1, self.b(x)
        y[:, :4] = x[:, :4]
        y[:, 4:] += x[:, 4:]
        return self.head(y)


@case
class SliceAssignmentFollows(nn.Module):
    """The written part is as wide as what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(3, 5), Head(8)

    def forward(self, x):
        y, x = self.a(x) * 1, self.b(x)
        y[:, : x.shape[1]] = x
        return self.head(y)


@case
class ViewWritten(nn.Module):
    """A write through a transposed, sliced view reaches the tensor behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.scale, self.head = conv(3, 8), nn.Parameter(torch.ones(8)), Head(8)

    def forward(self, x):
        y = self.a(x) * 1
        y.permute(0, 2, 3, 1)[:, 1:, 0].add_(self.scale)
        return self.head(y)


@case
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


class Attend(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.qkv, self.proj, self.heads = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim), heads

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return x + self.proj(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


@case
class AttentionCalledTwice(nn.Module):
    """One block runs twice; what makes up for the smaller scale is in its weights once."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.block, self.head = nn.Linear(5, 12), Attend(12, 3), TokenHead(12)

    def forward(self, x):
        return self.head(self.block(self.block(self.embed(x))))


@case
class AttentionTied(nn.Module):
    """Two blocks share their projections."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.a, self.b, self.head = nn.Linear(5, 12), Attend(12, 3), Attend(12, 3), TokenHead(12)
        self.b.qkv = self.a.qkv

    def forward(self, x):
        return self.head(self.b(self.a(self.embed(x))))


@case
class TiedTable(nn.Module):
    """The table that tokens are looked up in says which token comes next, too."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.a, self.b = nn.Embedding(9, 8), nn.Linear(8, 6), nn.Linear(6, 8)

    def forward(self, x):
        x = self.table((x.abs() * 3).long().clamp(max=8))
        return functional.linear(x + self.b(self.a(x).relu()), self.table.weight)


@case
class LooseParameters(nn.Module):
    """Weights that no layer holds: in a list, in a dict, in the network itself."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.ParameterList([torch.randn(8, 3, 3, 3) / 5, torch.randn(8)])
        self.more, self.scale = nn.ParameterDict({"w": torch.randn(6, 8) / 3}), nn.Parameter(torch.ones(6))
        self.head = nn.Linear(6, 5)

    def forward(self, x):
        x = functional.conv2d(x, self.weights[0], self.weights[1]).relu().mean([2, 3])
        return self.head(functional.linear(x, self.more["w"]) * self.scale)


@case
class PlainTensors(nn.Module):
    """Tensors that are neither parameters nor buffers; the state does not hold them, the network does."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(8, 6), Head(6)
        self.offset = torch.linspace(0.5, 1, 8, dtype=torch.float64)[:, None, None]
        self.weight = torch.linspace(1, 2, 6, dtype=torch.float64)[:, None, None]

    def forward(self, x):
        return self.head(self.b(self.a(x) + self.offset) * self.weight)


@case
class ListOutput(nn.Module):
    """Maps of several stages; those that are returned stay, as do their numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = conv(3, 8), conv(8, 6), conv(6, 4)
        self.outs = nn.ModuleList([nn.Conv2d(n, 2, 1) for n in (8, 6, 4)])

    def forward(self, x):
        found = []
        for layer, out in zip((self.a, self.b, self.c), self.outs, strict=True):
            x = layer(x)
            found.append(out(x))
        return found


@case
class Features(nn.Module):
    """The channels of a map are returned: a sum over them would change too, and so they stay."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.head = conv(3, 8), conv(8, 6), Head(6)

    def forward(self, x):
        x = self.a(x)
        return {"logits": self.head(self.b(x)), "length": x.square().sum(1)}


@case
class CrossAttention(nn.Module):
    """Tokens attend to the places of a map."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.patch, self.head, self.heads = nn.Linear(5, 12), nn.Conv2d(3, 12, 4, 4), TokenHead(12), 3
        self.q, self.k, self.v, self.proj = (nn.Linear(12, 12) for _ in range(4))

    def forward(self, image, tokens):
        x, y = self.embed(tokens), self.patch(image).flatten(2).transpose(1, 2)
        q, k, v = (
            f(t).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for f, t in zip((self.q, self.k, self.v), (x, y, y), strict=True)
        )
        return self.head(x + self.proj(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)))
