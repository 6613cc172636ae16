"""What the small networks of tests are made of, by one name and one way of calling in either framework.

A network is a Module with a forward. A convolution keeps its inputs' size and has a bias.
"""

from __future__ import annotations

import os
from typing import Any

if os.environ["PRUNEKIT_TEST_BACKEND"] == "mindspore":
    from mindspore import nn, ops

    BatchNorm2d, Embedding, Linear, ReLU = nn.BatchNorm2d, nn.Embedding, nn.Dense, nn.ReLU
    Base, cat, relu = nn.Cell, ops.cat, ops.relu

    def Conv2d(before: int, after: int, kernel: int) -> nn.Cell:
        return nn.Conv2d(before, after, kernel, has_bias=True)

    def Sequential(*layers: nn.Cell) -> nn.Cell:
        return nn.SequentialCell(*layers)

else:
    import torch
    from torch import nn

    BatchNorm2d, Embedding, Linear, ReLU = nn.BatchNorm2d, nn.Embedding, nn.Linear, nn.ReLU
    Base, cat, relu, Sequential = nn.Module, torch.cat, torch.relu, nn.Sequential

    def Conv2d(before: int, after: int, kernel: int) -> nn.Module:
        return nn.Conv2d(before, after, kernel, padding="same")


class Module(Base):  # type: ignore[misc, valid-type]
    def construct(self, *args: Any, **words: Any) -> Any:
        """MindSpore calls this where PyTorch calls forward."""
        return self.forward(*args, **words)


__all__ = ["BatchNorm2d", "Conv2d", "Embedding", "Linear", "Module", "ReLU", "Sequential", "cat", "relu"]
