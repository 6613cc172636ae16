"""A feature pyramid (Lin et al. 2017), with the names that torchvision gives to its parameters."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional


class FeaturePyramid(nn.Module):
    """Maps of several strides, each with what the coarser ones know; and one that is coarser still.

    Args:
        inputs: Channels of the maps, finest first.
        channels: Of what it gives.
    """

    def __init__(self, inputs: Sequence[int], channels: int) -> None:
        super().__init__()
        self.inner_blocks = nn.ModuleList(nn.Sequential(nn.Conv2d(own, channels, 1)) for own in inputs)
        self.layer_blocks = nn.ModuleList(nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1)) for _ in inputs)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, a=1)
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Maps to as many, of the same sizes, and one of half the last one's."""
        laterals = [block(own) for block, own in zip(self.inner_blocks, maps, strict=True)]
        merged = [laterals[-1]]
        for lateral in reversed(laterals[:-1]):
            merged.insert(0, lateral + functional.interpolate(merged[0], size=lateral.shape[-2:], mode="nearest"))
        found = [block(own) for block, own in zip(self.layer_blocks, merged, strict=True)]
        return [*found, functional.max_pool2d(found[-1], 1, 2)]
