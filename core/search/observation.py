"""Per-group features that the agent observes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prunekit.core.graph import ChannelStructure

OBSERVATION_SIZE = 10


def group_features(graph: ChannelStructure) -> NDArray[np.float64]:
    """Return AMC's seven fixed features, one row a group, each column min-max normalised over the groups.

    Position, kind, input and output channels, stride, kernel, size of the weight; of the layer that gives the group
    its id. A column that is the same everywhere is 0.
    """
    layers = {layer.mid: layer for layer in graph.numbered}
    rows = [
        (position, x.kind == "linear", x.in_channels, x.out_channels, x.stride, x.kernel, x.params)
        for position, x in enumerate(layers[group.id] for group in graph.groups)
    ]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), OBSERVATION_SIZE - 3)
    if not rows:
        return table
    low, high = table.min(axis=0), table.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    return np.asarray((table - low) / span, dtype=np.float64)
