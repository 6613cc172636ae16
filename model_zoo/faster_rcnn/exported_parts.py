"""Faster R-CNN as two graphs for other runtimes; what is chosen between and after them is their user's code."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class Regions(nn.Module):
    """The first graph: from images to maps, and what they say of the anchors.

    Args:
        network: A ``FasterRCNN``.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Images to the maps that regions are read from, then ``objectness``, then ``shifts``, of all strides each."""
        maps, objectness, shifts = self.network.regions(inputs)
        return (*maps[:-1], *objectness, *shifts)


class Boxes(nn.Module):
    """The second graph: from regions of one image to their classes and boxes.

    Args:
        network: A ``FasterRCNN``.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.head = network.roi_heads

    def forward(
        self, regions: Tensor, finest: Tensor, second: Tensor, third: Tensor, fourth: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Any number of regions [k, 4] and the maps of one image to ``logits`` and ``deltas``."""
        maps = [own for own in (finest, second, third, fourth) if own is not None]
        rois = torch.cat([torch.zeros_like(regions[:, :1]), regions], 1)
        logits, deltas = self.head(maps, rois, plain=True)
        return logits, deltas


def exported_parts(network: Any, images: NDArray[Any]) -> dict[str, tuple[nn.Module, Any]]:
    """By its name each graph, and an example of its inputs.

    Args:
        network: A ``FasterRCNN`` in evaluation mode.
        images: An example of its inputs; the second graph's is of the first of them.
    """
    with torch.no_grad():
        first = torch.from_numpy(images[:1].copy()).to(next(network.parameters()).device)
        given = [network(first)["proposals"][:, 1:], *network.regions(first)[0][:-1]]
    return {"regions": (Regions(network), images), "boxes": (Boxes(network), tuple(t.cpu().numpy() for t in given))}
