"""Networks drawn at random from the structures that couple channels: blocks on maps, then blocks on tokens."""

from __future__ import annotations

from typing import Any

import torch
from net_cases import lively
from nets_of_attention import TimmBlock
from nets_of_norms import ByHand, LayerNorm2d, StandardConv
from nets_of_windows import TorchvisionSwin
from nets_that_share import Attend
from torch import nn
from torch.nn import functional


def unit(a: int, b: int, k: int = 3, **kwargs: Any) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(a, b, k, padding=k // 2, **kwargs), nn.BatchNorm2d(b), nn.ReLU())


NORMS = {
    "layer2d": LayerNorm2d,
    "by_hand": ByHand,
    "groups": lambda n: nn.GroupNorm(4, n),
    "instance": nn.InstanceNorm2d,
}


class MapBlock(nn.Module):
    """One block of a random network on maps of ``width`` channels (a multiple of 4)."""

    KINDS = (  # noqa: SIM905
        "residual plain concat depthwise inverted grouped chunk gate excite shuffle inplace scale parts cheap "
        "standard layer2d by_hand groups instance window"
    ).split()

    def __init__(self, kind: str, width: int, hidden: int) -> None:
        super().__init__()
        self.kind, self.out, self.part = kind, width + hidden if kind == "concat" else width, width // 4
        a, b = {
            "concat": lambda: (unit(width, hidden), nn.Identity()),
            "depthwise": lambda: (unit(width, width, groups=width), unit(width, width, 1)),
            "inverted": lambda: (
                unit(width, 2 * width, 1),
                nn.Sequential(unit(2 * width, 2 * width, groups=2 * width), unit(2 * width, width, 1)),
            ),
            "grouped": lambda: (unit(width, width, groups=2), unit(width, width, groups=4)),
            "chunk": lambda: (unit(width // 2, hidden), unit(hidden, width // 2)),
            "gate": lambda: (unit(width, 2 * width), nn.Identity()),
            "excite": lambda: (nn.Conv2d(width, hidden, 1), nn.Conv2d(hidden, width, 1)),
            "shuffle": lambda: (unit(width, width, 1, groups=2), unit(width, width, groups=2)),
            "parts": lambda: (unit(width, width, 1), nn.ModuleList(unit(width // 4, width // 4) for _ in range(3))),
            "cheap": lambda: (unit(width, width // 2, 1), unit(width // 2, width // 2, groups=width // 2)),
            "standard": lambda: (StandardConv(width, hidden, 3, padding=1), StandardConv(hidden, width, 3, padding=1)),
            "window": lambda: (nn.Identity(), TorchvisionSwin(width, 4)),
        }.get(kind, lambda: (unit(width, hidden), unit(hidden, width)))()  # fmt: skip
        self.a, self.b, self.gamma = a, b, nn.Parameter(torch.ones(width, 1, 1)) if kind == "scale" else None
        self.norm = NORMS.get(kind, nn.Identity)(hidden) if kind in NORMS else nn.Identity()

    def forward(self, x):
        if self.kind == "concat":
            return torch.cat([self.a(x), x], 1)
        if self.kind == "chunk":
            left, right = x.chunk(2, 1)
            return torch.cat([right, self.b(self.a(left))], 1)
        if self.kind == "gate":
            return functional.glu(self.a(x), 1) + x
        if self.kind == "excite":
            return x * self.b(self.a(x.mean([2, 3], keepdim=True)).relu()).sigmoid()
        if self.kind == "shuffle":
            x = self.a(x)
            n, c, h, w = x.shape
            return self.b(x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w))
        if self.kind == "inplace":
            x = x * 1
            x += self.b(self.a(x))
            return x
        if self.kind == "scale":
            return x + self.gamma * self.b(self.a(x))
        if self.kind == "parts":
            first, *rest = self.a(x).split(self.part, 1)
            return torch.cat([first, *(layer(part) for layer, part in zip(self.b, rest, strict=True))], 1)
        if self.kind == "cheap":
            x = self.a(x)
            return torch.cat([x, self.b(x)], 1)
        if self.kind == "window":
            return self.b(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return x + self.b(self.norm(self.a(x))) if self.kind != "plain" else self.b(self.a(x))


class TokenBlock(nn.Module):
    """One block of a random network on tokens of ``width`` channels (a multiple of 4)."""

    KINDS = "mlp gate split fused explicit normed without own encoder shared rms response".split()  # noqa: SIM905

    def __init__(self, kind: str, width: int, hidden: int) -> None:
        super().__init__()
        self.kind, self.hidden, self.norm = kind, hidden, nn.LayerNorm(width)
        self.up, self.down = (
            nn.Linear(width, hidden * (2 if kind in ("gate", "split") else 1)),
            nn.Linear(hidden, width),
        )
        self.gain, self.shift = (nn.Parameter(torch.ones(hidden)) for _ in range(2))
        self.inner = {
            "fused": lambda: TimmBlock(width, 2, hidden // 2),
            "explicit": lambda: TimmBlock(width, 2, hidden // 2, fused=False),
            "normed": lambda: TimmBlock(width, 4, hidden // 4, norm=True),
            "without": lambda: Attend(width, 4),
            "own": lambda: nn.MultiheadAttention(width, 2, batch_first=True),
            "encoder": lambda: nn.TransformerEncoderLayer(width, 2, hidden, batch_first=True),
            "shared": lambda: Attend(width, 2),
            "rms": lambda: nn.RMSNorm(hidden),
        }.get(kind, nn.Identity)()

    def forward(self, x):
        if self.kind == "shared":
            return self.inner(self.inner(x))
        if self.kind in ("encoder", "without"):
            return self.inner(x)
        if self.kind in ("fused", "explicit", "normed"):
            return x + self.inner(self.norm(x))
        if self.kind == "own":
            y = self.norm(x)
            return x + self.inner(y, y, y)[0]
        y = self.up(self.norm(x))
        if self.kind == "gate":
            a, b = y.chunk(2, -1)
            y = functional.silu(a) * b
        elif self.kind == "split":
            a, b = y.split([self.hidden, self.hidden], -1)
            y = a.tanh() * b
        elif self.kind == "response":
            length = y.norm(p=2, dim=1, keepdim=True)
            y = y + torch.addcmul(self.shift, self.gain, y * (length / (length.mean(-1, keepdim=True) + 1e-6)))
        else:
            y = self.inner(functional.gelu(y))
        return x + self.down(y)


class MapNet(nn.Module):
    """Blocks on maps; the head reads a pooled or a flattened map."""

    def __init__(self, blocks: Any, width: int, flat: bool) -> None:
        super().__init__()
        self.stem, self.blocks, self.flat = unit(3, width), nn.ModuleList(), flat
        for kind, hidden in blocks:
            self.blocks.append(MapBlock(kind, width, hidden))
            width = self.blocks[-1].out
        self.head = nn.Linear(width * 9 if flat else width, 3)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        x = functional.adaptive_avg_pool2d(x, 3 if self.flat else 1)
        return self.head(torch.flatten(x, 1))


class TokenNet(nn.Module):
    """Patches and a position for each, a class token where ``flat``, blocks on tokens."""

    def __init__(self, blocks: Any, width: int, flat: bool) -> None:
        super().__init__()
        self.patch, self.position = nn.Conv2d(3, width, 2, 2), nn.Parameter(torch.randn(1, 9 + flat, width))
        self.token = nn.Parameter(torch.randn(1, 1, width)) if flat else None
        self.blocks = nn.ModuleList(TokenBlock(kind, width, hidden) for kind, hidden in blocks)
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 3)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        if self.token is not None:
            x = torch.cat([self.token.expand(len(x), -1, -1), x], 1)
        x = x + self.position
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        return self.head(x.mean(1) if self.token is None else x[:, 0])


def build(kind: type[nn.Module], blocks: Any, width: int, flat: bool, seed: int) -> tuple[nn.Module, torch.Tensor]:
    """A network in float64 whose parameters and statistics are far from what an initialisation gives, and inputs."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return lively(kind(blocks, width, flat)).double().eval(), torch.randn(2, 3, 6, 6, dtype=torch.float64)
