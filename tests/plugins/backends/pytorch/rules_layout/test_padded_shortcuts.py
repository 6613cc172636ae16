"""Shortcuts padded with channels of zeros: as many go as the code will pad with fewer."""

from __future__ import annotations

import pytest
import torch
from net_cases import lively
from torch import nn
from torch.nn import functional

from prunekit import PrunePlan, trace
from prunekit.core.cost import price
from prunekit.core.testing import assert_exact


class Shortcut(nn.Module):
    """Every other place, and as many channels as the block makes."""

    def __init__(self, there: int, wanted: int) -> None:
        super().__init__()
        self.planes, missing = wanted, (wanted - there) // 2
        self.pad = (0, 0, 0, 0, missing, wanted - there - missing)

    def forward(self, x):
        return self.padded(x[:, :, ::2, ::2])


class ByHeldNumber(Shortcut):
    def padded(self, x):
        return functional.pad(x, (0, 0, 0, 0, self.planes // 4, self.planes // 4), "constant", 0)


class ByHeldTuple(Shortcut):
    def padded(self, x):
        return functional.pad(x, self.pad)


class ByHighResNet(Shortcut):
    """As MONAI's ChannelPad: the pads go on to the batch."""

    def padded(self, x):
        return functional.pad(x, self.whole)

    def __init__(self, there: int, wanted: int) -> None:
        super().__init__(there, wanted)
        self.whole = (*self.pad, 0, 0)


class ByHalfOfWhatIsMissing(Shortcut):
    def padded(self, x):
        missing = (self.planes - x.shape[1]) // 2
        return functional.pad(x, (0, 0, 0, 0, missing, missing))


class ByHalfAndTheRest(Shortcut):
    def padded(self, x):
        missing = self.planes - x.size(1)
        return functional.pad(input=x, pad=[0, 0, 0, 0, missing // 2, missing - missing // 2], value=0.0)


class AtTheEnd(Shortcut):
    def padded(self, x):
        return functional.pad(x, (0, 0, 0, 0, 0, self.planes - x.shape[1]))


class JoinedWithZeros(Shortcut):
    def padded(self, x):
        return torch.cat([x, x.new_zeros(x.shape[0], self.planes - x.shape[1], *x.shape[2:])], 1)


class JoinedBehindZeros(Shortcut):
    def padded(self, x):
        n, c, h, w = x.shape
        return torch.cat([torch.zeros(n, self.planes - c, h, w, dtype=x.dtype), x], 1)


class JoinedWithItselfTimesZero(Shortcut):
    def padded(self, x):
        return torch.cat([x, x.mul(0)], 1)


class Block(nn.Module):
    def __init__(self, there: int, wanted: int, shortcut) -> None:
        super().__init__()
        stride = 1 if there == wanted else 2
        self.a, self.b = nn.Conv2d(there, wanted, 3, stride, 1), nn.Conv2d(wanted, wanted, 3, 1, 1)
        self.norm = nn.BatchNorm2d(wanted)
        self.shortcut = nn.Identity() if stride == 1 else shortcut(there, wanted)

    def forward(self, x):
        return (self.norm(self.b(self.a(x).relu())) + self.shortcut(x)).relu()


class Stages(nn.Module):
    """A ResNet with option A."""

    def __init__(self, shortcut) -> None:
        super().__init__()
        widths = (8, 8, 16, 16, 32, 32)
        blocks = [Block(there, wanted, shortcut) for there, wanted in zip((8, *widths), widths, strict=False)]
        self.stem, self.blocks, self.head = nn.Conv2d(3, 8, 3, 1, 1), nn.Sequential(*blocks), nn.Linear(32, 4)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


def literal(there: int, wanted: int) -> nn.Module:
    class Literal(nn.Module):
        def forward(self, x):
            pads = {16: (0, 0, 0, 0, 4, 4), 32: (0, 0, 0, 0, 8, 8)}[wanted]
            return functional.pad(x[:, :, ::2, ::2], pads)

    return Literal()


def studied(shortcut):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = lively(Stages(shortcut)).double().eval()
        inputs = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    graph = trace(network, inputs)
    assert not graph.frozen
    assert assert_exact(network, inputs, graph=graph).error < 1e-12
    assert assert_exact(network, inputs, graph=graph, plan=PrunePlan.uniform(graph, 0.0)).error < 1e-12
    return graph, price(graph, PrunePlan.uniform(graph, 0.5)).macs / price(graph).macs


ADAPTED = [
    ByHeldNumber, ByHeldTuple, ByHighResNet, ByHalfOfWhatIsMissing, ByHalfAndTheRest, AtTheEnd, JoinedWithZeros,
    JoinedBehindZeros, JoinedWithItselfTimesZero,
]  # fmt: skip


@pytest.mark.parametrize("shortcut", ADAPTED)
def test_padded_channels_go(shortcut):
    graph, kept = studied(shortcut)
    assert kept < 0.35
    assert all(layer.group is not None for layer in graph.layers[:-1])
    assert all(sum(count for _, count in layer.protected) <= 1 for layer in graph.layers[:-1])


def test_pads_in_the_code_stay():
    graph, kept = studied(literal)
    told = "constant_pad_nd in blocks.{}.shortcut adds a fixed number of channels"
    assert [dict(layer.protected) for layer in graph.layers[6:13:2]] == [
        {told.format(2): 8},
        {told.format(2): 8},
        {told.format(4): 16, told.format(2): 8},
        {told.format(4): 16, told.format(2): 8},
    ]
    assert kept < 0.40


def test_a_pad_that_a_module_holds_follows():
    graph, _ = studied(ByHeldTuple)
    held = {(size.module, size.path): size.units for size in graph.held_sizes}
    assert {path for module, path in held if module == "blocks.2.shortcut"} >= {("pad", 4), ("pad", 5)}
    assert [len(held["blocks.4.shortcut", ("pad", end)]) for end in (4, 5)] == [8, 8]


def test_pads_to_a_size_that_is_fixed_keep_all():
    """Where the whole has a size in the code, what is padded takes the place of what goes."""

    class ToALiteral(Shortcut):
        def padded(self, x):
            wanted = {8: 16, 16: 32}[int(self.planes) // 2]
            return functional.pad(x, (0, 0, 0, 0, 0, wanted - x.shape[1]))

    graph, _ = studied(ToALiteral)
    assert any("its size 16 in the network's code" in reason for layer in graph.layers for reason, _ in layer.protected)
