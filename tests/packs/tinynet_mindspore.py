"""The network of tinypack in MindSpore."""

from __future__ import annotations

from anynet import Module
from mindspore import Tensor, nn, ops

from prunekit.registry import Register, RegisterType


@Register.register(RegisterType.NETWORK)
class TinyNet(Module):
    """Three convolutions and a linear layer."""

    def __init__(self, class_num: int = 4, widths: tuple[int, ...] = (8, 12, 16)) -> None:
        super().__init__()
        assert isinstance(widths, tuple)  # JSON has no tuples: a reloaded network must be given one all the same
        layers: list[nn.Cell] = []
        for before, after in zip((1, *widths[:-1]), widths, strict=True):
            layers += [nn.Conv2d(before, after, 3), nn.BatchNorm2d(after), nn.ReLU()]
        self.features = nn.SequentialCell(layers)
        self.head = nn.Dense(widths[-1], class_num)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(ops.mean(self.features(images), (2, 3)))
